from __future__ import annotations

import dataclasses
import json
import shutil
from pathlib import Path

import cv2
import numpy as np
import pytest

from converter import cards, cli, data, evaluation, golden, networks
from converter.data import Split
from converter.errors import RunError
from device.errors import ModelError
from device.eyes.card import read_card
from device.eyes.classifier import Classifier
from device.mood import Mood
from tests.converter import small
from tests.converter.conftest import Refusal

pytestmark = pytest.mark.xdist_group("tensorflow")


def test_everything_that_belongs_to_a_model_stands_beside_it(model: Path) -> None:
    assert {path.name for path in model.parent.iterdir()} == {
        "tiny.tflite",
        "tiny.json",
        "tiny.golden.npz",
        "tiny.confusion.png",
        "tiny.history.png",
    }


def test_the_device_takes_the_model_by_its_card(model: Path, splits: dict[str, Split]) -> None:
    classifier = Classifier(model)
    assert classifier.card.name == "tiny"
    assert classifier.card.labels == (Mood.HAPPY, Mood.NEUTRAL, Mood.SAD)
    assert classifier.card.side == 48
    assert sum(classifier.read(splits["PrivateTest"].images[0]).values()) == pytest.approx(1)


def test_the_card_says_what_the_model_was_made_of(model: Path, splits: dict[str, Split]) -> None:
    about = read_card(model).about
    assert (about["network"], about["parameters"]) == ("paper", 2_341_507)
    assert about["recipes"][0]["epochs"] == about["recipes"][0]["epochs_done"] == 8
    assert about["training"]["count"] == len(splits["Training"])
    assert about["training"]["classes"] == splits["Training"].counts()
    assert about["versions"].keys() == {"tensorflow", "keras", *golden.installed()}
    assert "none of them is shipped" in about["licence"]


def test_the_card_says_how_threshold_and_margin_were_chosen(model: Path) -> None:
    card = read_card(model)
    threshold, frame = card.about["threshold"], card.about["framing"]
    assert (threshold["chosen_on"], threshold["value"]) == ("PublicTest", card.threshold)
    assert threshold["right"] >= threshold["asked"] == 0.9
    assert (frame["margin"], frame["detector"]) == (card.crop.margin, card.crop.detector)
    assert 0 < frame["found"] <= frame["pictures"]


def test_the_prior_is_for_the_device_and_the_scores_are_without_it(
    model: Path, splits: dict[str, Split]
) -> None:
    classifier, test = Classifier(model), splits["PublicTest"]
    assert classifier.card.prior == {Mood.NEUTRAL: 2}
    answers = np.array([classifier.probabilities(image) for image in test.images])
    right = np.mean(answers.argmax(axis=1) == test.labels)
    assert right == classifier.card.about["scores"]["PublicTest"]["int8"]["accuracy"]


def test_a_run_gives_a_model_that_is_held_to_some_of_its_moods(
    run: Path, fer2013: Path, splits: dict[str, Split], tmp_path: Path
) -> None:
    out = tmp_path / "two.tflite"
    asked = f"quantize --run {run} --data {fer2013} --out {out} --moods sad,happy"
    assert cli.main(asked.split()) == 0
    classifier = Classifier(out)
    assert classifier.card.labels == (Mood.SAD, Mood.HAPPY)
    assert classifier.card.about["training"]["count"] == len(splits["Training"])
    test = data.read(fer2013, ["PublicTest"], classifier.card.labels)["PublicTest"]
    answers = np.array([classifier.probabilities(image) for image in test.images])
    assert np.mean(answers.argmax(axis=1) == test.labels) > 0.8


def test_several_runs_give_one_model_that_answers_with_their_mean(
    run: Path, fer2013: Path, splits: dict[str, Split], tmp_path: Path
) -> None:
    other, out = tmp_path / "other", tmp_path / "both.tflite"
    learn = f"train --data {fer2013} --out {other} --network {small.NAME} --epochs 3 --batch 8 --seed 2"
    assert cli.main(learn.split()) == 0
    assert cli.main(f"quantize --run {run} --run {other} --data {fer2013} --out {out}".split()) == 0
    card, images = read_card(out), splits["PrivateTest"].images
    assert card.about["network"] == "paper_and_small"
    assert [recipe["seed"] for recipe in card.about["recipes"]] == [1, 2]
    heat = card.about["temperature"]["value"]
    logits = [
        np.log(networks.predict(networks.restore(folder / "best.keras", temperature=heat), images))
        for folder in (run, other)
    ]
    mean = np.exp(np.mean(logits, axis=0))
    mean /= mean.sum(axis=1, keepdims=True)
    assert np.abs(evaluation.probabilities(out, images) - mean).mean() < 0.03


def test_a_prior_for_a_mood_that_the_run_does_not_know_is_refused(
    run: Path, fer2013: Path, tmp_path: Path, refusal: Refusal
) -> None:
    asked = ("quantize", "--run", run, "--data", fer2013, "--out", tmp_path / "x.tflite", "--prior")
    assert "does not know fear, but happy, neutral, sad" in refusal(*asked, "fear=2", code=2)


@pytest.mark.parametrize("split", cards.TESTS)
def test_the_card_scores_are_what_evaluate_finds(
    split: str, model: Path, fer2013: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    capsys.readouterr()
    cli.main(f"evaluate {model} --data {fer2013} --split {split} --json".split())
    found = json.loads(capsys.readouterr().out)
    scores = read_card(model).about["scores"][split]
    assert {name: found[name] for name in scores["int8"]} == scores["int8"]
    assert scores["float"]["accuracy"] == pytest.approx(scores["int8"]["accuracy"], abs=0.1)
    assert 0.9 <= scores["agreement"] <= 1


def test_golden_vectors_are_drawn_crops_with_the_models_exact_answers(model: Path) -> None:
    with np.load(model.with_suffix(".golden.npz")) as vectors:
        crops, outputs = vectors["crops"], vectors["outputs"]
    assert (crops.shape, crops.dtype) == ((golden.COUNT, 48, 48), np.uint8)
    assert (outputs.shape, outputs.dtype) == ((golden.COUNT, 3), np.uint8)
    assert len(np.unique(outputs, axis=0)) > golden.COUNT / 4
    for runtime in golden.installed():
        assert np.array_equal(golden.answers(golden.plain(model, runtime), crops), outputs)
        assert golden.apart(model.read_bytes(), crops, outputs, runtime) <= golden.STEPS


def test_a_network_that_has_learned_nothing_is_refused(
    run: Path, fer2013: Path, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    blank = Path(shutil.copytree(run, tmp_path / "run"))
    network = networks.load(blank / "best.keras")
    answer = network.get_layer(networks.MOODS)
    answer.set_weights([np.zeros_like(weight) for weight in answer.get_weights()])
    network.save(blank / "best.keras")
    out = tmp_path / "models" / "blank.tflite"
    asked = f"quantize --run {blank} --data {fer2013} --out {out} --right .3"
    assert cli.main(asked.split()) == 1
    # TensorFlow has its say on the way.
    last = capfd.readouterr().err.splitlines()[-1]
    assert last.startswith("moodbox-converter: the quantized model is torn between moods on all of 256 drawn")
    assert last.endswith("train it for longer")
    assert not list(out.parent.iterdir())


def test_the_pictures_are_pictures(model: Path) -> None:
    for kind in ("confusion", "history"):
        picture = cv2.imread(str(model.with_suffix(f".{kind}.png")))
        assert picture is not None
        assert min(picture.shape[:2]) > 200


def test_the_report_compares_float_and_integers_on_the_same_faces(model: Path) -> None:
    report = cards.report(read_card(model))
    for name in cards.TESTS:
        assert any(
            line.startswith(name) and "float" in line and "int8" in line for line in report.splitlines()
        )
    assert "2,341,507 parameters, happy, neutral, sad" in report


def test_a_failure_leaves_the_model_that_was_there(
    model: Path, run: Path, splits: dict[str, Split], tmp_path: Path
) -> None:
    out = tmp_path / "tiny.tflite"
    for path in model.parent.iterdir():
        (tmp_path / path.name).write_bytes(path.read_bytes())
    before = {path.name: path.read_bytes() for path in tmp_path.iterdir()}
    test = splits["PublicTest"]
    wrong = dataclasses.replace(test, labels=(test.labels + 1) % 3)
    with pytest.raises(RunError, match="no threshold makes named moods right 99% of the time"):
        cards.make([run], splits | {"PublicTest": wrong}, out, cards.Choices(right=0.99))
    assert {path.name: path.read_bytes() for path in tmp_path.iterdir()} == before


def test_a_card_does_not_go_with_another_model(model: Path, tmp_path: Path) -> None:
    (tmp_path / "tiny.json").write_bytes(model.with_suffix(".json").read_bytes())
    (tmp_path / "tiny.tflite").write_bytes(model.read_bytes()[:-1] + b"?")
    with pytest.raises(ModelError, match="is not the file its card describes"):
        read_card(tmp_path / "tiny.tflite")


def test_a_model_is_named_tflite(run: Path, fer2013: Path, tmp_path: Path, refusal: Refusal) -> None:
    line = refusal("quantize", "--run", run, "--data", fer2013, "--out", tmp_path / "tiny.bin", code=2)
    assert "tiny.bin: expected a name that ends in .tflite" in line


def test_a_folder_that_is_no_run_is_refused(fer2013: Path, tmp_path: Path, refusal: Refusal) -> None:
    out = tmp_path / "tiny.tflite"
    line = refusal("quantize", "--run", tmp_path, "--data", fer2013, "--out", out, code=2)
    assert "run.json: cannot be read" in line
    assert not out.exists()
