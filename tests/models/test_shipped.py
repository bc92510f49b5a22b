"""What the box ships with: each model in models/, its card, and its golden vectors on each runtime."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from converter import golden
from device.eyes.card import read_card
from device.eyes.classifier import Classifier
from device.eyes.runtime import MODULES, interpreter
from device.mood import Mood

FOLDER = Path(__file__).parents[2] / "models"
MODELS = sorted(FOLDER.glob("*.tflite"))

each_model = pytest.mark.parametrize("model", MODELS, ids=lambda model: model.stem)
each_runtime = pytest.mark.parametrize(
    "runtime",
    [
        pytest.param(
            name,
            marks=pytest.mark.skipif(
                name not in golden.installed(), reason=f"no {name} for this Python here"
            ),
        )
        for name in MODULES
    ],
)


def test_the_models_with_three_moods_and_with_all_are_shipped() -> None:
    labels = {model.stem: read_card(model).labels for model in MODELS}
    assert labels == {"mood3": (Mood.HAPPY, Mood.NEUTRAL, Mood.SAD), "mood7": tuple(Mood)}


@pytest.mark.xdist_group("tensorflow")
@each_model
def test_a_model_is_small_and_can_be_quantized_again_without_training(model: Path) -> None:
    assert model.stat().st_size <= 1_000_000
    pytest.importorskip("tensorflow", reason="no TensorFlow for this Python here")
    from converter import networks, training

    run, card = FOLDER / "runs" / "box", read_card(model)
    known = training.read_recipe(run).moods
    places = [known.index(mood) for mood in card.labels]
    assert networks.restore(run / training.BEST, places=places).count_params() == card.about["parameters"]


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
    reading = classifier.read(np.zeros((classifier.card.side, classifier.card.side), np.uint8))
    assert tuple(reading) == classifier.card.labels
    assert sum(reading.values()) == pytest.approx(1)


@each_model
@each_runtime
def test_it_is_all_integers_and_takes_grey_values_as_they_are(model: Path, runtime: str) -> None:
    made = golden.plain(model, runtime)
    assert {tensor["dtype"] for tensor in made.get_tensor_details()} <= {np.uint8, np.int8, np.int32}
    crop, moods = made.get_input_details()[0], made.get_output_details()[0]
    assert (crop["dtype"], crop["quantization"]) == (np.uint8, (1.0, 0))
    assert moods["dtype"] is np.uint8


@each_model
@each_runtime
def test_its_golden_answers_are_exact_by_tflites_own_kernels(model: Path, runtime: str) -> None:
    crops, outputs = vectors(model)
    assert np.array_equal(golden.answers(golden.plain(model, runtime), crops), outputs)


@each_model
@each_runtime
def test_its_golden_answers_are_close_as_the_box_runs_it(model: Path, runtime: str) -> None:
    """ai-edge-litert adds XNNPACK, which rounds otherwise; tflite-runtime is exact here too."""
    apart = golden.apart(model.read_bytes(), *vectors(model), runtime)
    assert apart <= (0 if runtime == "tflite-runtime" else golden.STEPS)


@each_model
@each_runtime
def test_each_golden_crop_gets_the_same_mood_from_every_runtime(model: Path, runtime: str) -> None:
    crops, outputs = vectors(model)
    found = golden.answers(interpreter(model, runtime), crops)
    assert np.array_equal(found.argmax(axis=1), outputs.argmax(axis=1))


@each_model
def test_its_golden_crops_make_it_answer_every_mood(model: Path) -> None:
    _, outputs = vectors(model)
    assert set(outputs.argmax(axis=1)) == set(range(len(read_card(model).labels)))


def vectors(model: Path) -> tuple[np.ndarray, np.ndarray]:  # type: ignore[type-arg]
    with np.load(model.with_suffix(".golden.npz")) as file:
        return file["crops"], file["outputs"]
