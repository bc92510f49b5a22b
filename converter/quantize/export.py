"""Makes from finished runs what the box ships with: the integer model, its card, golden vectors and plots."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from importlib.metadata import version
from pathlib import Path
from typing import Any

import keras
import msgspec
import numpy as np
from numpy.typing import NDArray

from converter.data import crop_calibration
from converter.data.crop_calibration import CropCalibration
from converter.data.dataset import Split
from converter.data.fer2013 import SIDE
from converter.errors import RunError
from converter.measure import conditions, evaluation, plots, scenes
from converter.measure.photos import read_photos
from converter.networks.architectures import predict
from converter.quantize import calibration, publish
from converter.quantize.golden_vectors import golden_vectors, installed_runtimes, largest_difference
from converter.quantize.int8 import quantize, representative_images
from converter.quantize.sources import Sources, read_sources
from converter.training import history_plot
from device.config import settings
from device.mood import Mood
from device.vision.model_card import FACE_FORMAT, MOODS_FORMAT, Card, Crop
from device.vision.normalization import normalize_all
from device.vision.observation import FaceAnalyzer

TEST_SPLITS = ("PublicTest", "PrivateTest")
CHOSEN_ON = "PublicTest"

# Texts of the card. The cards in models/ contain them word for word.
DATA_SET = (
    "FER2013's Training, less rows that --leave-out named, pictures that stand in a test split too (near "
    "duplicates as well), and, where FER+'s votes were read, those that most saw no face in"
)
LICENCE = (
    "Trained on FER2013 (Goodfellow et al. 2013, Kaggle), whose pictures come from a web search and have "
    "unclear rights: none of them is shipped, and the golden vectors are drawn."
)


@dataclass(frozen=True)
class Choices:
    """What the user of `quantize` chooses.

    Attributes:
        target_precision: share, 0-1, of the named moods that have to be the true ones; it determines the
            threshold.
        votes_share: weight, 0-1, of the output that learned FER+'s votes.
        margin: of the crop, as in the card; as FER2013 crops faces if None.
        prior: as in the card.
        face_threshold: as in the card, if the runs have learned what is a face.
        photos: a folder of photos of people, as `conditions` takes it; the threshold is then chosen on the
            choosing half of them, and not on PublicTest.
        seed: of the images for quantizing and for the margin, and of the golden vectors.
        moods: those of the run that the model is restricted to; all if None.
        golden: whether to make golden vectors. Without them it is not checked that all runtimes compute the
            same, so the model should not ship.
    """

    target_precision: float = 0.9
    votes_share: float = 0.0
    margin: float | None = None
    prior: Mapping[Mood, float] = field(default_factory=dict)
    face_threshold: float = 0.5
    photos: Path | None = None
    seed: int = 1
    moods: Sequence[Mood] | None = None
    golden: bool = True


def export(
    folders: Sequence[Path],
    splits: Mapping[str, Split],
    out: Path,
    choices: Choices,
    learned: Split | None = None,
) -> Card:
    """Quantize the best model of a run, or those of several as one, and write all files of the model.

    Each file is complete or not written at all, and the card comes last.

    Args:
        folders: of the runs.
        splits: all three, with the moods of the model. Images for quantizing and for the margin come from
            Training, temperature and threshold from PublicTest.
        out: the `.tflite` file; the others are written beside it.
        choices: of the user.
        learned: what the runs were trained on, if the model is restricted to some of its moods.

    Raises:
        MoodboxError: the runs, the choices and the data do not give a model.
    """
    if out.suffix != ".tflite":
        raise RunError(f"--out {out}: expected a name that ends in .tflite")
    sources = read_sources(folders, choices.moods, choices.prior.keys())
    faces, chosen = splits["Training"], splits[CHOSEN_ON]
    crops = {name: normalize_all(splits[name].images, sources.normalization) for name in TEST_SPLITS}
    uncalibrated = predict(sources.network(choices.votes_share), crops[CHOSEN_ON])
    people_say = np.eye(len(sources.moods))[chosen.labels] if chosen.votes is None else chosen.votes
    temperature = calibration.choose_temperature(people_say, uncalibrated)
    network = sources.network(choices.votes_share, temperature)
    with publish.draft(out) as draft:
        images = representative_images(faces, sources.normalization, choices.seed)
        draft.write_bytes(quantize(sources.network(choices.votes_share, temperature, face=True), images))
        crop = crop_calibration.measure(faces.images, choices.seed)
        card = _card_without_measurements(draft, sources, choices, crop)
        # The device's own code runs the model only with a card. What that measures then completes the card.
        publish.write_card(draft, card)
        integer = {name: evaluation.probabilities(draft, splits[name].images) for name in TEST_SPLITS}
        threshold = _threshold(draft, choices, chosen, integer[CHOSEN_ON])
        floating = {name: predict(network, crops[name]) for name in TEST_SPLITS}
        about = {
            **_origin(network, sources, choices, temperature, learned or faces),
            "quantization": {
                "kind": "int8 weights and activations, uint8 in and out",
                "pictures": len(images),
                "seed": choices.seed,
            },
            "scores": {name: _scores(splits[name], floating[name], integer[name]) for name in TEST_SPLITS},
            "threshold": {
                "chosen_on": "choosing people" if choices.photos else CHOSEN_ON,
                "asked": choices.target_precision,
            }
            | threshold.as_dict(),
            "framing": crop.as_dict(),
            "versions": {name: version(name) for name in ("tensorflow", "keras", *installed_runtimes())},
            "licence": LICENCE,
        }
        if choices.golden:
            about["golden"] = _write_golden_vectors(draft, len(sources.moods), choices.seed)
        card = msgspec.structs.replace(card, threshold=threshold.value, about=about)
        publish.write_card(draft, card)
        _plot(draft, sources, card)
    return card


def _card_without_measurements(
    model: Path, sources: Sources, choices: Choices, crop: CropCalibration
) -> Card:
    margin = crop.margin if choices.margin is None else choices.margin
    return Card(
        format=FACE_FORMAT if sources.know_faces() else MOODS_FORMAT,
        name=model.stem,
        labels=sources.moods,
        side=SIDE,
        crop=Crop(detector=crop.detector, margin=margin, normalization=sources.normalization),
        threshold=0,
        prior=dict(choices.prior),
        face_threshold=choices.face_threshold if sources.know_faces() else None,
        sha256=hashlib.sha256(model.read_bytes()).hexdigest(),
    )


def _threshold(
    model: Path, choices: Choices, chosen: Split, probabilities: NDArray[np.float32]
) -> calibration.Threshold:
    if choices.photos is None:
        return calibration.choose_threshold(chosen.labels, probabilities, choices.target_precision)
    analyzer = FaceAnalyzer(settings.Model(path=str(model)), settings.Look())
    photos = read_photos(choices.photos).half("choosing")
    # All conditions count alike: the box is not told how light it is, nor what covers a face.
    given = [conditions.answers_on(analyzer, photos, condition) for condition in scenes.NAMES]
    return calibration.choose_threshold_by_people(
        np.concatenate([each.predicted == each.truth for each in given]),
        np.concatenate([each.confidence for each in given]),
        np.concatenate([each.people for each in given]),
        choices.target_precision,
    )


def _origin(
    network: keras.Model, sources: Sources, choices: Choices, temperature: float, learned: Split
) -> dict[str, Any]:
    """The card's entries on what the model was made of."""
    return {
        "network": network.name,
        "parameters": network.count_params(),
        "recipes": sources.card_entries(),
        "votes_share": choices.votes_share,
        "temperature": {"chosen_on": CHOSEN_ON, "value": temperature},
        "training": {"data_set": DATA_SET, "count": len(learned), "classes": learned.counts()},
    }


def _scores(split: Split, floating: NDArray[np.float32], integer: NDArray[np.float32]) -> dict[str, Any]:
    """The card's entry on one split, from the probabilities of the float network and of the integer model."""
    before = evaluation.score(split.moods, split.labels, floating)
    scores = {
        "float": {"accuracy": before.accuracy, "balanced_accuracy": before.balanced_accuracy},
        "int8": evaluation.score(split.moods, split.labels, integer).as_dict(),
        "agreement": evaluation.agreement(floating, integer),
        "runtime": installed_runtimes()[0],
    }
    if split.votes is not None:
        voted = split.labelled_by_votes()
        by_votes = evaluation.score(split.moods, voted.labels, integer[split.votes.any(axis=1)])
        scores["ferplus"] = {"count": by_votes.count, "accuracy": by_votes.accuracy}
    return scores


def _write_golden_vectors(model: Path, mood_count: int, seed: int) -> dict[str, Any]:
    """Write the golden vectors beside `model`; returns the card's entry on them."""
    content = model.read_bytes()
    crops, outputs = golden_vectors(content, mood_count, seed)
    differences = {name: largest_difference(content, crops, outputs, name) for name in installed_runtimes()}
    np.savez_compressed(model.with_suffix(".golden.npz"), crops=crops, outputs=outputs)
    return {"crops": len(crops), "seed": seed, "steps_apart": differences}


def _plot(model: Path, sources: Sources, card: Card) -> None:
    history_plot.draw(sources.histories(), model.with_suffix(".history.png"))
    scores = card.about["scores"]["PrivateTest"]["int8"]
    matrix = np.array(scores["confusion_matrix"])
    plots.confusion(matrix, card.labels, f"{card.name}, PrivateTest", model.with_suffix(".confusion.png"))
