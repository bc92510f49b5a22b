"""A finished run becomes a model with everything that the device and people need."""

from __future__ import annotations

import dataclasses
import json
import shutil
from pathlib import Path

import cv2
import numpy as np
import pytest

from converter.cli import main as cli
from converter.data.dataset import Split, read
from converter.errors import RunError
from converter.measure import evaluation
from converter.networks.architectures import predict
from converter.networks.outputs import MOODS
from converter.networks.saved_models import load, restore
from converter.quantize.card_summary import summary
from converter.quantize.export import TEST_SPLITS, Choices, export
from converter.quantize.golden_vectors import (
    COUNT,
    XNNPACK_TOLERANCE,
    installed_runtimes,
    largest_difference,
    outputs,
    plain_interpreter,
)
from device.errors import ModelError
from device.mood import Mood
from device.vision.classifier import Classifier
from device.vision.model_card import read_card
from tests.converter.conftest import Refusal

PARAMETERS = 8 * 9 + 4 * 8 + 3 * 9  # convolution, normalization, output


def test_all_files_of_a_model_are_beside_it(model: Path) -> None:
    assert {path.name for path in model.parent.iterdir()} == {
        "tiny.tflite",
        "tiny.json",
        "tiny.golden.npz",
        "tiny.confusion.png",
        "tiny.history.png",
    }


def test_the_device_loads_the_model_with_its_card(model: Path, splits: dict[str, Split]) -> None:
    classifier = Classifier(model)
    assert classifier.card.name == "tiny"
    assert classifier.card.labels == (Mood.HAPPY, Mood.NEUTRAL, Mood.SAD)
    assert classifier.card.side == 48
    assert sum(classifier.classify(splits["PrivateTest"].images[0]).values()) == pytest.approx(1)


def test_the_card_says_what_the_model_was_made_of(model: Path, splits: dict[str, Split]) -> None:
    about = read_card(model).about
    assert (about["network"], about["parameters"]) == ("small", PARAMETERS)
    assert about["recipes"][0]["epochs"] == about["recipes"][0]["epochs_done"] == 8
    assert about["training"]["count"] == len(splits["Training"])
    assert about["training"]["classes"] == splits["Training"].counts()
    assert about["versions"].keys() == {"tensorflow", "keras", *installed_runtimes()}
    assert "none of them is shipped" in about["licence"]


def test_the_card_says_how_threshold_and_margin_were_chosen(model: Path) -> None:
    card = read_card(model)
    threshold, crop = card.about["threshold"], card.about["framing"]
    assert (threshold["chosen_on"], threshold["value"]) == ("PublicTest", card.threshold)
    assert threshold["right"] >= threshold["asked"] == 0.9
    assert (crop["margin"], crop["detector"]) == (card.crop.margin, card.crop.detector)
    assert 0 < crop["found"] <= crop["pictures"]


def test_the_prior_is_in_the_card_and_the_scores_are_without_it(
    model: Path, splits: dict[str, Split]
) -> None:
    classifier, test = Classifier(model), splits["PublicTest"]
    assert classifier.card.prior == {Mood.NEUTRAL: 2}
    answers = np.array([classifier.probabilities(image) for image in test.images])
    accuracy = np.mean(answers.argmax(axis=1) == test.labels)
    assert accuracy == classifier.card.about["scores"]["PublicTest"]["int8"]["accuracy"]


def test_a_model_can_be_restricted_to_some_moods_of_its_run(
    run: Path, fer2013: Path, splits: dict[str, Split], tmp_path: Path
) -> None:
    out = tmp_path / "two.tflite"
    command = f"quantize --run {run} --data {fer2013} --out {out} --moods sad,happy"
    assert cli.main(command.split()) == 0
    classifier = Classifier(out)
    assert classifier.card.labels == (Mood.SAD, Mood.HAPPY)
    assert classifier.card.about["training"]["count"] == len(splits["Training"])
    test = read(fer2013, ["PublicTest"], classifier.card.labels)["PublicTest"]
    answers = np.array([classifier.probabilities(image) for image in test.images])
    assert np.mean(answers.argmax(axis=1) == test.labels) > 0.8


@pytest.mark.training
def test_several_runs_give_one_model_that_answers_with_their_mean(
    run: Path, second_run: Path, fer2013: Path, splits: dict[str, Split], tmp_path: Path
) -> None:
    out = tmp_path / "both.tflite"
    assert cli.main(f"quantize --run {run} --run {second_run} --data {fer2013} --out {out}".split()) == 0
    card, images = read_card(out), splits["PrivateTest"].images
    assert card.about["network"] == "small_and_small"
    assert [recipe["seed"] for recipe in card.about["recipes"]] == [1, 2]
    temperature = card.about["temperature"]["value"]
    logits = [
        np.log(predict(restore(folder / "best.keras", temperature=temperature), images))
        for folder in (run, second_run)
    ]
    mean = np.exp(np.mean(logits, axis=0))
    mean /= mean.sum(axis=1, keepdims=True)
    assert np.abs(evaluation.probabilities(out, images) - mean).mean() < 0.03


def test_a_prior_for_a_mood_that_the_run_does_not_know_is_refused(
    run: Path, fer2013: Path, tmp_path: Path, refusal: Refusal
) -> None:
    command = ("quantize", "--run", run, "--data", fer2013, "--out", tmp_path / "x.tflite", "--prior")
    assert "does not know fear; it knows happy, neutral, sad" in refusal(*command, "fear=2", code=2)


@pytest.mark.parametrize("split", TEST_SPLITS)
def test_the_scores_in_the_card_are_those_of_the_command_evaluate(
    split: str, model: Path, fer2013: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    capsys.readouterr()
    cli.main(f"evaluate {model} --data {fer2013} --split {split} --json".split())
    printed = json.loads(capsys.readouterr().out)
    scores = read_card(model).about["scores"][split]
    assert {name: printed[name] for name in scores["int8"]} == scores["int8"]
    assert scores["float"]["accuracy"] == pytest.approx(scores["int8"]["accuracy"], abs=0.1)
    assert 0.9 <= scores["agreement"] <= 1


def test_golden_vectors_are_drawn_crops_with_the_exact_outputs_of_the_model(model: Path) -> None:
    with np.load(model.with_suffix(".golden.npz")) as vectors:
        crops, expected = vectors["crops"], vectors["outputs"]
    assert (crops.shape, crops.dtype) == ((COUNT, 48, 48), np.uint8)
    assert (expected.shape, expected.dtype) == ((COUNT, 3), np.uint8)
    assert len(np.unique(expected, axis=0)) > COUNT / 4
    for runtime in installed_runtimes():
        assert np.array_equal(outputs(plain_interpreter(model, runtime), crops), expected)
        assert largest_difference(model.read_bytes(), crops, expected, runtime) <= XNNPACK_TOLERANCE


def test_an_untrained_network_is_refused(
    run: Path, fer2013: Path, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    untrained = Path(shutil.copytree(run, tmp_path / "run"))
    network = load(untrained / "best.keras")
    output = network.get_layer(MOODS)
    output.set_weights([np.zeros_like(weight) for weight in output.get_weights()])
    network.save(untrained / "best.keras")
    out = tmp_path / "models" / "untrained.tflite"
    command = f"quantize --run {untrained} --data {fer2013} --out {out} --right .3"
    assert cli.main(command.split()) == 1
    # TensorFlow prints other lines before it.
    last = capfd.readouterr().err.splitlines()[-1]
    assert last.startswith("moodbox-converter: the quantized model has no clear answer to any of 1024 drawn")
    assert last.endswith("train it for longer")
    assert not list(out.parent.iterdir())


def test_the_plots_are_images(model: Path) -> None:
    for kind in ("confusion", "history"):
        picture = cv2.imread(str(model.with_suffix(f".{kind}.png")))
        assert picture is not None
        assert min(picture.shape[:2]) > 200


def test_the_summary_compares_the_float_network_and_the_integer_model_on_each_split(model: Path) -> None:
    lines = summary(read_card(model)).splitlines()
    for name in TEST_SPLITS:
        assert any(line.startswith(name) and "float" in line and "int8" in line for line in lines)
    assert f"{PARAMETERS} parameters, happy, neutral, sad" in lines[0]


def test_a_failure_leaves_the_earlier_model_unchanged(
    model: Path, run: Path, splits: dict[str, Split], tmp_path: Path
) -> None:
    out = tmp_path / "tiny.tflite"
    for path in model.parent.iterdir():
        (tmp_path / path.name).write_bytes(path.read_bytes())
    before = {path.name: path.read_bytes() for path in tmp_path.iterdir()}
    test = splits["PublicTest"]
    wrong = dataclasses.replace(test, labels=(test.labels + 1) % 3)
    with pytest.raises(RunError, match="no threshold makes 99 % of the named moods right"):
        export([run], splits | {"PublicTest": wrong}, out, Choices(target_precision=0.99))
    assert {path.name: path.read_bytes() for path in tmp_path.iterdir()} == before


def test_a_card_is_refused_for_another_model(model: Path, tmp_path: Path) -> None:
    (tmp_path / "tiny.json").write_bytes(model.with_suffix(".json").read_bytes())
    (tmp_path / "tiny.tflite").write_bytes(model.read_bytes()[:-1] + b"?")
    with pytest.raises(ModelError, match="is not the file its card describes"):
        read_card(tmp_path / "tiny.tflite")


def test_a_model_has_to_be_named_tflite(run: Path, fer2013: Path, tmp_path: Path, refusal: Refusal) -> None:
    line = refusal("quantize", "--run", run, "--data", fer2013, "--out", tmp_path / "tiny.bin", code=2)
    assert "tiny.bin: expected a name that ends in .tflite" in line


def test_a_folder_that_is_no_run_is_refused(fer2013: Path, tmp_path: Path, refusal: Refusal) -> None:
    out = tmp_path / "tiny.tflite"
    line = refusal("quantize", "--run", tmp_path, "--data", fer2013, "--out", out, code=2)
    assert f"{tmp_path}: contains no run.json; expected the folder of a training run" in line
    assert not out.exists()
