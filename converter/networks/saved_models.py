"""Loads the models that `train` saved, to go on with them or to make one model of them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

import keras
import numpy as np
from numpy.typing import NDArray

from converter.data.fer2013 import SIDE
from converter.errors import RunError
from converter.networks.architectures import NETWORKS, face_output, softmax
from converter.networks.outputs import FACE, MOODS, OUTPUTS, VOTES


def load(path: Path) -> keras.Model:
    """Load a saved model with all its outputs.

    Raises:
        RunError: the file is not a model that `train` saved.
    """
    try:
        saved = keras.saving.load_model(path, compile=False)
    except (OSError, ValueError, KeyError) as error:
        reason = str(error).strip().splitlines()[0]
        raise RunError(f"{path}: cannot be loaded ({reason}); expected a model that `train` saved") from error
    if saved.name not in NETWORKS:
        raise RunError(f"{path}: contains a network {saved.name!r}; known are {', '.join(NETWORKS)}")
    return saved


def restore(
    path: Path,
    *,
    mood_indices: Sequence[int] | None = None,
    votes_share: float = 0.0,
    temperature: float = 1.0,
    face: bool = False,
) -> keras.Model:
    """Load a saved model as a network with one output, in float32 whatever precision it was trained in.

    Args:
        path: the saved model.
        mood_indices: which of its moods to keep, in this order; all if None.
        votes_share: weight, 0-1, of the output that learned FER+'s votes; the two outputs are mixed before
            the softmax.
        temperature: what the mixture is divided by before the softmax.
        face: whether the network gets the output FACE as a second one, if the saved model has it.

    Raises:
        RunError: the file is not a model that `train` saved, or has not learned the votes that are asked for.
    """
    saved = load(path)
    # The layers of a run in mixed precision keep that precision, so the weights are copied to a new network.
    keras.config.set_dtype_policy("float32")
    output_weights = saved.get_layer(MOODS).get_weights()
    if votes_share:
        if VOTES not in saved.output:
            raise RunError(f"{path}: was trained without votes; leave out --votes-share")
        output_weights = [
            (1 - votes_share) * label + votes_share * vote
            for label, vote in zip(output_weights, saved.get_layer(VOTES).get_weights(), strict=True)
        ]
    if mood_indices is not None:
        output_weights = [weight[..., list(mood_indices)] for weight in output_weights]
    network = NETWORKS[saved.name](output_weights[-1].shape[0])
    body = [layer for layer in saved.layers if layer.name not in OUTPUTS]
    scaled = [weight / temperature for weight in output_weights]
    network.set_weights([*(weight for layer in body for weight in layer.get_weights()), *scaled])
    return (
        _with_face(network, saved.get_layer(FACE).get_weights()) if face and FACE in saved.output else network
    )


def features(network: keras.Model) -> keras.Model:
    """Return the part of a network, from `restore`, whose result its outputs are made from."""
    return keras.Model(network.inputs, network.get_layer(MOODS).input, name=f"{network.name}_features")


def _with_face(network: keras.Model, weights: Sequence[NDArray[np.float32]]) -> keras.Model:
    """Add the output FACE, with its kernel and bias, to a network."""
    face = face_output(network.get_layer(MOODS).input)
    model = keras.Model(network.inputs, {MOODS: network.output, FACE: face}, name=network.name)
    model.get_layer(FACE).set_weights(weights)
    return model


def ensemble(members: Sequence[keras.Model]) -> keras.Model:
    """Build one network whose outputs are the means of its members' outputs before softmax and sigmoid.

    Args:
        members: from `restore`, for the same moods. A single one is returned as it is. The result has the
            output FACE if all members have it.
    """
    if len(members) == 1:
        return members[0]
    crop = keras.Input((SIDE, SIDE, 1), name="crop")
    bodies = [
        keras.Model(member.inputs, member.get_layer(MOODS).input, name=f"{member.name}_{number}")
        for number, member in enumerate(members, start=1)
    ]
    kernels, biases = zip(*(member.get_layer(MOODS).get_weights() for member in members), strict=True)
    # The mean of several dense layers is one dense layer over all their inputs.
    features = keras.layers.Concatenate()([body(crop) for body in bodies])
    name = "_and_".join(member.name for member in members)
    network = keras.Model(crop, softmax(features, biases[0].size, MOODS), name=name)
    network.get_layer(MOODS).set_weights([np.concatenate(kernels) / len(members), np.mean(biases, axis=0)])
    if all(len(member.outputs) > 1 for member in members):
        kernels, biases = zip(*(member.get_layer(FACE).get_weights() for member in members), strict=True)
        return _with_face(network, [np.concatenate(kernels) / len(members), np.mean(biases, axis=0)])
    return network


def initialize(model: keras.Model, sources: Mapping[Path, Sequence[int]]) -> None:
    """Give `model` the weights of a saved model, or the mean of those of several.

    A mean is only useful for runs that were trained on from one another: the weights of independent runs do
    not correspond.

    Args:
        model: the network to initialize.
        sources: for each saved model, the indices of the moods of `model` among its own.

    Raises:
        RunError: a file is not a saved model, or contains another network than `model`.
    """
    weights_of_sources = []
    for path, mood_indices in sources.items():
        saved = load(path)
        if model.name != saved.name:
            raise RunError(f"{path}: contains a network {saved.name!r}, but the run trains {model.name!r}")
        output_weights = {
            name: [weight[..., list(mood_indices)] for weight in saved.get_layer(name).get_weights()]
            for name in model.output
            if name != FACE
        }
        if FACE in model.output:  # a model that has not learned it leaves it as it is
            output_weights[FACE] = (saved if FACE in saved.output else model).get_layer(FACE).get_weights()
        body = [layer.get_weights() for layer in saved.layers if layer.name not in OUTPUTS]
        weights_of_sources.append([*body, *output_weights.values()])
    body_layers = [layer for layer in model.layers if layer.name not in OUTPUTS]
    output_layers = map(model.get_layer, [name for name in OUTPUTS if name in model.output])
    for layer, *weights in zip([*body_layers, *output_layers], *weights_of_sources, strict=True):
        layer.set_weights([np.mean(each, axis=0) for each in zip(*weights, strict=True)])
