"""The recipes, by name: how a network is trained. models/RUNS.md says what each was compared with."""

from __future__ import annotations

from typing import Literal

import msgspec

from converter.data.augmentation import Augmentation
from converter.data.fer2013 import SIDE
from device.mood import Mood
from device.vision.normalization import Normalization


class Recipe(msgspec.Struct, frozen=True):
    """Everything besides the data that determines the result of a run.

    `run.json` and the model card store these fields; `name=` gives the stored key where it differs.

    Attributes:
        recipe: its name, of which options may have changed the fields below; not stored where there is none.
        network: a key of `NETWORKS`.
        moods: the classes, in the order of the outputs.
        epochs: how many there are.
        batch: faces in a batch.
        optimizer: AdamW, or SGD with Nesterov momentum.
        learning_rate: its maximum; it falls to 0 along a cosine.
        warmup_epochs: in which the learning rate rises from 0.
        weight_decay: of each weight at each step, times the learning rate.
        label_smoothing: share of FER2013's label that is spread over all moods.
        votes_weight: weight of the loss of a second output, for FER+'s votes, where that of the label is 1.
        face_weight: weight of the loss of an output that tells whether a crop shows a face; 0 for none.
        only_face: whether the output for faces alone is trained, and all else stays as it is.
        ema_momentum: momentum of an exponential moving average of the weights, which is then what is
            validated and kept; 0 for none.
        mixup: parameter of the distribution Beta(mixup, mixup), from which the share is drawn by which each
            face and its targets are blended with another one's; 0 for none.
        initial_models: saved models of other runs; training starts from the mean of their weights.
        teachers: saved models of other runs whose predictions are a part of the targets.
        distillation_weight: how large that part is, 0-1.
        progressive_sizes: sides of the training images, one for each of equal parts of the epochs; small
            images train faster.
        augmentation: random changes to the faces.
        seed: of all randomness.
        precision: Keras' dtype policy.
    """

    recipe: str | msgspec.UnsetType = msgspec.UNSET
    network: str = "paper"
    moods: tuple[str, ...] = ("happy", "neutral", "sad")
    epochs: int = 60
    batch: int = 64
    optimizer: Literal["adam", "sgd"] = "adam"
    learning_rate: float = 1e-3
    warmup_epochs: int = msgspec.field(default=0, name="warmup")
    weight_decay: float = 0.0
    label_smoothing: float = msgspec.field(default=0.0, name="smoothing")
    votes_weight: float = msgspec.field(default=0.0, name="votes")
    face_weight: float = msgspec.field(default=0.0, name="face")
    only_face: bool = False
    ema_momentum: float = msgspec.field(default=0.0, name="average")
    mixup: float = 0.0
    initial_models: tuple[str, ...] = msgspec.field(default=(), name="start")
    teachers: tuple[str, ...] = ()
    distillation_weight: float = msgspec.field(default=0.5, name="taught")
    progressive_sizes: tuple[int, ...] = msgspec.field(default=(SIDE,), name="sides")
    augmentation: Augmentation = msgspec.field(default_factory=Augmentation)
    seed: int = 1
    precision: str = "float32"

    def image_side(self, epoch: int) -> int:
        """Return the side in pixels of the images of `epoch`, counted from 0."""
        sizes = self.progressive_sizes
        return sizes[min(epoch * len(sizes) // self.epochs, len(sizes) - 1)]


PAPER = Recipe()

BOX = Recipe(
    network="residual",
    moods=tuple(map(str, Mood)),
    epochs=120,
    batch=128,
    optimizer="sgd",
    learning_rate=0.1,
    warmup_epochs=2,
    weight_decay=4e-3,
    label_smoothing=0.1,
    votes_weight=0.5,
    ema_momentum=0.998,
    progressive_sizes=(32, 40, 48),
    augmentation=Augmentation(
        degrees=15,
        scale=0.15,
        shift=0.08,
        detector_crop_share=0.4,
        contrast=0.25,
        dim=0.25,
        blur=0.8,
        erase=0.2,
        normalization=Normalization.STANDARDIZED,
    ),
    precision="mixed_bfloat16",
)

# Continues from a BOX run, which is also the teacher, with targets and faces that are harder to memorize.
AGAIN = msgspec.structs.replace(
    BOX,
    epochs=60,
    learning_rate=0.05,
    label_smoothing=0.0,
    mixup=0.3,
    progressive_sizes=(40, SIDE, SIDE),
    augmentation=msgspec.structs.replace(BOX.augmentation, detector_crop_share=0.5, erase=0.35),
)

# A few epochs at a low learning rate, from an AGAIN run, which is also the teacher: learns to tell faces from
# what only looks like one to the detector.
FACES = msgspec.structs.replace(
    AGAIN,
    epochs=4,
    learning_rate=0.01,
    warmup_epochs=0,
    votes_weight=1.0,
    face_weight=0.5,
    ema_momentum=0.99,
    progressive_sizes=(SIDE,),
)

# The same for a network whose moods are not to change.
FACE_OUTPUT = msgspec.structs.replace(FACES, only_face=True, learning_rate=0.05)

# A second network for an ensemble with the first: from random weights, with a teacher.
SLIM = msgspec.structs.replace(
    BOX,
    network="slim",
    epochs=90,
    label_smoothing=0.0,
    mixup=0.3,
    distillation_weight=0.4,
    augmentation=AGAIN.augmentation,
    seed=3,
)

# From a BOX run with all seven moods to the paper's three.
BOX3 = msgspec.structs.replace(
    BOX,
    moods=PAPER.moods,
    epochs=6,
    learning_rate=0.003,
    warmup_epochs=1,
    ema_momentum=0.99,
    progressive_sizes=(SIDE,),
    augmentation=msgspec.structs.replace(
        BOX.augmentation, degrees=10, scale=0.1, shift=0.06, contrast=0.2, dim=0.2, blur=0.6, erase=0.1
    ),
)

# A second round after AGAIN, with two teachers.
MORE = msgspec.structs.replace(
    AGAIN,
    epochs=45,
    learning_rate=0.03,
    warmup_epochs=1,
    distillation_weight=0.7,
    progressive_sizes=(SIDE,),
    seed=2,
)

# A few epochs at a low learning rate, from the mean of two such runs.
REST = msgspec.structs.replace(MORE, epochs=6, learning_rate=0.003)

# From there to the paper's three moods.
REST3 = msgspec.structs.replace(REST, moods=PAPER.moods, epochs=12, learning_rate=0.01)

RECIPES = {
    "paper": PAPER,
    "box": BOX,
    "box3": BOX3,
    "again": AGAIN,
    "faces": FACES,
    "face-output": FACE_OUTPUT,
    "slim": SLIM,
    "more": MORE,
    "rest": REST,
    "rest3": REST3,
}


# Which recipes continue from other runs, and which learn from their predictions.
WITH_START = frozenset(("box3", "again", "faces", "face-output", "more", "rest", "rest3"))
WITH_TEACHER = frozenset(("again", "faces", "slim", "more", "rest", "rest3"))


def recipe_needs(recipe: Recipe, name: str = "") -> dict[str, str]:
    """Return what a recipe needs besides the faces: by the name of the option, what it is.

    Args:
        recipe: of the run.
        name: of the recipe, for a new run. One that is resumed has its networks in its own recipe.
    """
    needs = {}
    if recipe.votes_weight:
        needs["votes"] = "FER+'s votes (fer2013new.csv); name them"
    if recipe.face_weight:
        needs["backgrounds"] = "pictures without people; name them"
    if name in WITH_START:
        needs["start"] = "a trained network to continue from; name its best.keras"
    if name in WITH_TEACHER:
        needs["teacher"] = "a trained network as its teacher; name its best.keras"
    return needs
