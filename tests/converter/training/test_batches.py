"""Batches depend on seed and epoch alone, and their targets are what the recipe says."""

from __future__ import annotations

import numpy as np

from converter.data.augmentation import Augmentation
from converter.data.dataset import Split
from converter.data.face_candidates import FaceCandidates
from converter.networks.architectures import as_input
from converter.training.batches import Batches
from converter.training.recipes import Recipe
from tests.converter import drawn

NO_AUGMENTATION = Augmentation(degrees=0, scale=0, shift=0, flip=False)


def test_an_epoch_contains_each_face_once_in_a_new_order(splits: dict[str, Split]) -> None:
    training = splits["Training"]
    batches = Batches(training, Recipe(batch=40, augmentation=NO_AUGMENTATION), epoch=0)
    assert len(batches) == 3

    def faces_of_epoch() -> list[bytes]:
        return [image.tobytes() for i in range(3) for image in batches[i][0]]

    all_faces = sorted(image.tobytes() for image in as_input(training.images))
    first = faces_of_epoch()
    batches.on_epoch_end()
    second = faces_of_epoch()
    assert sorted(first) == sorted(second) == all_faces
    assert first != second


def test_the_batches_of_an_epoch_are_the_same_after_a_resume(splits: dict[str, Split]) -> None:
    recipe = Recipe(batch=40)
    from_start = Batches(splits["Training"], recipe, epoch=0)
    from_start.on_epoch_end()
    resumed = Batches(splits["Training"], recipe, epoch=1)
    assert np.array_equal(from_start[2][0], resumed[2][0])
    assert np.array_equal(from_start[2][1]["moods"], resumed[2][1]["moods"])


def test_the_distillation_weight_is_the_part_of_the_teachers_in_the_targets(
    splits_with_votes: dict[str, Split],
) -> None:
    training = splits_with_votes["Training"]
    predictions = np.full((len(training), 3), 1 / 3, np.float32)
    recipe = Recipe(votes_weight=0.5, distillation_weight=0.25)
    _, distilled = Batches(
        training, recipe, epoch=0, teacher_predictions={"moods": predictions, "votes": predictions}
    )[0]
    _, plain = Batches(training, recipe, epoch=0)[0]
    assert np.allclose(distilled["moods"], 0.75 * plain["moods"] + 0.25 / 3)
    # A face without votes teaches nothing about votes, whatever the teacher predicts for it.
    has_votes = plain["votes"].any(axis=1, keepdims=True)
    assert np.allclose(distilled["votes"], has_votes * (0.75 * plain["votes"] + 0.25 / 3))


def test_candidates_teach_what_is_a_face_and_nothing_about_moods(splits: dict[str, Split]) -> None:
    training = splits["Training"]
    crops = np.concatenate([np.full((30, 48, 48), 10, np.uint8), np.full((9, 48, 48), 200, np.uint8)])
    candidates = FaceCandidates(crops, np.arange(39) >= 30)
    recipe = Recipe(batch=40, face_weight=0.5, augmentation=NO_AUGMENTATION)
    images, targets, weights = Batches(training, recipe, epoch=0, candidates=candidates)[0]

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
    images, targets = Batches(split, recipe, epoch=0)[0]

    shares = targets["moods"]
    assert np.allclose(shares.sum(axis=1), 1)
    assert np.sum(shares.max(axis=1) < 0.99) > 10
    assert np.allclose(images[:, 0, 0, 0], shares @ greys, atol=0.01)
