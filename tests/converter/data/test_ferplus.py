"""FER+'s votes become shares of the moods that were asked for."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from converter.data.dataset import Split, read
from converter.data.ferplus import COLUMNS, majority, strict_majority
from converter.data.labels import SPLITS
from converter.errors import DataError
from device.mood import Mood
from tests.converter import drawn
from tests.converter.drawn import MOODS


def write_votes(path: Path, row: int, **counts: int) -> Path:
    """Write FER+'s table of the drawn faces, with other votes on one row."""
    table = drawn.votes()
    table[row] |= dict.fromkeys(drawn.FERPLUS, "0") | {name: str(n) for name, n in counts.items()}
    return drawn.write_csv(path, table)


def test_votes_are_shares_of_the_moods_that_were_asked_for(fer2013: Path, votes: Path) -> None:
    training = read(fer2013, ["Training"], MOODS, votes=votes)["Training"]
    assert training.votes is not None
    happy = training.votes[training.labels == MOODS.index(Mood.HAPPY)]
    assert happy[0] == pytest.approx([7 / 9, 2 / 9, 0])
    neutral = training.votes[training.labels == MOODS.index(Mood.NEUTRAL)]
    assert neutral[0] == pytest.approx([0, 1, 0])


def test_a_single_vote_is_dropped(fer2013: Path, tmp_path: Path) -> None:
    votes = write_votes(tmp_path / "votes.csv", 0, happiness=6, sadness=1, neutral=3)
    training = read(fer2013, ["Training"], MOODS, votes=votes)["Training"]
    assert training.votes is not None
    assert training.votes[0] == pytest.approx([6 / 9, 3 / 9, 0])


def test_a_face_with_votes_for_other_moods_alone_has_no_votes(fer2013: Path, tmp_path: Path) -> None:
    votes = write_votes(tmp_path / "votes.csv", 0, anger=10)
    training = read(fer2013, ["Training"], MOODS, votes=votes)["Training"]
    assert training.votes is not None
    assert training.votes[0].tolist() == [0, 0, 0]
    assert len(training.labelled_by_votes()) == len(training) - 1


def test_images_in_which_most_saw_no_face_are_left_out_of_training_alone(
    fer2013: Path, tmp_path: Path, splits: dict[str, Split]
) -> None:
    table = drawn.votes()
    for row in (0, len(table) - 2):  # the first of Training, the last but one of PrivateTest
        table[row] |= {"NF": "8"}
    votes = drawn.write_csv(tmp_path / "votes.csv", table)
    found = read(fer2013, SPLITS, MOODS, votes=votes)
    assert len(found["Training"]) == len(splits["Training"]) - 1
    assert len(found["PrivateTest"]) == len(splits["PrivateTest"])


def counted(**votes: int) -> NDArray[np.int64]:
    """Return the counts of one face; columns that are not named got no vote."""
    return np.array([[votes.get(name, 0) for name in COLUMNS]], np.int64)


@pytest.mark.parametrize(
    ("votes", "label"),
    [
        ({"happiness": 6, "neutral": 4}, "happiness"),
        ({"happiness": 5, "neutral": 5}, None),
        ({"happiness": 5, "neutral": 3, "unknown": 2}, None),  # these two voted, too
        ({"happiness": 5, "neutral": 3, "unknown": 1, "NF": 1}, "happiness"),  # single votes are noise
        ({"contempt": 7, "anger": 3}, "contempt"),
        ({"NF": 8, "anger": 2}, None),
        ({"unknown": 9}, None),
    ],
)
def test_a_strict_majority_is_more_than_half_of_all_votes_for_one_of_eight_classes(
    votes: dict[str, int], label: str | None
) -> None:
    faces, labels = strict_majority(counted(**votes))
    assert faces.tolist() == [label is not None]
    if label:
        assert COLUMNS[labels[0]] == label


@pytest.mark.parametrize(
    ("votes", "of_seven", "of_three"),
    [
        ({"happiness": 4, "neutral": 3, "sadness": 3}, Mood.HAPPY, Mood.HAPPY),
        ({"neutral": 5, "sadness": 5}, Mood.NEUTRAL, Mood.NEUTRAL),  # the first column of equals
        ({"anger": 5, "sadness": 5}, Mood.ANGRY, None),
        ({"contempt": 5, "neutral": 3, "sadness": 2}, None, None),
        ({"contempt": 5, "neutral": 5}, Mood.NEUTRAL, Mood.NEUTRAL),
        ({"unknown": 6, "happiness": 4}, None, None),
        ({"surprise": 6, "happiness": 4}, Mood.SURPRISE, None),
    ],
)
def test_a_majority_is_most_votes_of_all_columns_for_one_of_the_moods(
    votes: dict[str, int], of_seven: Mood | None, of_three: Mood | None
) -> None:
    for moods, label in ((tuple(Mood), of_seven), (MOODS, of_three)):
        faces, labels = majority(counted(**votes), moods)
        assert faces.tolist() == [label is not None]
        if label:
            assert moods[labels[0]] is label


def test_a_split_keeps_all_votes_of_its_faces(fer2013: Path, tmp_path: Path) -> None:
    votes = write_votes(tmp_path / "votes.csv", 0, contempt=6, happiness=1, unknown=3)
    training = read(fer2013, ["Training"], MOODS, votes=votes)["Training"]
    assert training.vote_counts is not None
    assert training.vote_counts[0].tolist() == counted(contempt=6, happiness=1, unknown=3)[0].tolist()
    sad = training.restrict_to([Mood.NEUTRAL, Mood.SAD])
    assert sad.vote_counts is not None
    assert len(sad.vote_counts) == len(sad)


def test_a_split_labelled_by_votes_has_the_mood_with_most_votes(fer2013: Path, tmp_path: Path) -> None:
    votes = write_votes(tmp_path / "votes.csv", 0, sadness=8, happiness=2)
    training = read(fer2013, ["Training"], MOODS, votes=votes)["Training"]
    by_votes = training.labelled_by_votes()
    assert by_votes.labels[0] == MOODS.index(Mood.SAD)
    assert np.array_equal(by_votes.labels[1:], training.labels[1:])
    assert by_votes.name == "Training by FER+"


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("Usage,neutral\nTraining,3\n", "expected FER\\+'s columns"),
        (f"{','.join(drawn.FERPLUS)}\n1,2,x,4,5,6,7,8,9,0\n", "cannot be read as FER"),
    ],
)
def test_votes_that_cannot_be_read_are_reported(
    content: str, message: str, fer2013: Path, tmp_path: Path
) -> None:
    (tmp_path / "votes.csv").write_text(content)
    with pytest.raises(DataError, match=rf"votes\.csv: {message}"):
        read(fer2013, ["Training"], MOODS, votes=tmp_path / "votes.csv")


def test_votes_for_another_number_of_rows_are_refused(fer2013: Path, tmp_path: Path) -> None:
    votes = drawn.write_csv(tmp_path / "votes.csv", drawn.votes()[:-3])
    with pytest.raises(DataError, match=r"fer2013\.csv: \d+ rows, but the votes are for \d+; use the"):
        read(fer2013, ["Training"], MOODS, votes=votes)
