"""Batch normalization as the networks train with it."""

from __future__ import annotations

from typing import Any

import keras
from keras import layers


# Saved models contain the name of this class, so it cannot be renamed.
@keras.saving.register_keras_serializable("moodbox")
class FusedNormalization(layers.BatchNormalization):  # type: ignore[misc]  # Keras has no types
    """Batch normalization that trains with TensorFlow's fused kernel, in one pass.

    Keras computes mean and variance separately: an epoch took 62 to 77 s where this takes 39. On other
    backends it is Keras' own, so that each backend can load what another one saved.
    """

    def call(self, inputs: Any, training: bool | None = None, mask: Any = None) -> Any:
        """Normalize `inputs`, (n, height, width, channels)."""
        if not training or not self.trainable or keras.backend.backend() != "tensorflow":
            return super().call(inputs, training=training)
        import tensorflow as tf  # other backends do without it

        outputs, mean, variance, *_ = tf.raw_ops.FusedBatchNormV3(
            x=inputs,
            scale=tf.convert_to_tensor(self.gamma),
            offset=tf.convert_to_tensor(self.beta),
            mean=tf.convert_to_tensor(self.moving_mean),
            variance=tf.convert_to_tensor(self.moving_variance),
            epsilon=self.epsilon,
            exponential_avg_factor=1.0,
        )
        for moving, current in ((self.moving_mean, mean), (self.moving_variance, variance)):
            moving.assign(moving * self.momentum + current * (1 - self.momentum))
        return outputs
