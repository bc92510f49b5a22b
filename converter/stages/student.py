"""A student whose teachers answer to the very images that it sees: augmented, and blended with one another.

Such answers differ at each epoch, where answers to each plain face are soon known by heart (Beyer et al.,
*Knowledge distillation: a good teacher is patient and consistent*, 2022). They take the time of the teachers.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from fractions import Fraction
from typing import Any

import keras
from keras import ops

from converter.networks.outputs import MOODS, VOTES
from converter.training.batch_maker import CANDIDATE_SHARE

# At least as many as there are: the number of candidates is rounded up.
FACES_IN_A_BATCH = 1 / (1 + Fraction(CANDIDATE_SHARE))


class Student(keras.Model):  # type: ignore[misc]  # Keras has no types
    """A network that shares its variables with the one that it is made of; its loss asks the teachers."""

    def __init__(self, network: keras.Model, teachers: Sequence[keras.Model], weight: float) -> None:
        """Complete a network.

        Args:
            network: to train, with the outputs MOODS and VOTES, and perhaps others.
            teachers: finished ones, with these outputs. They are not trained.
            weight: of the mean of their answers in each target, 0-1.
        """
        super().__init__(inputs=network.inputs, outputs=network.output)
        for teacher in teachers:
            teacher.trainable = False
        self._teachers = list(teachers)
        self._weight = weight

    def compute_loss(
        self,
        x: Any = None,
        y: Mapping[str, Any] | None = None,
        y_pred: Mapping[str, Any] | None = None,
        sample_weight: Mapping[str, Any] | None = None,
        training: bool = True,
    ) -> Any:
        """Return the loss by targets that are blended with the teachers' answers."""
        assert y is not None
        images = x[0] if isinstance(x, (list, tuple)) else x
        count = ops.shape(images)[0]
        if sample_weight is not None:  # candidates come after the faces; their mood is not known to anybody
            count = -(-count * FACES_IN_A_BATCH.numerator // FACES_IN_A_BATCH.denominator)
        answers = [teacher([images[:count]], training=False) for teacher in self._teachers]
        mixed = dict(y)
        for output in (MOODS, VOTES):
            mean = ops.mean(ops.stack([each[output] for each in answers]), axis=0)
            known = y[output][:count]
            # One without votes has all 0, and keeps it, so that it adds nothing to the loss.
            target = (1 - self._weight) * known + self._weight * ops.sum(known, axis=1, keepdims=True) * mean
            mixed[output] = ops.concatenate([target, y[output][count:]])
        return super().compute_loss(x, mixed, y_pred, sample_weight, training)
