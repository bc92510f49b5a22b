"""A student learns from what its teachers say to each image, and they learn nothing."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import keras
import numpy as np
import pytest
from msgspec.structs import replace
from numpy.typing import NDArray

from converter.networks.outputs import FACE, MOODS, VOTES
from converter.stages import checkpoint, training
from converter.stages.clock import Clock
from converter.stages.packed import PackedFaces
from converter.stages.presets import PRESETS
from converter.stages.student import Student
from converter.training.batch_maker import BatchMaker
from converter.training.compilation import compile_for, network_of
from converter.training.recipes import Recipe
from tests.converter import small_network

TEACHER = replace(PRESETS["accelerator"].teacher, network=small_network.NAME, batch=32, precision="float32")
STUDENT = replace(TEACHER, face_weight=0.5)


def batch(count: int) -> tuple[NDArray[np.float32], dict[str, NDArray[np.float32]]]:
    """Return noise, and targets that call all of it angry."""
    images = np.random.default_rng(1).uniform(0, 255, (count, 48, 48, 1)).astype(np.float32)
    angry = np.eye(7, dtype=np.float32)[np.zeros(count, int)]
    return images, {MOODS: angry, VOTES: angry, FACE: np.ones((count, 1), np.float32)}


def loss(
    student: Student, images: NDArray[np.float32], targets: dict[str, NDArray[np.float32]], **weights: Any
) -> float:
    return float(student.compute_loss(images, targets, student([images], training=False), **weights))


def compiled(recipe: Recipe, teachers: list[keras.Model], weight: float) -> Student:
    student = Student(network_of(recipe), teachers, weight)
    compile_for(student, recipe, 0.1)
    return student


def test_the_targets_are_blended_with_the_mean_of_the_teachers_answers() -> None:
    keras.utils.set_random_seed(1)
    teachers = [network_of(TEACHER) for _ in range(2)]
    student = compiled(STUDENT, teachers, weight=0.25)
    images, targets = batch(6)
    targets[VOTES] = np.repeat(np.array([[1], [0.5], [0]], np.float32), 2, axis=0) * targets[VOTES]
    answers = [teacher([images], training=False) for teacher in teachers]
    mixed = dict(targets)
    for output in (MOODS, VOTES):
        mean = np.mean([np.asarray(each[output]) for each in answers], axis=0)
        # Of a face without votes nothing is learned about votes, and half of it if such a one is mixed in.
        known = targets[output].sum(axis=1, keepdims=True)
        mixed[output] = (0.75 * targets[output] + 0.25 * known * mean).astype(np.float32)
    alone = network_of(STUDENT)
    compile_for(alone, STUDENT, 0.1)
    expected = float(alone.compute_loss(images, mixed, student([images], training=False)))
    assert loss(student, images, targets) == pytest.approx(expected, rel=1e-5)


@pytest.mark.parametrize(("faces", "devices", "expected"), [(16, 1, 16), (16, 8, 22), (5, 1, 6), (40, 7, 47)])
def test_the_teachers_are_asked_about_each_face_and_hardly_a_candidate(
    faces: int, devices: int, expected: int, packed_faces: PackedFaces
) -> None:
    """The size of a batch, of which a part is candidates, whose mood nobody knows, is all that tells it."""
    asked: list[int] = []

    class Noting(keras.Model):  # type: ignore[misc]
        def call(self, images: object, training: bool | None = None) -> object:
            asked.append(len(images[0]))  # type: ignore[index]
            return super().call(images, training=training)

    teacher = network_of(TEACHER)
    student = compiled(STUDENT, [Noting(teacher.inputs, teacher.output)], weight=0.5)
    recipe = replace(STUDENT, batch=faces)
    maker = BatchMaker(
        packed_faces.training, recipe, 48, candidates=packed_faces.candidates, multiple_of=devices
    )
    images, targets, weights = maker.make(1, 0)
    loss(student, images, targets, sample_weight=weights)
    assert asked == [expected]
    assert np.count_nonzero(weights[MOODS]) <= expected


def test_a_student_is_trained_and_its_teachers_are_not(packed_faces: PackedFaces, tmp_path: Path) -> None:
    """Its checkpoint has its own weights alone."""
    path = tmp_path / "teacher-1.npz"
    teacher = training.StageSpec("teacher", replace(TEACHER, epochs=1), path, False, 1)
    training.train(teacher, packed_faces, Clock(None).share(1, 1), workers=1)
    stage = training.StageSpec(
        "student",
        replace(STUDENT, epochs=2),
        tmp_path / "student.npz",
        False,
        1,
        teacher=TEACHER,
        teachers=[path],
    )
    built: list[Student] = []
    initial: list[NDArray[np.float32]] = []

    class Kept(Student):
        def __init__(self, network: keras.Model, *of: Any) -> None:
            super().__init__(network, *of)
            built.append(self)
            initial.extend(network.get_weights())

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(training, "Student", Kept)
        network = training.train(stage, packed_faces, Clock(None).share(1, 1), workers=1)
    (student,) = built
    before, after = checkpoint.read(path), checkpoint.read(stage.path)
    assert before
    assert after
    for was, now in zip(before.weights, student._teachers[0].get_weights(), strict=True):
        assert now == pytest.approx(was, abs=2e-3)  # kept as float16
    assert [each.shape for each in after.weights] == [each.shape for each in initial]
    assert any(
        not np.allclose(was, now, atol=1e-3) for was, now in zip(initial, network.get_weights(), strict=True)
    )
