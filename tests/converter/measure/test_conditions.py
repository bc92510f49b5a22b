"""The command `conditions` observes photos as the box does, and reports what it measured."""

from __future__ import annotations

import json
from pathlib import Path

import cv2
import numpy as np
import pytest

from converter.cli import main as cli
from converter.measure.conditions import NOT_FOUND, Answers, look_at
from converter.measure.photos import Photo, person_numbers
from device.config import settings
from device.mood import Face, Mood
from device.vision.frame import Frame
from device.vision.observation import FaceAnalyzer, FrameResult
from device.vision.pictures import read_picture
from tests.converter.conftest import Refusal
from tests.device.conftest import HAPPY

MODEL = Path(__file__).parents[3] / "models" / "mood3.tflite"


def test_the_command_prints_and_plots_what_it_measured(
    photo_folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    capsys.readouterr()
    out = tmp_path / "measured"
    command = f"conditions {MODEL} --photos {photo_folder} --condition clean --condition dark --out {out}"
    assert cli.main([*command.split(), "--json"]) == 0
    lines = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert [(line["condition"], line["photos"]) for line in lines] == [("clean", 2), ("dark", 2)]
    for line in lines:
        assert line["people"] == 2
        assert line["recall"].keys() == line["errors"]["recall"].keys() == {"happy", "neutral"}
        assert line["balanced_accuracy"] == pytest.approx(sum(line["recall"].values()) / 2)
        assert line["in_place"] <= 1 - line["lost"]
        assert line["sources"].keys() == {"portrait", "still"}
        assert line["sources"]["still"]["recall"].keys() == {"neutral"}
    table = out.with_suffix(".md").read_text()
    assert table.startswith("# mood3 on 2 photos of 2 people for reporting\n")
    assert f"| clean | **{lines[0]['balanced_accuracy']:.3f}** ± " in table
    assert "| condition | portrait, balanced |" in table
    assert cv2.imread(str(out.with_suffix(".png"))) is not None


class Blinking(FaceAnalyzer):
    """Does not recognize the face in one of the crops, as happens with a face that is partly covered."""

    def analyze(self, frame: Frame, previous: Face | None = None, number: int = 0) -> FrameResult:
        found = super().analyze(frame, previous, number)
        return FrameResult(None, None, 0.0, 0.0) if number == 1 else found


def test_a_look_goes_on_after_a_crop_in_which_the_face_is_not_recognized() -> None:
    analyzer = Blinking(settings.Model(path=str(MODEL)), settings.Look())
    assert look_at(analyzer, read_picture(HAPPY)).prediction_count == 4


def test_a_folder_that_does_not_say_who_is_on_its_photos_still_works(
    photo_folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (photo_folder / "people.csv").unlink()
    capsys.readouterr()
    command = f"conditions {MODEL} --photos {photo_folder} --condition clean --json"
    assert cli.main(command.split()) == 0
    printed = capsys.readouterr()
    line = json.loads(printed.out)
    assert line["people"] == line["photos"]
    assert line["sources"] == {}
    assert f"{photo_folder}: no people.csv, so each photo counts as another person's\n" in printed.err


def test_an_answer_that_is_held_to_some_moods_is_the_likeliest_of_these(
    photo_folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    capsys.readouterr()
    command = f"conditions {MODEL} --photos {photo_folder} --condition clean --json --moods neutral,sad"
    assert cli.main(command.split()) == 0
    assert json.loads(capsys.readouterr().out)["recall"] == {"happy": 0, "neutral": 1}


def test_moods_that_the_model_does_not_know_are_refused(photo_folder: Path, refusal: Refusal) -> None:
    line = refusal("conditions", MODEL, "--photos", photo_folder, "--moods", "sad,fear", code=2)
    assert line.endswith(f"--moods fear: {MODEL} knows happy, neutral, sad")


PHOTO = Path("photo.png")
PHOTOS = [
    Photo(PHOTO, Mood.HAPPY, "a", "portrait"),
    Photo(PHOTO, Mood.HAPPY, "a", "portrait"),
    Photo(PHOTO, Mood.SAD, "b", "portrait"),
    Photo(PHOTO, Mood.SAD, "c", "still"),
]


def test_figures_are_as_counted_by_hand() -> None:
    """One happy face is right, one is found on the wall, one sad one is not named, and one is not found."""
    answers = Answers(
        moods=(Mood.HAPPY, Mood.SAD),
        threshold=0.7,
        truth=np.array([0, 0, 1, 1]),
        predicted=np.array([0, 1, 1, NOT_FOUND]),
        confidence=np.array([0.9, 0.8, 0.6, -1]),
        in_place=np.array([True, False, True, False]),
        people=np.array(person_numbers(PHOTOS)),
    )
    figures = answers.figures(np.ones(4, np.bool_))
    assert (figures.photos, figures.people) == (4, 3)
    assert (figures.not_found.value, figures.in_place.value) == (0.25, 0.5)
    assert {mood: recall.value for mood, recall in figures.recall.items()} == {"happy": 0.5, "sad": 0.5}
    assert figures.balanced_accuracy.value == 0.5
    assert (figures.coverage.value, figures.precision.value) == (0.5, 0.5)
    assert figures.coverage_at["coverage_at_90"].value == 0.25
    portraits = answers.figures(np.array([True, True, True, False]))
    assert (portraits.photos, portraits.people, portraits.not_found.value) == (3, 2, 0)


def answers_of(confidence: float, people: int) -> Answers:
    """Return right answers with this confidence, one for each person, at a threshold of .7."""
    return Answers(
        moods=(Mood.HAPPY, Mood.SAD),
        threshold=0.7,
        truth=np.zeros(people, np.int64),
        predicted=np.zeros(people, np.int64),
        confidence=np.concatenate([[confidence], np.full(people - 1, 0.5)]),
        in_place=np.ones(people, np.bool_),
        people=np.arange(people),
    )


def test_samples_without_a_named_photo_do_not_count_for_the_precision() -> None:
    precision = answers_of(0.9, people=5).figures(np.ones(5, np.bool_)).precision
    assert (precision.value, precision.error) == (1, 0)


def test_the_precision_is_0_if_no_photo_is_named() -> None:
    precision = answers_of(0.6, people=5).figures(np.ones(5, np.bool_)).precision
    assert (precision.value, precision.error) == (0, 0)


def test_a_folder_without_photos_is_refused(tmp_path: Path, refusal: Refusal) -> None:
    line = refusal("conditions", MODEL, "--photos", tmp_path, code=2)
    assert "no photos; expected folders named angry, disgust" in line
