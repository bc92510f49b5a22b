"""The recipes, by name: how a network is trained. models/RUNS.md says what each was tried against."""

from __future__ import annotations

import dataclasses

from converter.data.augmentation import Augmentation
from converter.data.dataset import SIDE
from converter.training.trainer import Recipe
from device.mood import Mood
from device.vision.normalization import Normalization

PAPER = Recipe()

BOX = Recipe(
    network="residual",
    moods=tuple(map(str, Mood)),
    epochs=120,
    batch=128,
    optimizer="sgd",
    learning_rate=0.1,
    warmup=2,
    weight_decay=4e-3,
    smoothing=0.1,
    votes=0.5,
    average=0.998,
    sides=(32, 40, 48),
    augmentation=Augmentation(
        degrees=15,
        scale=0.15,
        shift=0.08,
        framed=0.4,
        contrast=0.25,
        dim=0.25,
        blur=0.8,
        erase=0.2,
        light=Normalization.STANDARDIZED,
    ),
    precision="mixed_bfloat16",
)

# On from what BOX has learned, with that as the teacher, and harder to learn by heart.
AGAIN = dataclasses.replace(
    BOX,
    epochs=60,
    learning_rate=0.05,
    smoothing=0.0,
    mixup=0.3,
    sides=(40, SIDE, SIDE),
    augmentation=dataclasses.replace(BOX.augmentation, framed=0.5, erase=0.35),
)

# A second network, to judge beside the first: from nothing, with a teacher.
SLIM = dataclasses.replace(
    BOX,
    network="slim",
    epochs=90,
    smoothing=0.0,
    mixup=0.3,
    taught=0.4,
    augmentation=AGAIN.augmentation,
    seed=3,
)

# From the body that BOX has learned with all seven moods, to the three of the paper.
BOX3 = dataclasses.replace(
    BOX,
    moods=PAPER.moods,
    epochs=6,
    learning_rate=0.003,
    warmup=1,
    average=0.99,
    sides=(SIDE,),
    augmentation=dataclasses.replace(
        BOX.augmentation, degrees=10, scale=0.1, shift=0.06, contrast=0.2, dim=0.2, blur=0.6, erase=0.1
    ),
)

# Once more around, with two teachers.
MORE = dataclasses.replace(AGAIN, epochs=45, learning_rate=0.03, warmup=1, taught=0.7, sides=(SIDE,), seed=2)

# From the mean of two such runs, to rest.
REST = dataclasses.replace(MORE, epochs=6, learning_rate=0.003)

# From there to the three moods of the paper.
REST3 = dataclasses.replace(REST, moods=PAPER.moods, epochs=12, learning_rate=0.01)

RECIPES = {
    "paper": PAPER,
    "box": BOX,
    "box3": BOX3,
    "again": AGAIN,
    "slim": SLIM,
    "more": MORE,
    "rest": REST,
    "rest3": REST3,
}
