"""What is trained in which stage, by name."""

from __future__ import annotations

import msgspec
from msgspec.structs import replace

from converter.data.fer2013 import SIDE
from converter.training.recipes import AGAIN, BOX, FACES, Recipe


class Preset(msgspec.Struct, frozen=True):
    """Teachers, and a student of them.

    Attributes:
        teacher: how each teacher is trained, but for its seed.
        teachers: how many there are; their seeds are 1, 2, and so on.
        student: how the student is trained.
        asks_often: whether the teachers answer to each image that the student sees, or once to each face.
        keeps_optimizer: whether a training that is stopped goes on exactly. Otherwise its file has only the
            weights, and it goes on from these with an optimizer that has forgotten its momentum: three times
            less to keep.
        saves_every: epochs between two savings of a training that goes on.
    """

    teacher: Recipe
    teachers: int
    student: Recipe
    asks_often: bool
    keeps_optimizer: bool
    saves_every: int

    def in_precision(self, precision: str) -> Preset:
        """Return the same in another precision."""
        teacher, student = (replace(each, precision=precision) for each in (self.teacher, self.student))
        return replace(self, teacher=teacher, student=student)

    def recipe(self, stage: int) -> Recipe:
        """Return the recipe of a teacher, counted from 0, or, after the last one, of the student."""
        return self.student if stage == self.teachers else replace(self.teacher, seed=stage + 1)


# As `again` from random weights: labels, votes and what is a face; mixup, covered faces, mean weights.
_FROM_NOTHING = replace(
    AGAIN,
    learning_rate=0.1,
    warmup_epochs=2,
    votes_weight=FACES.votes_weight,
    face_weight=FACES.face_weight,
    progressive_sizes=(SIDE,),
)

# They keep a GPU busy. An average over as many epochs as before is one over fewer steps.
_IN_LARGE_BATCHES = replace(_FROM_NOTHING, batch=512, learning_rate=0.3, warmup_epochs=5, ema_momentum=0.992)

# With small images at first, which takes less time. An accelerator would have to compile for each size.
_GROWING = replace(_FROM_NOTHING, progressive_sizes=BOX.progressive_sizes)

# Only the students have to know what is a face: a third less work for the teachers.
PRESETS = {
    # One GPU and nine minutes.
    "accelerator": Preset(
        teacher=replace(_IN_LARGE_BATCHES, network="large", epochs=100, face_weight=0.0),
        teachers=3,
        student=replace(_IN_LARGE_BATCHES, network="deep", epochs=300, distillation_weight=0.7),
        asks_often=True,
        keeps_optimizer=False,
        saves_every=15,
    ),
    # Two cores and a day or two.
    "two-cores": Preset(
        teacher=replace(_GROWING, network="wide", epochs=60, face_weight=0.0),
        teachers=2,
        student=replace(_GROWING, network="residual", epochs=90),
        asks_often=False,
        keeps_optimizer=True,
        saves_every=1,
    ),
}
