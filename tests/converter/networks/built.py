"""Networks that many tests look at and none changes: to build one takes up to half a second."""

from __future__ import annotations

import functools

import keras

from converter.networks.architectures import NETWORKS


@functools.cache
def built(name: str, moods: int = 7) -> keras.Model:
    return NETWORKS[name](moods)
