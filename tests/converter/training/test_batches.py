"""Batches depend on seed and epoch alone, and their targets are what the recipe says."""

from __future__ import annotations

import os
import resource
import signal
import subprocess
import sys
import tempfile
from pathlib import Path

import numpy as np
import pytest

from converter.data.augmentation import Augmentation
from converter.data.dataset import Split
from converter.data.face_candidates import FaceCandidates
from converter.errors import RunError
from converter.networks.outputs import as_input
from converter.training.batch_maker import BatchMaker, filled_up
from converter.training.batches import Batches, BatchOrder
from converter.training.recipes import Recipe
from tests.converter import drawn
from tests.converter.training.killed_maker import KilledMaker

NO_AUGMENTATION = Augmentation(degrees=0, scale=0, shift=0, flip=False)


def test_an_epoch_contains_each_face_once_in_a_new_order(splits: dict[str, Split]) -> None:
    training = splits["Training"]
    maker = BatchMaker(training, Recipe(batch=40, augmentation=NO_AUGMENTATION), 48)
    assert maker.count == 3

    def faces_of_epoch(epoch: int) -> list[bytes]:
        return [image.tobytes() for index in range(3) for image in maker.make(epoch, index)[0]]

    all_faces = sorted(image.tobytes() for image in as_input(training.images))
    first, second = faces_of_epoch(1), faces_of_epoch(2)
    assert sorted(first) == sorted(second) == all_faces
    assert first != second


def read_epochs(batches: Batches, count: int) -> list[list[tuple[bytes, bytes]]]:
    """Return images and targets of `count` epochs, read as `fit` reads them."""
    epochs = []
    with batches:
        for _ in range(count):
            batches.on_epoch_end()
            read = [batches[position] for position in range(len(batches))]
            epochs.append([(images.tobytes(), targets["moods"].tobytes()) for images, targets in read])
    return epochs


def test_the_batches_of_an_epoch_are_the_same_after_a_resume_and_with_any_number_of_workers(
    splits: dict[str, Split],
) -> None:
    maker = BatchMaker(splits["Training"], Recipe(batch=40, mixup=0.2), 48)
    order = BatchOrder(maker.count)
    whole = read_epochs(Batches(maker, order, epoch=0), 3)
    assert read_epochs(Batches(maker, order, epoch=1), 2) == whole[1:]
    assert read_epochs(Batches(maker, order, epoch=1, workers=3), 2) == whole[1:]


def test_a_worker_that_is_killed_is_reported(splits: dict[str, Split]) -> None:
    maker = KilledMaker(splits["Training"], Recipe(batch=40), 48)
    batches = Batches(maker, BatchOrder(maker.count), epoch=0, workers=2)
    with batches, pytest.raises(RunError, match="--workers: one was killed, perhaps for lack of memory"):
        batches[0]


def test_workers_leave_no_files(
    splits: dict[str, Split], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Not even those of the batches that they made ahead."""
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    maker = BatchMaker(splits["Training"], Recipe(batch=40), 48)
    with Batches(maker, BatchOrder(maker.count), epoch=0, workers=2) as batches:
        batches[0]
        assert list(tmp_path.iterdir())
    assert not list(tmp_path.iterdir())


def test_workers_end_and_leave_no_files_when_the_process_that_needs_them_is_killed(
    fer2013: Path, tmp_path: Path
) -> None:
    program = (
        "import itertools, os, pathlib, signal, sys; from converter.data.dataset import read\n"
        "from converter.training.batch_maker import BatchMaker; from tests.converter import drawn\n"
        "from converter.training.recipes import Recipe; from converter.training.workers import Workers\n"
        "training = read(pathlib.Path(sys.argv[1]), ['Training'], drawn.MOODS)['Training']\n"
        "order = ((epoch, 0) for epoch in itertools.count(1))\n"
        "workers = Workers(BatchMaker(training, Recipe(batch=40), 48), 2, order); workers.batch(1, 0)\n"
        "print(*os.listdir(os.environ['TMPDIR']), flush=True); os.kill(os.getpid(), signal.SIGKILL)\n"
    )
    done = subprocess.run(  # it returns once the workers have closed their output, too
        [sys.executable, "-c", program, fer2013],
        env=os.environ | {"TMPDIR": str(tmp_path)},
        stdout=subprocess.PIPE,
        text=True,
        check=False,
        timeout=120,
    )
    assert done.returncode == -signal.SIGKILL
    assert done.stdout.strip()
    assert not list(tmp_path.iterdir())


def test_workers_whose_files_have_no_room_are_reported(
    splits: dict[str, Split], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    maker = BatchMaker(splits["Training"], Recipe(batch=40), 48)
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (1000, limits[1]))  # the workers inherit it
    try:
        with (
            Batches(maker, BatchOrder(maker.count), epoch=0, workers=2) as batches,
            pytest.raises(RunError, match=f"batches cannot be kept in {tmp_path}/.*: File too large; make"),
        ):
            batches[0]
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)


def test_workers_without_a_folder_are_reported(
    splits: dict[str, Split], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "none"))
    maker = BatchMaker(splits["Training"], Recipe(batch=40), 48)
    with pytest.raises(
        RunError, match="batches cannot be kept: No such file or directory; name another folder"
    ):
        Batches(maker, BatchOrder(maker.count), epoch=0, workers=2)


def test_the_last_batch_of_an_epoch_can_be_filled_up(splits: dict[str, Split]) -> None:
    training = splits["Training"]
    assert len(training) % 40
    maker = BatchMaker(training, Recipe(batch=40), 48, fills_last=True)
    assert {len(maker.make(1, index)[0]) for index in range(maker.count)} == {40}


def test_each_of_several_devices_gets_the_same_number_of_faces(splits: dict[str, Split]) -> None:
    candidates = FaceCandidates(splits["Training"].images[:20], np.arange(20) < 10)
    recipe = Recipe(batch=40, face_weight=0.5)
    maker = BatchMaker(splits["Training"], recipe, 48, candidates=candidates, multiple_of=3)
    for index in range(maker.count):
        images, targets, weights = maker.make(1, index)
        assert len(images) % 3 == 0
        assert {len(each) for each in (*targets.values(), *weights.values())} == {len(images)}
    assert filled_up(np.arange(5), 4).tolist() == [0, 1, 2, 3, 4, 0, 1, 2]
    assert filled_up(np.arange(2), 8).tolist() == [0, 1] * 4


def test_the_distillation_weight_is_the_part_of_the_teachers_in_the_targets(
    splits_with_votes: dict[str, Split],
) -> None:
    training = splits_with_votes["Training"]
    predictions = np.full((len(training), 3), 1 / 3, np.float32)
    recipe = Recipe(votes_weight=0.5, distillation_weight=0.25)
    _, distilled = BatchMaker(
        training, recipe, 48, teacher_predictions={"moods": predictions, "votes": predictions}
    ).make(1, 0)
    _, plain = BatchMaker(training, recipe, 48).make(1, 0)
    assert np.allclose(distilled["moods"], 0.75 * plain["moods"] + 0.25 / 3)
    # A face without votes teaches nothing about votes, whatever the teacher predicts for it.
    has_votes = plain["votes"].any(axis=1, keepdims=True)
    assert np.allclose(distilled["votes"], has_votes * (0.75 * plain["votes"] + 0.25 / 3))


def test_candidates_teach_what_is_a_face_and_nothing_about_moods(splits: dict[str, Split]) -> None:
    training = splits["Training"]
    crops = np.concatenate([np.full((30, 48, 48), 10, np.uint8), np.full((9, 48, 48), 200, np.uint8)])
    candidates = FaceCandidates(crops, np.arange(39) >= 30)
    recipe = Recipe(batch=40, face_weight=0.5, augmentation=NO_AUGMENTATION)
    images, targets, weights = BatchMaker(training, recipe, 48, candidates=candidates).make(1, 0)

    assert len(images) == 60  # 40 faces of the split, and as many candidates with a face as without
    assert targets["face"][:, 0].tolist() == [1.0] * 50 + [0.0] * 10
    assert (images[40:50] == 200).all()
    assert (images[50:] == 10).all()
    assert weights["face"].tolist() == [1.0] * 60
    assert weights["moods"].tolist() == [1.0] * 40 + [0.0] * 20


def test_mixup_blends_faces_and_their_targets_by_the_same_share() -> None:
    labels = np.arange(60) % 3
    greys = np.array([0, 100, 200], np.uint8)
    split = Split("Training", drawn.MOODS, np.tile(greys[labels, None, None], (1, 48, 48)), labels)
    recipe = Recipe(batch=60, mixup=0.4, augmentation=NO_AUGMENTATION)
    images, targets = BatchMaker(split, recipe, 48).make(1, 0)

    shares = targets["moods"]
    assert np.allclose(shares.sum(axis=1), 1)
    assert np.sum(shares.max(axis=1) < 0.99) > 10
    assert np.allclose(images[:, 0, 0, 0], shares @ greys, atol=0.01)
