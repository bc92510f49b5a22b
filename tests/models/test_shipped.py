"""What the box ships with: each model in models/, its card, and its golden vectors on each runtime."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from converter.quantize.golden_vectors import (
    XNNPACK_TOLERANCE,
    installed_runtimes,
    largest_difference,
    outputs,
    plain_interpreter,
)
from converter.training.run_folder import BEST, read_recipe
from device.mood import Mood
from device.vision.classifier import Classifier
from device.vision.model_card import read_card
from device.vision.tflite import MODULES, interpreter

FOLDER = Path(__file__).parents[2] / "models"
MODELS = sorted(FOLDER.glob("*.tflite"))

each_model = pytest.mark.parametrize("model", MODELS, ids=lambda model: model.stem)
each_runtime = pytest.mark.parametrize(
    "runtime",
    [
        pytest.param(
            name,
            marks=pytest.mark.skipif(
                name not in installed_runtimes(), reason=f"no {name} for this Python here"
            ),
        )
        for name in MODULES
    ],
)


def test_the_models_with_three_moods_and_with_all_are_shipped() -> None:
    labels = {model.stem: read_card(model).labels for model in MODELS}
    assert labels == {"mood3": (Mood.HAPPY, Mood.NEUTRAL, Mood.SAD), "mood7": tuple(Mood)}


@each_model
def test_a_model_is_small_and_can_be_quantized_again_without_training(model: Path) -> None:
    assert model.stat().st_size <= 1_500_000
    pytest.importorskip("tensorflow", reason="no TensorFlow for this Python here")
    from converter.networks.saved_models import restore

    run, card = FOLDER / "runs" / "box", read_card(model)
    known = read_recipe(run).moods
    indices = [known.index(mood) for mood in card.labels]
    assert restore(run / BEST, mood_indices=indices).count_params() == card.about["parameters"]


@each_model
def test_the_card_describes_this_very_file(model: Path) -> None:
    card = read_card(model)
    assert card.name == model.stem
    assert card.threshold == card.about["threshold"]["value"]
    assert card.crop.margin == pytest.approx(card.about["framing"]["margin"], abs=0.2)


@each_model
def test_its_pictures_stand_beside_it(model: Path) -> None:
    for kind in ("confusion", "history"):
        assert model.with_suffix(f".{kind}.png").is_file()


@each_model
@each_runtime
def test_the_device_can_run_it(model: Path, runtime: str) -> None:
    classifier = Classifier(model, runtime)
    reading = classifier.classify(np.zeros((classifier.card.side, classifier.card.side), np.uint8))
    assert tuple(reading) == classifier.card.labels
    assert sum(reading.values()) == pytest.approx(1)


@each_model
@each_runtime
def test_it_is_all_integers_and_takes_grey_values_as_they_are(model: Path, runtime: str) -> None:
    loaded = plain_interpreter(model, runtime)
    assert {tensor["dtype"] for tensor in loaded.get_tensor_details()} <= {np.uint8, np.int8, np.int32}
    crop = loaded.get_input_details()[0]
    assert (crop["dtype"], crop["quantization"]) == (np.uint8, (1.0, 0))
    assert [output["dtype"] for output in loaded.get_output_details()] == [np.uint8, np.uint8]


@each_model
@each_runtime
def test_its_golden_answers_are_exact_by_tflites_own_kernels(model: Path, runtime: str) -> None:
    crops, expected = vectors(model)
    assert np.array_equal(outputs(plain_interpreter(model, runtime), crops), expected)


@each_model
@each_runtime
def test_its_golden_answers_are_close_as_the_box_runs_it(model: Path, runtime: str) -> None:
    """ai-edge-litert adds XNNPACK, which rounds otherwise; tflite-runtime is exact here too."""
    difference = largest_difference(model.read_bytes(), *vectors(model), runtime)
    assert difference <= (0 if runtime == "tflite-runtime" else XNNPACK_TOLERANCE)


@each_model
@each_runtime
def test_each_golden_crop_gets_the_same_mood_from_every_runtime(model: Path, runtime: str) -> None:
    crops, expected = vectors(model)
    found, moods = outputs(interpreter(model, runtime), crops), len(read_card(model).labels)
    assert np.array_equal(found[:, :moods].argmax(axis=1), expected[:, :moods].argmax(axis=1))


@each_model
def test_its_golden_crops_make_it_answer_every_mood(model: Path) -> None:
    _, outputs = vectors(model)
    moods = len(read_card(model).labels)
    assert set(outputs[:, :moods].argmax(axis=1)) == set(range(moods))


@each_model
def test_it_tells_faces_and_its_golden_vectors_say_so(model: Path) -> None:
    card = read_card(model)
    assert card.face_threshold is not None
    _, outputs = vectors(model)
    assert outputs.shape[1] == len(card.labels) + 1


def vectors(model: Path) -> tuple[np.ndarray, np.ndarray]:  # type: ignore[type-arg]
    with np.load(model.with_suffix(".golden.npz")) as file:
        return file["crops"], file["outputs"]
