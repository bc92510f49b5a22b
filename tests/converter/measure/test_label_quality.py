from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from converter.cli import main as cli
from converter.data.dataset import EMOTIONS, Split
from converter.measure.label_quality import Limits, measure
from device.mood import Mood
from tests.converter import drawn
from tests.converter.conftest import Refusal

ALL = tuple(Mood)
THREE = drawn.MOODS
Votes = dict[Mood, int]


def split(name: str, *faces: tuple[Mood, Votes], seed: int) -> Split:
    """Faces of these moods, each with its votes; no two of them are one photograph."""
    draw = np.random.default_rng(seed)
    votes = np.array([[given.get(mood, 0) for mood in ALL] for _, given in faces], np.float32)
    return Split(
        name,
        ALL,
        images=np.stack([drawn.face(mood, draw) for mood, _ in faces]),
        labels=np.array([ALL.index(mood) for mood, _ in faces]),
        votes=votes / np.maximum(votes.sum(axis=1, keepdims=True), 1),
    )


TRAINING = split("Training", *((mood, {}) for mood in ALL), seed=1)


def voted(*faces: tuple[Mood, Votes], moods: tuple[Mood, ...] = ALL) -> Limits:
    return measure(split("PrivateTest", *faces, seed=2), TRAINING, moods)


def test_a_label_is_agreed_on_where_more_saw_it_than_any_other_mood() -> None:
    found = voted(
        (Mood.SAD, {Mood.SAD: 5, Mood.NEUTRAL: 4}),
        (Mood.SAD, {Mood.SAD: 4, Mood.NEUTRAL: 3, Mood.FEAR: 3}),
        (Mood.SAD, {Mood.SAD: 4, Mood.NEUTRAL: 6}),
    )
    assert (found.faces, found.agreed, found.torn) == (3, 2, 0)


@pytest.mark.parametrize("other", [Mood.ANGRY, Mood.SURPRISE])  # before and after it in the order of moods
def test_where_as_many_saw_another_mood_people_are_torn(other: Mood) -> None:
    found = voted(
        (Mood.SAD, {Mood.SAD: 5, other: 5}),
        (Mood.SAD, {Mood.SAD: 2, other: 4, Mood.HAPPY: 4}),  # torn, but not over the label
    )
    assert (found.faces, found.agreed, found.torn) == (2, 0, 1)


def test_a_label_that_nobody_voted_on_is_not_agreed_on() -> None:
    found = voted((Mood.HAPPY, {Mood.HAPPY: 9}), (Mood.HAPPY, {}))
    assert (found.faces, found.agreed, found.torn, found.voted) == (2, 1, 0, 1)


def test_people_are_held_to_the_moods_asked_for_as_a_model_is() -> None:
    faces = (
        (Mood.HAPPY, {Mood.SURPRISE: 6, Mood.HAPPY: 4}),
        (Mood.NEUTRAL, {Mood.SURPRISE: 9}),
        (Mood.SURPRISE, {Mood.SURPRISE: 8, Mood.HAPPY: 2}),
    )
    found = voted(*faces)
    assert (found.moods, found.faces, found.agreed, found.voted) == (ALL, 3, 1, 3)
    found = voted(*faces, moods=THREE)
    assert (found.moods, found.faces, found.agreed, found.voted) == (THREE, 2, 1, 1)


def test_as_a_card_counts_the_first_of_two_moods_is_what_most_saw() -> None:
    found = voted(
        (Mood.ANGRY, {Mood.ANGRY: 5, Mood.SAD: 5}),
        (Mood.SAD, {Mood.ANGRY: 5, Mood.SAD: 5}),
        (Mood.FEAR, {Mood.FEAR: 5, Mood.SAD: 4}),
        (Mood.ANGRY, {}),
    )
    assert (found.voted, found.by_card) == (3, 2)


def test_a_photograph_that_training_has_too_is_counted_and_so_is_its_label_there() -> None:
    test = split("PrivateTest", *((mood, {mood: 9}) for mood in ALL), seed=2)
    places = [ALL.index(mood) for mood in (Mood.SAD, Mood.HAPPY, Mood.ANGRY)]
    copies = test.images[places][:, :, ::-1]  # mirrored
    training = Split(
        "Training",
        ALL,
        images=np.concatenate([TRAINING.images, copies]),
        labels=np.concatenate([TRAINING.labels, [ALL.index(Mood.SAD), ALL.index(Mood.FEAR), places[2]]]),
    )
    found = measure(test, TRAINING, ALL)
    assert (found.repeated, found.same) == (0, 0)
    found = measure(test, training, ALL)
    assert (found.repeated, found.same) == (3, 2)
    # The copy that is called fearful is one of a happy face all the same; the angry face is not asked for.
    found = measure(test, training, THREE)
    assert (found.repeated, found.same) == (2, 1)


def test_the_report_is_in_shares_of_what_it_names() -> None:
    found = Limits(
        "PrivateTest", THREE, 200, agreed=150, torn=5, voted=160, by_card=152, repeated=40, same=30
    )
    assert found.report().splitlines() == [
        "PrivateTest, 200 faces: happy, neutral, sad",
        "75.0% of the labels are what most of FER+'s ten saw, another 2.5% what as many saw as another mood",
        "95.0% as a card counts: of the 160 with votes, the first mood where two have as many",
        "40 of the photographs stand in Training too, 75.0% of these with the same label",
    ]


def test_the_report_has_no_share_of_nothing() -> None:
    found = Limits("PrivateTest", THREE, 2, agreed=0, torn=0, voted=0, by_card=0, repeated=0, same=0)
    assert len(found.report().splitlines()) == 3
    assert found.report().endswith("\n0 of the photographs stand in Training too")


@pytest.fixture
def tables(tmp_path: Path) -> tuple[Path, Path]:
    """FER2013 with faces of each mood, the last of PrivateTest also the first of Training; FER+."""
    draw = np.random.default_rng(3)
    rows = [
        {
            "emotion": str(EMOTIONS.index(mood)),
            "pixels": " ".join(map(str, drawn.face(mood, draw).ravel())),
            "Usage": name,
        }
        for name in ("Training", "Training", "PrivateTest")
        for mood in EMOTIONS
    ]
    rows[-1]["pixels"] = rows[0]["pixels"]
    names = ("anger", "disgust", "fear", "happiness", "sadness", "surprise", "neutral")
    votes = [dict.fromkeys(drawn.FERPLUS, "0") | {names[int(row["emotion"])]: "9"} for row in rows]
    votes[-1] |= {"neutral": "1", "sadness": "8"}
    return (
        drawn.write_csv(tmp_path / "fer2013.csv", rows),
        drawn.write_csv(tmp_path / "fer2013new.csv", votes),
    )


def reported(capsys: pytest.CaptureFixture[str], *arguments: object) -> list[list[str]]:
    capsys.readouterr()
    assert cli.main(["limits", *map(str, arguments)]) == 0
    return [block.splitlines() for block in capsys.readouterr().out.split("\n\n")]


def test_the_command_measures_private_test_for_both_models(
    tables: tuple[Path, Path], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    data, votes = tables
    seven, three = reported(capsys, "--data", data, "--votes", votes)
    assert seven[0] == "PrivateTest, 7 faces: angry, disgust, fear, happy, neutral, sad, surprise"
    assert seven[1].startswith("85.7% of the labels")
    assert seven[3] == "1 of the photographs stand in Training too, 0.0% of these with the same label"
    assert three[0] == "PrivateTest, 3 faces: happy, neutral, sad"
    assert three[1].startswith("66.7% of the labels")
    assert three[3] == seven[3]

    (tmp_path / "rows.txt").write_text("0\n")
    seven, _ = reported(capsys, "--data", data, "--votes", votes, "--leave-out", tmp_path / "rows.txt")
    assert seven[3] == "0 of the photographs stand in Training too"


def test_the_command_wants_votes(
    tables: tuple[Path, Path], tmp_path: Path, refusal: Refusal, capsys: pytest.CaptureFixture[str]
) -> None:
    data, _ = tables
    with pytest.raises(SystemExit):
        cli.main(["limits", "--data", str(data)])
    assert "the following arguments are required: --votes" in capsys.readouterr().err
    line = refusal("limits", "--data", data, "--votes", tmp_path / "none.csv", code=2)
    assert "none.csv: cannot be read as FER+'s fer2013new.csv" in line
