"""The model card: the JSON file beside a `.tflite` file. The converter writes it, the device follows it."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import Annotated, Any, NamedTuple

import msgspec

from device.config.settings import OWN_MODELS
from device.errors import ModelError
from device.mood import Mood
from device.storage.regular_file import read_regular_file
from device.vision.normalization import Normalization

MOODS_FORMAT = 2  # of a model that tells moods
FACE_FORMAT = 3  # of one that also tells faces; older boxes must refuse it, because they expect one output
KNOWN_FORMATS = (MOODS_FORMAT, FACE_FORMAT)
MAX_CARD_BYTES = 2**20  # real ones have a few thousand
MAX_MODEL_BYTES = 2**28


class Crop(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """How to crop a face for this model.

    detector: the cascade file, from OpenCV's own folder, for whose boxes the margin was chosen.
    margin: how much larger than the detector's box the square is, as a share of the box's side.
    normalization: of the grey values. The file's key is `light`, which older versions read.
    """

    detector: str
    margin: Annotated[float, msgspec.Meta(ge=-0.5, le=2)]
    normalization: Normalization = msgspec.field(name="light")


class CropVariation(NamedTuple):
    """How a crop differs from the one that the card asks for.

    scale: of its side.
    right, down: by how much of its side it is shifted.
    mirrored: whether it is the mirror image.
    """

    scale: float = 1.0
    right: float = 0.0
    down: float = 0.0
    mirrored: bool = False


PLAIN = CropVariation()


class Card(msgspec.Struct, frozen=True, kw_only=True):
    """What the device must know of a model; other entries in the file are for people.

    labels: moods in the order of the model's outputs.
    side: width and height of the crop in pixels; the input is uint8 (1, side, side, 1), 0-255.
    threshold: if the highest mean probability is below it, the decision is `unsure`.
    prior: how many times more frequent a mood is in front of the box than among the training faces, 1 for
        moods that are not listed; the model's probabilities are weighted by it.
    face_threshold: if the model has a second output, the probability that a crop shows a face: the least with
        which one is a face. None for a model without it, as older ones are.
    sha256: of the `.tflite` file.
    """

    format: int
    name: str
    labels: Annotated[tuple[Mood, ...], msgspec.Meta(min_length=2)]
    side: Annotated[int, msgspec.Meta(ge=1)]
    crop: Crop
    threshold: Annotated[float, msgspec.Meta(ge=0, le=1)]
    prior: dict[Mood, Annotated[float, msgspec.Meta(gt=0, le=100)]] = {}
    face_threshold: Annotated[float, msgspec.Meta(gt=0, lt=1)] | None = None
    sha256: str
    about: dict[str, Any] = {}


class _Version(msgspec.Struct, frozen=True):
    format: int


def _remedy(version: int) -> str:
    return "upgrade moodbox" if version > max(KNOWN_FORMATS) else "make the model again with `quantize`"


def card_path(model: Path) -> Path:
    """Where the card of `model` lies."""
    return model.with_suffix(".json")


def read_card(model: Path) -> Card:
    """Read the card beside `model`, and check that it describes exactly this file.

    Raises:
        ModelError: The model or the card is missing or damaged, or they do not belong together.
    """
    if not model.suffix:
        raise ModelError(
            f"{model}: no such model: expected {', '.join(OWN_MODELS)}, "
            "or a .tflite file with its card (.json) beside it"
        )
    path = card_path(model)
    try:
        written = read_regular_file(path, MAX_CARD_BYTES)
        version = msgspec.json.decode(written, type=_Version).format
        if version not in KNOWN_FORMATS:
            raise ModelError(
                f"{path}: card format {version}, this version knows {' and '.join(map(str, KNOWN_FORMATS))}; "
                f"{_remedy(version)}"
            )
        card = msgspec.json.decode(written, type=Card)
        content = read_regular_file(model, MAX_MODEL_BYTES)
    except OSError as error:
        raise ModelError(
            f"{error.filename}: {error.strerror}; a model is a .tflite file with its card (.json) beside it"
        ) from error
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise ModelError(f"{path}: not a model card: {error}; make it again with `quantize`") from error
    if hashlib.sha256(content).hexdigest() != card.sha256:
        raise ModelError(f"{model}: is not the file its card describes (sha256 differs); copy both again")
    return card
