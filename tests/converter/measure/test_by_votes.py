"""A model is scored by what ten people say of each face, with the prior that the box adds and without it."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from converter.cli import main as cli
from converter.data.dataset import Split
from converter.data.ferplus import COLUMNS
from converter.measure.by_votes import measure, report, with_prior
from device.mood import Mood
from tests.converter import drawn
from tests.converter.conftest import Refusal

ALL = tuple(Mood)
THREE = (Mood.HAPPY, Mood.NEUTRAL, Mood.SAD)
MODELS = Path(__file__).parents[3] / "models"


def split(*faces: dict[str, int]) -> Split:
    """Return faces with these votes, by FER+'s column; what FER2013 calls them does not matter here."""
    counts = np.array([[votes.get(name, 0) for name in COLUMNS] for votes in faces], np.int64)
    empty = np.zeros((len(faces), 48, 48), np.uint8)
    return Split("PrivateTest", ALL, empty, np.zeros(len(faces), np.int64), None, counts)


def saying(*moods: Mood, of: tuple[Mood, ...] = ALL, confidence: float = 0.7) -> NDArray[np.float32]:
    """Return probabilities of a model of the moods `of` that predicts `moods`."""
    rest = (1 - confidence) / (len(of) - 1)
    return np.array([[confidence if each is mood else rest for each in of] for mood in moods], np.float32)


def test_seven_moods_are_scored_by_the_strict_majority_and_the_majority_and_held_to_three() -> None:
    faces = split(
        {"happiness": 10},
        {"sadness": 4, "neutral": 3, "fear": 3},  # no strict majority
        {"contempt": 8, "neutral": 2},  # always missed, and no mood's majority
        {"surprise": 7, "happiness": 3},
    )
    answers = saying(Mood.HAPPY, Mood.SAD, Mood.NEUTRAL, Mood.HAPPY)
    strict, seven, three = measure(faces, ALL, answers, {})
    assert (strict.truth, strict.faces) == ("strict majority, eight classes", 3)
    assert strict.without_prior["accuracy"].value == pytest.approx(1 / 3)
    assert (seven.moods, seven.faces) == (ALL, 3)
    assert seven.without_prior["accuracy"].value == pytest.approx(2 / 3)
    assert seven.without_prior["balanced_accuracy"].value == pytest.approx(2 / 3)
    assert (three.moods, three.faces) == (THREE, 2)
    assert three.without_prior["accuracy"].value == 1
    assert strict.without_prior["accuracy"].error > 0


def test_a_model_of_three_moods_is_scored_on_the_faces_of_these_moods() -> None:
    faces = split({"happiness": 9}, {"anger": 9}, {"sadness": 6, "neutral": 4})
    (three,) = measure(faces, THREE, saying(Mood.HAPPY, Mood.SAD, Mood.SAD, of=THREE), {})
    assert (three.truth, three.moods, three.faces) == ("majority", THREE, 2)
    assert three.as_the_box["accuracy"].value == 1
    # The shares of the votes are 1, 0, 0 and 0, .4, .6.
    by_hand = (-np.log(0.7) - 0.4 * np.log(0.15) - 0.6 * np.log(0.7)) / 2
    assert three.as_the_box["cross_entropy"].value == pytest.approx(by_hand)
    assert three.least_cross_entropy == pytest.approx((-0.4 * np.log(0.4) - 0.6 * np.log(0.6)) / 2)
    # .7 was claimed, and 1 and .6 of the people say so.
    assert three.as_the_box["calibration_error"].value == pytest.approx(0.1)


def test_the_box_answers_with_its_prior() -> None:
    faces = split({"neutral": 10}, {"happiness": 10})
    answers = np.array([[0.5, 0.4, 0.1], [0.7, 0.2, 0.1]], np.float32)
    (three,) = measure(faces, THREE, answers, {Mood.NEUTRAL: 2})
    assert three.without_prior["accuracy"].value == 0.5
    assert three.as_the_box["accuracy"].value == 1


def test_a_prior_weights_the_probabilities_and_they_still_sum_to_1() -> None:
    weighted = with_prior(np.array([[0.5, 0.3, 0.2]], np.float32), THREE, {Mood.NEUTRAL: 2})
    assert weighted.tolist() == [pytest.approx([5 / 13, 6 / 13, 2 / 13])]


def test_a_model_that_gives_0_to_all_moods_it_is_held_to_is_undecided() -> None:
    answers = np.array([[1.0, 0, 0, 0, 0, 0, 0]], np.float32)  # angry
    *_, three = measure(split({"sadness": 10}), ALL, answers, {})
    assert three.without_prior["cross_entropy"].value == pytest.approx(np.log(3), abs=1e-5)


def test_the_report_says_what_the_box_answers_and_what_it_would_without_the_prior() -> None:
    faces = split({"neutral": 10}, {"happiness": 10})
    answers = np.array([[0.5, 0.4, 0.1], [0.7, 0.2, 0.1]], np.float32)
    text = report(measure(faces, THREE, answers, {Mood.NEUTRAL: 2}), {Mood.NEUTRAL: 2})
    lines = text.splitlines()
    assert lines[1] == "prior: neutral 2"
    assert lines[2].split() == ["as", "the", "box", "answers", "without", "the", "prior"]
    accuracy = next(line for line in lines if line.startswith("  accuracy"))
    assert accuracy.split()[1::4] == ["100.0", "50.0"]


@pytest.fixture
def tables(tmp_path: Path) -> tuple[Path, Path]:
    """FER2013 with a face of each mood in PrivateTest, and FER+'s votes, all for the label."""
    generator = np.random.default_rng(3)
    rows = [
        {
            "emotion": str(emotion),
            "pixels": " ".join(map(str, drawn.face(Mood.HAPPY, generator).ravel())),
            "Usage": "PrivateTest",
        }
        for emotion in range(7)
    ]
    names = ("anger", "disgust", "fear", "happiness", "sadness", "surprise", "neutral")
    votes = [dict.fromkeys(drawn.FERPLUS, "0") | {name: "10"} for name in names]
    return (
        drawn.write_csv(tmp_path / "fer2013.csv", rows),
        drawn.write_csv(tmp_path / "fer2013new.csv", votes),
    )


def test_the_command_scores_by_votes_and_still_by_labels(
    tables: tuple[Path, Path], capsys: pytest.CaptureFixture[str]
) -> None:
    data, votes = tables
    command = f"evaluate {MODELS}/mood7.tflite --data {data} --votes {votes} --split PrivateTest"
    capsys.readouterr()
    assert cli.main([*command.split(), "--json"]) == 0
    printed = json.loads(capsys.readouterr().out)
    assert printed["prior"] == {}  # that of the shipped card
    assert [(each["truth"], each["faces"]) for each in printed["votes"]] == [
        ("strict majority, eight classes", 7),
        ("majority", 7),
        ("majority", 3),
    ]
    # The votes are for the labels, so the accuracy without the prior is the one by labels.
    assert printed["votes"][0]["without_prior"]["accuracy"]["value"] == printed["accuracy"]
    assert cli.main([*command.split(), "--mirrored", "--prior", "sad=3"]) == 0
    text = capsys.readouterr().out
    assert "prior: sad 3\n" in text
    assert "by FER2013's labels, without the prior\n" in text


def test_a_share_of_the_votes_is_refused_for_a_model_that_is_quantized(
    tables: tuple[Path, Path], refusal: Refusal
) -> None:
    data, votes = tables
    line = refusal(
        *("evaluate", MODELS / "mood3.tflite", "--data", data, "--votes", votes),
        *("--split", "PrivateTest", "--votes-share", "1"),
        code=1,
    )
    assert "mood3.tflite: `quantize` has fixed its share of the votes; leave out --votes-share" in line


def test_a_prior_for_a_mood_that_the_model_does_not_know_is_refused(
    tables: tuple[Path, Path], refusal: Refusal
) -> None:
    data, votes = tables
    model = MODELS / "mood3.tflite"
    line = refusal(
        *("evaluate", model, "--data", data, "--votes", votes),
        *("--split", "PrivateTest", "--prior", "fear=2"),
        code=2,
    )
    assert line.endswith(f"--prior fear: {model} knows happy, neutral, sad")


def test_scores_as_json_have_these_keys() -> None:
    (three,) = measure(split({"neutral": 10}), THREE, saying(Mood.NEUTRAL, of=THREE), {})
    decoded = json.loads(json.dumps(three.as_dict(), allow_nan=False))
    assert decoded.keys() == {
        "truth", "moods", "faces", "least_cross_entropy", "as_the_box", "without_prior",
    }  # fmt: skip
    assert decoded["as_the_box"].keys() == {
        "accuracy", "balanced_accuracy", "cross_entropy", "calibration_error", "coverage_at_85",
        "coverage_at_90", "coverage_at_95", "recall_neutral",
    }  # fmt: skip
    assert decoded["as_the_box"]["accuracy"].keys() == {"value", "error"}
