"""Runs the stages of a preset, one after another: teachers, their answers, a student.

Each leaves a file of at most 16 MB in the folder, and what is there already is not done again. So the stages
may be divided among several commands, on several machines.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import keras
import numpy as np
from msgspec.structs import replace
from numpy.typing import NDArray

from converter.data.dataset import Split
from converter.data.fer2013 import SIDE
from converter.data.ferplus import Majority, majority, strict_majority
from converter.errors import RunError
from converter.networks.architectures import NETWORKS
from converter.networks.backend import dividing_accelerators
from converter.networks.cost import multiply_adds
from converter.networks.outputs import MOODS, VOTES, as_input
from converter.stages import training
from converter.stages.clock import Clock
from converter.stages.packed import PackedFaces
from converter.stages.presets import Preset
from converter.training.batch_maker import CANDIDATE_SHARE, filled_up
from converter.training.compilation import network_of
from converter.training.recipes import Recipe
from converter.training.run_folder import BEST, RECIPE, claim, write_history
from device.vision.normalization import normalize_all

ANSWERS = "answers.npz"
STUDENT = "student.npz"
PREDICTED_AT_ONCE = 512
KEPT_FOR_SCORES = 0.08  # of the time: compiling the network once more, its answers, and scores
Answers = dict[str, NDArray[np.float32]]


def distill(
    preset: Preset,
    faces: PackedFaces,
    out: Path,
    seconds: float | None,
    *,
    workers: int = 1,
    share_of_steps: float = 1.0,
    until_answers: bool = False,
) -> None:
    """Do all stages that `out` has no finished file of; print what each scores on PublicTest.

    Args:
        preset: the stages.
        faces: to learn from and to score by.
        out: the folder of the files. In the end it is also the folder of a run, the student's.
        seconds: for everything; None for as long as it takes.
        workers: number of processes that make the batches.
        share_of_steps: trains only so much, 0-1, for a rehearsal.
        until_answers: leaves out the student.
    """
    out.mkdir(parents=True, exist_ok=True)
    if (out / RECIPE).exists():
        print("student: trained before")
        return
    clock = Clock(None if seconds is None else seconds * (1 - KEPT_FOR_SCORES))
    paths = [*(out / f"teacher-{number}.npz" for number in range(1, preset.teachers + 1)), out / STUDENT]
    work = [_work(preset, number) for number in range(preset.teachers + (not until_answers))]
    answers: Answers = {}
    of_teachers: list[Answers] = []  # to PublicTest
    asked = paths[:-1] if preset.asks_often else []
    for number, path in enumerate(paths):
        is_student = number == preset.teachers
        if is_student:
            if not asked:
                answers = _answers(preset, faces, paths[:-1], out / ANSWERS)
            if until_answers:
                return
        name = "student" if is_student else f"teacher {number + 1}"
        if not is_student and training.is_finished(path):
            print(f"{name}: trained before")
            continue
        stage = training.StageSpec(
            *(name, preset.recipe(number), path, preset.keeps_optimizer, preset.saves_every, answers),
            teacher=preset.teacher,
            teachers=asked if is_student else [],
        )
        progress = clock.share(work[number], sum(work[number:]))
        model = training.train(stage, faces, progress, workers=workers, share_of_steps=share_of_steps)
        network = float_network(stage.recipe)
        network.set_weights(model.get_weights())
        found = predictions(network, faces.public_test, stage.recipe)
        print(f"{name}: {_scores(found, faces.public_test)}")
        of_teachers.append(found)
        if number == preset.teachers - 1 and len(of_teachers) == preset.teachers:
            print(f"teachers together: {_scores(_mean(of_teachers), faces.public_test)}")
    recipe = replace(preset.student, teachers=tuple(path.name for path in paths[:-1]))
    _keep_student(network, recipe, faces, out)


def _work(preset: Preset, stage: int) -> float:
    """Multiply-adds of a stage, for each training face: by them the time is divided."""
    recipe = preset.recipe(stage)
    images = 1 + (CANDIDATE_SHARE if recipe.face_weight else 0)
    sizes = [(side / SIDE) ** 2 for side in recipe.progressive_sizes]
    of_a_face = 3 * images * _multiply_adds(recipe)  # forwards, and twice as many backwards
    if preset.asks_often and stage == preset.teachers:
        of_a_face += preset.teachers * _multiply_adds(preset.teacher)
    return recipe.epochs * of_a_face * sum(sizes) / len(sizes)


def _multiply_adds(recipe: Recipe) -> int:
    return multiply_adds(NETWORKS[recipe.network](len(recipe.moods)))


def float_network(recipe: Recipe) -> keras.Model:
    """Build a run's network in float32, to ask it for answers.

    JAX 0.11 on a processor computes the trained network in bfloat16 as nothing but NaN.
    """
    return network_of(recipe, "float32")


def predictions(model: keras.Model, split: Split, recipe: Recipe, *, mirrored: bool = False) -> Answers:
    """Return, for each output, the probabilities for each face, or its mirror image, float32, (n, k)."""
    images = normalize_all(split.images, recipe.augmentation.normalization)
    inputs = as_input(images[:, :, ::-1] if mirrored else images)
    # As many as fill each batch, since JAX compiles the network anew for a smaller one.
    at_once = len(filled_up(np.arange(PREDICTED_AT_ONCE), dividing_accelerators()))
    found = model.predict(filled_up(inputs, at_once), batch_size=at_once, verbose=0)
    answers = {
        output: np.asarray(found[output][: len(inputs)], dtype=np.float32) for output in (MOODS, VOTES)
    }
    if not all(np.isfinite(each).all() for each in answers.values()):
        raise RunError("a network's answers are not numbers; try --precision float32, or another --backend")
    return answers


def _answers(preset: Preset, faces: PackedFaces, paths: list[Path], kept: Path) -> Answers:
    """The mean of the teachers' answers for each training face and its mirror image."""
    if not kept.exists():
        model = float_network(preset.teacher)
        of_teachers = []
        for path in paths:
            training.load(model, path)
            plain, mirrored = (
                predictions(model, faces.training, preset.teacher, mirrored=mirrored)
                for mirrored in (False, True)
            )
            of_teachers.append({name: np.stack([plain[name], mirrored[name]], 1) for name in plain})
        unfinished = kept.with_name(f".{kept.name}")
        with unfinished.open("wb") as file:
            np.savez_compressed(file, **{k: v.astype(np.float16) for k, v in _mean(of_teachers).items()})
        unfinished.replace(kept)
    with np.load(kept) as content:
        means = {output: content[output].astype(np.float32).mean(axis=1) for output in (MOODS, VOTES)}
    return {output: mean / mean.sum(axis=1, keepdims=True) for output, mean in means.items()}


def _mean(answers: list[Answers]) -> Answers:
    return {output: np.mean([each[output] for each in answers], axis=0) for output in (MOODS, VOTES)}


def _scores(answers: Mapping[str, NDArray[np.float32]], split: Split) -> str:
    """What people see is asked of the output for votes, FER2013's labels of the one for labels."""
    assert split.vote_counts is not None
    strict = _agreement(answers, strict_majority(split.vote_counts))
    labels = np.mean(answers[MOODS].argmax(axis=1) == split.labels)
    return (
        f"PublicTest, strict majority of eight classes {100 * strict:.1f} %, "
        f"majority of seven {100 * _agreement(answers, _of_seven(split)):.1f} %, labels {100 * labels:.1f} %"
    )


def _of_seven(split: Split) -> Majority:
    assert split.vote_counts is not None
    return majority(split.vote_counts, split.moods)


def _agreement(answers: Mapping[str, NDArray[np.float32]], truth: Majority) -> float:
    return float(np.mean(answers[VOTES].argmax(axis=1)[truth.faces] == truth.labels[truth.faces]))


def _keep_student(model: keras.Model, recipe: Recipe, faces: PackedFaces, out: Path) -> None:
    """Make `out` the folder of a run, as `quantize` takes it."""
    model.save(out / f".{BEST}")
    (out / f".{BEST}").replace(out / BEST)
    # One entry, for the end: scoring after each epoch would cost an accelerator more than training.
    entry = {"epoch": float(recipe.epochs)}
    for prefix, split in (("", faces.training), ("val_", faces.public_test)):
        answers = predictions(model, split, recipe)
        of_label = answers[MOODS][np.arange(len(split)), split.labels]
        entry[f"{prefix}loss"] = float(-np.log(np.maximum(of_label, 1e-7)).mean())
        entry[f"{prefix}accuracy"] = float(np.mean(answers[MOODS].argmax(axis=1) == split.labels))
        entry[f"{prefix}votes_accuracy"] = _agreement(answers, _of_seven(split))
    write_history(out, [entry])
    claim(out, recipe, resume=False)
    (out / STUDENT).unlink()
