"""Counts of reliable labels and of photographs that Training contains too."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from converter.cli import main as cli
from converter.data.dataset import Split
from converter.data.labels import EMOTIONS
from converter.measure.label_quality import LabelQuality, measure
from device.mood import Mood
from tests.converter import drawn
from tests.converter.conftest import Refusal

ALL = tuple(Mood)
THREE = drawn.MOODS
Votes = dict[Mood, int]


def split(name: str, *faces: tuple[Mood, Votes], seed: int) -> Split:
    """Return faces of these moods, each with its votes; no two of them are near duplicates."""
    generator = np.random.default_rng(seed)
    votes = np.array([[counts.get(mood, 0) for mood in ALL] for _, counts in faces], np.float32)
    return Split(
        name,
        ALL,
        images=np.stack([drawn.face(mood, generator) for mood, _ in faces]),
        labels=np.array([ALL.index(mood) for mood, _ in faces]),
        votes=votes / np.maximum(votes.sum(axis=1, keepdims=True), 1),
    )


TRAINING = split("Training", *((mood, {}) for mood in ALL), seed=1)


def quality(*faces: tuple[Mood, Votes], moods: tuple[Mood, ...] = ALL) -> LabelQuality:
    """Measure a test split of these faces; none of them is in Training."""
    return measure(split("PrivateTest", *faces, seed=2), TRAINING, moods)


def test_a_label_counts_if_it_got_more_votes_than_every_other_mood() -> None:
    measured = quality(
        (Mood.SAD, {Mood.SAD: 5, Mood.NEUTRAL: 4}),
        (Mood.SAD, {Mood.SAD: 4, Mood.NEUTRAL: 3, Mood.FEAR: 3}),
        (Mood.SAD, {Mood.SAD: 4, Mood.NEUTRAL: 6}),
    )
    assert (measured.faces, measured.most_votes, measured.tied) == (3, 2, 0)


@pytest.mark.parametrize("other", [Mood.ANGRY, Mood.SURPRISE])  # before and after it in the order of moods
def test_a_label_with_as_many_votes_as_another_mood_is_tied(other: Mood) -> None:
    measured = quality(
        (Mood.SAD, {Mood.SAD: 5, other: 5}),
        (Mood.SAD, {Mood.SAD: 2, other: 4, Mood.HAPPY: 4}),  # a tie, but not of the label
    )
    assert (measured.faces, measured.most_votes, measured.tied) == (2, 0, 1)


def test_a_label_without_votes_has_neither_the_most_nor_a_tie() -> None:
    measured = quality((Mood.HAPPY, {Mood.HAPPY: 9}), (Mood.HAPPY, {}))
    assert (measured.faces, measured.most_votes, measured.tied, measured.with_votes) == (2, 1, 0, 1)


def test_only_votes_for_the_moods_that_were_asked_for_count() -> None:
    faces = (
        (Mood.HAPPY, {Mood.SURPRISE: 6, Mood.HAPPY: 4}),
        (Mood.NEUTRAL, {Mood.SURPRISE: 9}),
        (Mood.SURPRISE, {Mood.SURPRISE: 8, Mood.HAPPY: 2}),
    )
    measured = quality(*faces)
    assert (measured.moods, measured.faces, measured.most_votes, measured.with_votes) == (ALL, 3, 1, 3)
    measured = quality(*faces, moods=THREE)
    assert (measured.moods, measured.faces, measured.most_votes, measured.with_votes) == (THREE, 2, 1, 1)


def test_of_two_moods_with_equally_many_votes_the_first_counts_as_in_the_card() -> None:
    measured = quality(
        (Mood.ANGRY, {Mood.ANGRY: 5, Mood.SAD: 5}),
        (Mood.SAD, {Mood.ANGRY: 5, Mood.SAD: 5}),
        (Mood.FEAR, {Mood.FEAR: 5, Mood.SAD: 4}),
        (Mood.ANGRY, {}),
    )
    assert (measured.with_votes, measured.match_votes) == (3, 2)


def test_near_duplicates_in_training_are_counted_and_those_with_the_same_label() -> None:
    test = split("PrivateTest", *((mood, {mood: 9}) for mood in ALL), seed=2)
    indices = [ALL.index(mood) for mood in (Mood.SAD, Mood.HAPPY, Mood.ANGRY)]
    copies = test.images[indices][:, :, ::-1]  # mirrored
    training = Split(
        "Training",
        ALL,
        images=np.concatenate([TRAINING.images, copies]),
        labels=np.concatenate([TRAINING.labels, [ALL.index(Mood.SAD), ALL.index(Mood.FEAR), indices[2]]]),
    )
    measured = measure(test, TRAINING, ALL)
    assert (measured.duplicates, measured.same_label) == (0, 0)
    measured = measure(test, training, ALL)
    assert (measured.duplicates, measured.same_label) == (3, 2)
    # The copy that is labelled as fearful is still one of a happy face; the angry face was not asked for.
    measured = measure(test, training, THREE)
    assert (measured.duplicates, measured.same_label) == (2, 1)


def test_the_report_gives_shares() -> None:
    measured = LabelQuality(
        "PrivateTest",
        THREE,
        200,
        most_votes=150,
        tied=5,
        with_votes=160,
        match_votes=152,
        duplicates=40,
        same_label=30,
    )
    assert measured.report().splitlines() == [
        "PrivateTest, 200 faces: happy, neutral, sad",
        "75.0 % of the labels got the most votes in FER+, another 2.5 % are tied with another mood",
        (
            "95.0 % of the 160 faces with votes "
            "are labelled with the mood that got most (the first one in a tie)"
        ),
        "40 of the photographs are in Training too, 75.0 % of these with the same label",
    ]


def test_the_report_leaves_out_shares_of_zero_faces() -> None:
    measured = LabelQuality(
        "PrivateTest", THREE, 2, most_votes=0, tied=0, with_votes=0, match_votes=0, duplicates=0, same_label=0
    )
    assert len(measured.report().splitlines()) == 3
    assert measured.report().endswith("\n0 of the photographs are in Training too")


@pytest.fixture
def tables(tmp_path: Path) -> tuple[Path, Path]:
    """FER2013 with faces of each mood, the last of PrivateTest being the first of Training; FER+."""
    generator = np.random.default_rng(3)
    rows = [
        {
            "emotion": str(EMOTIONS.index(mood)),
            "pixels": " ".join(map(str, drawn.face(mood, generator).ravel())),
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


def reports(capsys: pytest.CaptureFixture[str], *arguments: object) -> list[list[str]]:
    """Run `limits` and return the lines of each report."""
    capsys.readouterr()
    assert cli.main(["limits", *map(str, arguments)]) == 0
    return [block.splitlines() for block in capsys.readouterr().out.split("\n\n")]


def test_the_command_measures_private_test_for_both_sets_of_moods(
    tables: tuple[Path, Path], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    data, votes = tables
    seven, three, *by_rule = reports(capsys, "--data", data, "--votes", votes)
    assert [lines[0] for lines in by_rule] == [
        "strict majority, eight classes (7 faces)",
        "majority: angry, disgust, fear, happy, neutral, sad, surprise (7 faces)",
        "majority: happy, neutral, sad (3 faces)",
    ]
    assert seven[0] == "PrivateTest, 7 faces: angry, disgust, fear, happy, neutral, sad, surprise"
    assert seven[1].startswith("85.7 % of the labels")
    assert seven[3] == "1 of the photographs are in Training too, 0.0 % of these with the same label"
    assert three[0] == "PrivateTest, 3 faces: happy, neutral, sad"
    assert three[1].startswith("66.7 % of the labels")
    assert three[3] == seven[3]

    (tmp_path / "rows.txt").write_text("0\n")
    seven, *_ = reports(capsys, "--data", data, "--votes", votes, "--leave-out", tmp_path / "rows.txt")
    assert seven[3] == "0 of the photographs are in Training too"


def test_the_command_needs_votes(
    tables: tuple[Path, Path], tmp_path: Path, refusal: Refusal, capsys: pytest.CaptureFixture[str]
) -> None:
    data, _ = tables
    with pytest.raises(SystemExit):
        cli.main(["limits", "--data", str(data)])
    assert "the following arguments are required: --votes" in capsys.readouterr().err
    line = refusal("limits", "--data", data, "--votes", tmp_path / "none.csv", code=2)
    assert "none.csv: no such file; expected FER+'s fer2013new.csv" in line
