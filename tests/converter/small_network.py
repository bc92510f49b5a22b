"""A network that trains in a moment, for tests of how runs are started, stopped and resumed.

It has what a resumed run has to restore: dropout, and the moving means of batch normalization. Importing this
module adds it to the converter's networks.
"""

from __future__ import annotations

import keras
from keras import layers

from converter.data.fer2013 import SIDE
from converter.networks.architectures import NETWORKS, softmax
from converter.networks.fused_normalization import FusedNormalization
from converter.networks.names import DESCRIPTIONS
from converter.networks.outputs import MOODS

NAME = "small"


def small(mood_count: int, side: int | None = SIDE) -> keras.Model:
    """Build it: one convolution and a dense layer."""
    crop = keras.Input((side, side, 1), name="crop")
    x = layers.Rescaling(1 / 127.5, offset=-1)(crop)
    x = layers.Conv2D(8, 3, strides=3, use_bias=False)(x)
    x = FusedNormalization(momentum=0.9, epsilon=1e-3)(x)
    x = layers.Activation("relu")(x)
    x = layers.GlobalAveragePooling2D()(x)
    x = layers.Dropout(0.2)(x)
    return keras.Model(crop, softmax(x, mood_count, MOODS), name=NAME)


NETWORKS[NAME] = small
DESCRIPTIONS[NAME] = "for tests"
