"""The commands `pack` and `distill`: training in stages, on a machine that is lent for minutes."""

from __future__ import annotations

import argparse
from collections.abc import Iterator
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from converter.cli import argument_types as types
from converter.cli.data_options import add_data_options, read_all
from converter.cli.train import add_computing_options, same_command
from converter.data import crop_calibration, face_candidates
from converter.data.face_candidates import FaceCandidates
from converter.errors import DataError, RunError
from converter.networks import backend
from converter.stages import packed
from converter.stages.presets import PRESETS
from converter.training.run_folder import FACE_CANDIDATES, FACE_SQUARES, check_writable
from device.mood import Mood

SEED = 1  # of the scenes


def pack(options: argparse.Namespace) -> None:
    """Write one file with all that `distill` needs of the data."""
    check_writable(options.out.parent)
    splits = read_all(options, tuple(Mood))
    training = splits["Training"]
    squares, candidates = _detected(options.run, training.images, options.backgrounds)
    faces = packed.PackedFaces(training, splits["PublicTest"], squares, packed.some(candidates, SEED))
    packed.write(options.out, faces)
    size = options.out.stat().st_size / 1e6
    print(
        f"{options.out}: {len(training)} faces of Training, {len(faces.public_test)} of PublicTest, "
        f"{len(faces.candidates.is_face)} candidates, {size:.1f} MB"
    )


def _detected(
    run: Path | None, images: NDArray[np.uint8], backgrounds: Path | None
) -> tuple[NDArray[np.float32], FaceCandidates]:
    """The squares around the faces, and the candidates: those of a run on the same faces, if it is named."""
    if run is not None:
        try:
            squares = np.load(run / FACE_SQUARES)
            with np.load(run / FACE_CANDIDATES) as found:
                candidates = FaceCandidates(found["crops"], found["is_face"])
        except (OSError, ValueError, KeyError) as error:
            raise RunError(f"{run}: no run that has learned what is a face ({error})") from error
        if len(squares) != len(images):
            raise DataError(
                f"{run}: has learned from {len(squares)} faces, and these data have {len(images)}"
            )
        return squares, candidates
    assert backgrounds is not None  # else refused
    pictures = face_candidates.read_backgrounds(backgrounds)
    squares = crop_calibration.face_squares(images)
    return squares, face_candidates.find_candidates(images, pictures, SEED)


def mistakes_of_pack(options: argparse.Namespace) -> Iterator[str]:
    """Yield a line if nothing says where candidates come from."""
    if options.run is None and options.backgrounds is None:
        yield "pictures without people are needed; name their folder with --backgrounds"


def distill(options: argparse.Namespace) -> None:
    """Train teachers and a student, as far as the time allows."""
    if options.backend:
        backend.choose(options.backend)
    check_writable(options.out)
    faces = packed.read(options.faces)
    backend.load()
    from converter.stages.distill import distill

    preset = PRESETS[options.preset]
    preset = preset.in_precision(options.precision or backend.fast_precision(preset.teacher.precision))
    distill(
        preset,
        faces,
        options.out,
        options.seconds,
        workers=options.workers,
        share_of_steps=options.share_of_steps,
        until_answers=options.until_answers,
    )


def add_pack(command: argparse.ArgumentParser) -> None:
    """Add the options of `pack`."""
    add_data_options(command, "which `distill` learns from", votes=True)
    command.add_argument(
        "--backgrounds",
        type=Path,
        metavar="FOLDER",
        help="pictures without people, in which the detector finds what only looks like a face",
    )
    command.add_argument(
        "--run",
        type=Path,
        metavar="FOLDER",
        help="instead of --backgrounds: take what the detector found from the folder of a run on the same "
        "data with the recipe `faces`, which saves a quarter of an hour",
    )
    command.add_argument("--out", type=Path, required=True, metavar="FILE", help="the file to write (.npz)")
    command.set_defaults(command=pack, mistakes=mistakes_of_pack)


def add_distill(command: argparse.ArgumentParser) -> None:
    """Add the options of `distill`."""
    command.add_argument("faces", type=Path, help="a file that `pack` wrote")
    command.add_argument(
        "--preset",
        choices=tuple(PRESETS),
        required=True,
        help="the networks to train: `accelerator`, large ones, for a GPU and some minutes, or `two-cores`, "
        "smaller ones, for days on a processor (converter/stages/presets.py)",
    )
    command.add_argument(
        "--out", type=Path, required=True, help="folder of the stages' files; what is there is not done again"
    )
    command.add_argument(
        "--seconds", type=types.positive, help="time for everything; training is shortened to keep it"
    )
    command.add_argument(
        "--until-answers",
        action="store_true",
        help="only the teachers, and their answers if these are kept; another command trains the student",
    )
    add_computing_options(command, "mixed_bfloat16")
    command.add_argument(
        "--share-of-steps",
        type=types.share_above_zero,
        default=1.0,
        metavar="SHARE",
        help="train only this share of all steps, to rehearse the whole (default: 1)",
    )
    command.set_defaults(command=distill, after_stop=same_command)
