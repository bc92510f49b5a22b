"""A network that is trained in a moment, for the tests of how runs are begun, stopped and gone on with.

It has what a run that goes on has to bring back: dropout, and the means of its normalisation. Importing this
module makes it known to the converter.
"""

from __future__ import annotations

import keras
from keras import layers

from converter import networks
from converter.data import SIDE

NAME = "small"


def small(moods: int, side: int | None = SIDE) -> keras.Model:
    crop = keras.Input((side, side, 1), name="crop")
    x = layers.Rescaling(1 / 127.5, offset=-1)(crop)
    x = layers.Conv2D(8, 3, strides=3, use_bias=False)(x)
    x = networks.FusedNormalization(momentum=0.9, epsilon=1e-3)(x)
    x = layers.Activation("relu")(x)
    x = layers.GlobalAveragePooling2D()(x)
    x = layers.Dropout(0.2)(x)
    answer = layers.Dense(moods, activation="softmax", dtype="float32", name=networks.MOODS)(x)
    return keras.Model(crop, answer, name=NAME)


networks.NETWORKS[NAME] = small
