"""What a network costs: its multiply-adds for one crop."""

from __future__ import annotations

import keras
import numpy as np

from converter.networks.prototypes import PrototypeVotes


def multiply_adds(network: keras.Model) -> int:
    """Count the multiply-adds of the convolutions, dense layers and prototypes for one crop.

    Batch normalization becomes a part of the convolution before it, and poolings have no multiplications.
    """
    return sum(map(of_layer, network.layers))


def of_layer(layer: keras.layers.Layer) -> int:
    """Count those of one layer; 0 for a layer without multiplications."""
    if isinstance(layer, keras.Model):  # the members of an ensemble
        return multiply_adds(layer)
    if isinstance(layer, keras.layers.DepthwiseConv2D):
        return int(np.prod(layer.output.shape[1:3])) * int(np.prod(layer.kernel.shape))
    if isinstance(layer, keras.layers.Conv2D | keras.layers.Dense):
        return int(np.prod(layer.output.shape[1:-1])) * int(np.prod(layer.kernel.shape))
    if isinstance(layer, PrototypeVotes):
        return int(np.prod(layer.kernel.shape) + np.prod(layer.votes.shape))
    return 0
