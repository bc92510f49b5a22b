"""The model card: the JSON file beside a `.tflite` file. The converter writes it, the device obeys it."""

from __future__ import annotations

import hashlib
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any

import msgspec

from device.errors import ModelError
from device.mood import Mood

FORMAT = 2


class Light(StrEnum):
    """How the grey values of a crop are evened before the network sees them."""

    AS_IS = "as is"
    STRETCHED = "stretched"  # to a fixed mean and deviation
    EQUALISED = "equalised"  # each grey value as often as any other


class Crop(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """How to cut a face for this model.

    margin: how much larger than the detector's box the square is, as a share of the box's side.
    detector: the cascade file, from OpenCV's own folder, whose boxes the margin is for.
    light: how the grey values are evened.
    """

    detector: str
    margin: Annotated[float, msgspec.Meta(ge=-0.5, le=2)]
    light: Light


class Card(msgspec.Struct, frozen=True, kw_only=True):
    """What the device must know of a model; other entries in the file are for people.

    labels: moods in the order of the model's outputs.
    side: width and height of the crop in pixels; it goes in as uint8 (1, side, side, 1), 0-255.
    threshold: a mean probability under it is `unsure`.
    prior: how many times likelier a mood is before the box than among the faces that the model learned from,
    1 for those not named; its probabilities are weighted by it.
    sha256: of the `.tflite` file.
    """

    format: int
    name: str
    labels: Annotated[tuple[Mood, ...], msgspec.Meta(min_length=2)]
    side: Annotated[int, msgspec.Meta(ge=1)]
    crop: Crop
    threshold: Annotated[float, msgspec.Meta(ge=0, le=1)]
    prior: dict[Mood, Annotated[float, msgspec.Meta(gt=0, le=100)]] = {}
    sha256: str
    about: dict[str, Any] = {}


class _Version(msgspec.Struct, frozen=True):
    format: int


def _other(version: int) -> str:
    return "upgrade moodbox" if version > FORMAT else "make the model again with `quantize`"


def card_path(model: Path) -> Path:
    return model.with_suffix(".json")


def read_card(model: Path) -> Card:
    """The card beside `model`, after making sure that it describes this very file.

    Raises ModelError if either is missing, damaged, or they do not belong together.
    """
    if not model.suffix:
        raise ModelError(f"{model}: expected a .tflite file with its card (.json) beside it")
    path = card_path(model)
    try:
        written = path.read_bytes()
        version = msgspec.json.decode(written, type=_Version).format
        if version != FORMAT:
            raise ModelError(f"{path}: card format {version}, this version knows {FORMAT}; {_other(version)}")
        card = msgspec.json.decode(written, type=Card)
        content = model.read_bytes()
    except OSError as error:
        raise ModelError(
            f"{error.filename}: {error.strerror}; a model is a .tflite file with its card (.json) beside it"
        ) from error
    except msgspec.DecodeError as error:
        raise ModelError(f"{path}: not a model card: {error}; make it again with `quantize`") from error
    if hashlib.sha256(content).hexdigest() != card.sha256:
        raise ModelError(f"{model}: is not the file its card describes (sha256 differs); copy both again")
    return card
