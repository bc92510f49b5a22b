"""Trains one run in its folder, and resumes it after a stop."""

from __future__ import annotations

import math
from collections.abc import Iterator
from pathlib import Path

import keras
import numpy as np
from numpy.typing import NDArray

from converter.data import crop_calibration, face_candidates
from converter.data.dataset import Split
from converter.data.face_candidates import FaceCandidates
from converter.errors import RunError
from converter.networks.backend import use_all_accelerators
from converter.networks.outputs import as_input
from converter.networks.saved_models import initialize
from converter.training import history_plot
from converter.training.batch_maker import BatchMaker, filled_up, targets
from converter.training.batches import Batches, BatchOrder
from converter.training.checkpoints import Checkpoints
from converter.training.compilation import compiled, cosine
from converter.training.distillation import teacher_predictions
from converter.training.keras_internals import DropoutSeed, advance_random_state, separate_averaged_weights
from converter.training.recipes import Recipe
from converter.training.run_folder import (
    FACE_CANDIDATES,
    FACE_SQUARES,
    HISTORY_PLOT,
    LAST,
    claim,
    mood_indices,
    read_history,
)
from device.vision.normalization import normalize_all


def train(
    folder: Path,
    recipe: Recipe,
    training: Split,
    validation: Split,
    *,
    resume: bool,
    backgrounds: Path | None = None,
    workers: int = 1,
) -> None:
    """Train into `folder`, or resume the run there.

    Args:
        folder: of the run; see `run_folder`.
        recipe: how to train; the same as at the start if the run is resumed.
        training: the faces to learn from.
        validation: the faces by whose accuracy the best epoch is chosen.
        resume: whether `folder` contains this run already.
        backgrounds: a folder of pictures without people, for a recipe that learns what is a face.
        workers: number of processes that make the batches. It does not change the result.

    Raises:
        RunError: the folder, the recipe and the data do not belong together.
    """
    if recipe.votes_weight and training.votes is None:
        raise RunError("the recipe needs FER+'s votes; name fer2013new.csv with --votes")
    if recipe.face_weight and backgrounds is None:
        raise RunError("the recipe needs pictures without people; name their folder with --backgrounds")
    devices = use_all_accelerators()
    keras.utils.set_random_seed(recipe.seed)
    steps = math.ceil(len(training) / recipe.batch)
    model, history = compiled(recipe, cosine(recipe, steps)), []
    started = (folder / LAST).exists()
    if recipe.initial_models:  # of a resumed run too, since loading them draws random numbers
        initialize(model, mood_indices(recipe.initial_models, recipe.moods))
    from_teachers = teacher_predictions(
        mood_indices(recipe.teachers, recipe.moods),
        normalize_all(training.images, recipe.augmentation.normalization),
        list(model.output),
    )
    order = BatchOrder(steps)
    # Not earlier, so that a refused run leaves no folder that contains a run.
    claim(folder, recipe, resume=resume)
    if started:
        model.optimizer.build(model.trainable_variables)
        model.load_weights(folder / LAST)
        # A stop between the two writes leaves an epoch in the history that `last.keras` does not contain.
        history = read_history(folder)[: int(model.optimizer.iterations) // steps]
        advance_random_state(model, epochs=len(history), steps=steps)
    validation_images = as_input(normalize_all(validation.images, recipe.augmentation.normalization))
    validation_data = (
        filled_up(validation_images, devices),
        {output: filled_up(each, devices) for output, each in targets(validation, recipe, {}).items()},
    )
    squares = _face_squares(folder, recipe, training)
    candidates = _face_candidates(folder, recipe, training, backgrounds)
    for end in _stage_ends(recipe):
        # Every `fit` ends by replacing the weights with their average, even one without epochs. A resumed run
        # has to repeat that if it was stopped at the very end of a stage, but not if later.
        if end < len(history):
            continue
        side = recipe.image_side(len(history))
        maker = BatchMaker(training, recipe, side, squares, from_teachers, candidates, multiple_of=devices)
        with Batches(maker, order, len(history), workers) as batches:
            model.fit(
                batches,
                shuffle=False,
                validation_data=validation_data,
                validation_batch_size=math.ceil(256 / devices) * devices,
                initial_epoch=len(history),
                epochs=end,
                callbacks=[Checkpoints(folder, history, recipe.epochs), DropoutSeed(recipe.seed)],
                verbose=0,
            )
        separate_averaged_weights(model)
    history_plot.draw([history], folder / HISTORY_PLOT)


def _stage_ends(recipe: Recipe) -> Iterator[int]:
    """After how many epochs each image size ends: `fit` keeps the shape of the first batch that it sees."""
    for end in range(1, recipe.epochs):
        if recipe.image_side(end) != recipe.image_side(end - 1):
            yield end
    yield recipe.epochs


def _face_squares(folder: Path, recipe: Recipe, training: Split) -> NDArray[np.float32] | None:
    """Where the device's detector finds the faces; it takes minutes, so it is kept for a resumed run."""
    if not recipe.augmentation.detector_crop_share:
        return None
    path = folder / FACE_SQUARES
    if not path.exists():
        np.save(folder / f".{FACE_SQUARES}", crop_calibration.face_squares(training.images))
        (folder / f".{FACE_SQUARES}").replace(path)
    squares: NDArray[np.float32] = np.load(path)
    return squares


def _face_candidates(
    folder: Path, recipe: Recipe, training: Split, backgrounds: Path | None
) -> FaceCandidates | None:
    """What the device's detector proposes in scenes with and without a face; kept for a resumed run, too."""
    if not recipe.face_weight or backgrounds is None:
        return None
    path = folder / FACE_CANDIDATES
    if not path.exists():
        pictures = face_candidates.read_backgrounds(backgrounds)
        found = face_candidates.find_candidates(training.images, pictures, recipe.seed)
        unfinished = folder / f".{FACE_CANDIDATES}"
        with unfinished.open("wb") as file:
            np.savez_compressed(file, crops=found.crops, is_face=found.is_face)
        unfinished.replace(path)
    with np.load(path) as stored:
        return FaceCandidates(stored["crops"], stored["is_face"])
