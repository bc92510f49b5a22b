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
    answers = [teacher([images], training=False) for teacher in teachers]
    blended = dict(targets)
    for output in (MOODS, VOTES):
        mean = np.mean([np.asarray(each[output]) for each in answers], axis=0)
        blended[output] = (0.75 * targets[output] + 0.25 * mean).astype(np.float32)
    alone = network_of(STUDENT)
    compile_for(alone, STUDENT, 0.1)
    expected = float(alone.compute_loss(images, blended, student([images], training=False)))
    assert loss(student, images, targets) == pytest.approx(expected, rel=1e-5)


def test_no_teacher_is_asked_about_candidates() -> None:
    """Of 24 images of a batch 16 are faces, and the rest candidates, whose mood nobody knows."""
    asked: list[int] = []

    class Noting(keras.Model):  # type: ignore[misc]
        def call(self, images: object, training: bool | None = None) -> object:
            asked.append(len(images[0]))  # type: ignore[index]
            return super().call(images, training=training)

    teacher = network_of(TEACHER)
    student = compiled(STUDENT, [Noting(teacher.inputs, teacher.output)], weight=0.5)
    images, targets = batch(24)
    known = np.repeat(np.array([1, 0], np.float32), (16, 8))
    loss(student, images, targets, sample_weight={MOODS: known, VOTES: known, FACE: np.ones(24, np.float32)})
    assert asked == [16]


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

    class Kept(Student):
        def __init__(self, *of: object) -> None:
            super().__init__(*of)  # type: ignore[arg-type]
            built.append(self)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(training, "Student", Kept)
        network = training.train(stage, packed_faces, Clock(None).share(1, 1), workers=1)
    (student,) = built
    before, after = checkpoint.read(path), checkpoint.read(stage.path)
    assert before
    assert after
    for was, now in zip(before.weights, student._teachers[0].get_weights(), strict=True):
        assert now == pytest.approx(was, abs=2e-3)  # kept as float16
    fresh = network_of(STUDENT).get_weights()
    assert [each.shape for each in after.weights] == [each.shape for each in fresh]
    assert [each.shape for each in network.get_weights()] == [each.shape for each in fresh]
    assert any(
        not np.allclose(was, now, atol=1e-3) for was, now in zip(fresh, network.get_weights(), strict=True)
    )
