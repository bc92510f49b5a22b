"""The commands `compare` and `detectors`: their options, and what they do."""

from __future__ import annotations

import argparse
import json
from collections.abc import Callable, Mapping
from pathlib import Path

import msgspec

from converter.cli import argument_types as types
from converter.cli.train import add_precision_option
from converter.comparison.methods import METHODS
from converter.data.dataset import Split
from converter.errors import RunError
from converter.measure.photos import read_photos
from converter.measure.scenes import NAMES
from converter.networks import backend
from converter.progress import announce
from device.vision.opencv import cv2


def add_options(compare: argparse.ArgumentParser) -> None:
    """Add the command's own options; those for the data are added where all commands are."""
    compare.add_argument(
        "--method",
        action="append",
        choices=METHODS,
        metavar="NAME",
        help=f"only this method (default: all), one of {', '.join(METHODS)}; may be repeated",
    )
    compare.add_argument("--out", type=Path, required=True, help="the folder of the models and the table")
    compare.add_argument("--runs", type=Path, required=True, help="the folder of the training runs")
    compare.add_argument(
        "--seeds",
        type=types.positive,
        default=1,
        help="how many runs each method gets, with seeds from 1 on (default: 1)",
    )
    compare.add_argument(
        "--epochs", type=types.positive, help="how often all faces are learned from (default: 12)"
    )
    compare.add_argument(
        "--moods", type=types.moods, metavar="A,B,…", help="the moods to tell (default: all seven)"
    )
    compare.add_argument("--photos", type=Path, metavar="FOLDER", help="look at these photos of people, too")
    compare.add_argument(
        "--beside",
        type=Path,
        action="append",
        metavar="MODEL",
        help="a row for this .tflite file, trained in another way; may be repeated",
    )
    compare.add_argument("--page", type=Path, metavar="FILE.md", help="put the table into this page, too")
    compare.add_argument(
        "--no-training", action="store_true", help="measure the models that are there, and train none"
    )
    add_precision_option(compare, "the method's")


def add_detectors_options(detectors: argparse.ArgumentParser) -> None:
    """Add the options of `detectors`."""
    detectors.add_argument("model", type=Path, help="a .tflite file whose network tells faces, such as mood3")
    detectors.add_argument("--photos", type=Path, required=True, help="a folder as for `conditions`")
    detectors.add_argument(
        "--scenes", type=Path, help="a folder of pictures without people: how often is a face found in them?"
    )
    detectors.add_argument(
        "--condition",
        action="append",
        choices=NAMES,
        metavar="NAME",
        help=f"measure only this condition (default: all), one of {', '.join(NAMES)}; may be repeated",
    )
    detectors.add_argument(
        "--detector", action="append", metavar="NAME", help="only this row of the table; may be repeated"
    )
    detectors.add_argument("--json", action="store_true", help="print a line of JSON for each detector")
    detectors.set_defaults(command=detect)


def detect(options: argparse.Namespace) -> None:
    """Measure the face detectors on the photos for reporting and on empty scenes."""
    from converter.comparison import detectors
    from converter.measure.empty_scenes import read_pictures

    cv2.setNumThreads(1)  # processor time of one thread is what is compared
    found = detectors.detectors(options.model)
    if unknown := set(options.detector or ()) - set(found):
        raise RunError(f"--detector {', '.join(sorted(unknown))}: unknown; there are {'; '.join(found)}")
    photos = read_photos(options.photos).half("reporting")
    empty = read_pictures(options.scenes) if options.scenes else []
    results = []
    names = options.detector or tuple(found)
    for number, name in enumerate(names, start=1):
        announce(f"{name}: {len(photos)} photos (detector {number} of {len(names)})")
        each = found[name]
        results.append(detectors.measure(name, each, photos, options.condition or NAMES, empty))
        if options.json:
            print(json.dumps(results[-1].as_dict()), flush=True)
    if not options.json:
        print(detectors.table(results))


def compare(options: argparse.Namespace, read_data: Callable[[], Mapping[str, Split]]) -> None:
    """Train, quantize and measure each method, and write the table after each.

    It can be stopped at any time. The same command goes on where it was stopped.

    Args:
        options: from `add_options`.
        read_data: reads all three splits, which takes a minute.
    """
    backend.check_installed()
    backend.load()
    from converter.comparison import protocol, results

    changes = {name: getattr(options, name) for name in ("epochs", "moods", "precision")}
    recipe = msgspec.structs.replace(
        protocol.PROTOCOL, **{name: value for name, value in changes.items() if value is not None}
    )
    if not (options.precision or options.no_training):
        recipe = msgspec.structs.replace(recipe, precision=backend.fast_precision(recipe.precision))
    comparison = protocol.Comparison(recipe, options.out, options.runs)
    photos = read_photos(options.photos).half("reporting") if options.photos else []
    names = [name for name in METHODS if name in (options.method or METHODS)]
    wanted = [(name, seed) for seed in range(1, options.seeds + 1) for name in names]
    finished = [each for each in wanted if comparison.is_finished(*each)]
    beside = list(options.beside or ())
    if options.no_training and not finished and not beside:
        raise RunError(f"{options.out}: no model of these methods is there; leave out --no-training")
    for model in beside:
        results.check_beside(model)
    if options.page:
        results.check_page(options.page)
    splits = read_data()
    measuring = results.Measuring(splits["PrivateTest"], photos, beside)
    if not options.no_training:
        for name, seed in wanted:
            if (name, seed) in finished:
                continue
            print(f"{name}, seed {seed}", flush=True)
            comparison.make(name, seed, splits)
            finished.append((name, seed))
            results.write(comparison, finished, measuring, options.page)
    print(results.write(comparison, finished, measuring, options.page))
