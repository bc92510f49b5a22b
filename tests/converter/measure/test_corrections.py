"""Simulated people are read better once they have corrected the box, and wrong corrections can be undone."""

from __future__ import annotations

import numpy as np
import pytest

from converter.measure.corrections import TEN, THIRTY, UNDONE, Person, people, report, simulate
from device.mood import Mood

MOODS = (Mood.HAPPY, Mood.NEUTRAL, Mood.SAD)
TRIALS = 40


def person(offset: float, seed: int = 1, faces: int = 120) -> Person:
    """Return a person whose faces look sadder than they are, by so many logits."""
    rng = np.random.default_rng(seed)
    truth = np.repeat(np.arange(3), faces)
    logits = rng.normal(0, 1, (len(truth), 3)) + 2.5 * np.eye(3)[truth] + [0, 0, offset]
    shares = np.exp(logits)
    return Person(truth, shares / shares.sum(axis=1, keepdims=True))


READ_BADLY, READ_WELL = person(2.5), person(0)


def test_somebody_who_is_read_badly_is_read_better_after_ten_corrections() -> None:
    before, ten, thirty = (
        simulate(READ_BADLY, MOODS, sequence, trials=TRIALS) for sequence in ("", TEN, THIRTY)
    )
    assert ten > before + 0.1
    assert thirty > ten - 0.01


def test_somebody_who_is_read_well_stays_so() -> None:
    assert (
        simulate(READ_WELL, MOODS, THIRTY, trials=TRIALS)
        > simulate(READ_WELL, MOODS, "", trials=TRIALS) - 0.01
    )


@pytest.mark.parametrize("someone", [READ_BADLY, READ_WELL])
def test_ten_right_corrections_undo_ten_wrong_ones(someone: Person) -> None:
    """To within one point of balanced accuracy."""
    learned, wrong, undone = (
        simulate(someone, MOODS, sequence, trials=TRIALS) for sequence in (THIRTY, THIRTY + "w" * 10, UNDONE)
    )
    assert wrong < learned - 0.01
    assert undone > learned - 0.01


def test_somebody_who_is_never_misread_has_nothing_to_correct() -> None:
    certain = Person(np.repeat(np.arange(3), 20), np.repeat(np.eye(3), 20, axis=0))
    assert simulate(certain, MOODS, THIRTY, trials=TRIALS) == 1


def test_people_are_clusters_of_what_is_left_when_the_mood_is_taken_away() -> None:
    """Two people, each with faces of three moods: the moods differ more than the people."""
    rng = np.random.default_rng(1)
    truth, who = np.repeat([0, 1, 2], 40), np.tile([0, 1], 60)
    features = rng.normal(0, 0.1, (120, 5))
    features[:, :3] += 9 * np.eye(3)[truth]
    features[:, 3] += 3 * who
    probabilities = np.eye(3)[np.where(who == 0, truth, 2)]  # the second looks sad to the model, always
    found = people(features.astype(np.float32), truth, probabilities, count=2)
    assert [each.balanced_accuracy() for each in found] == [pytest.approx(1 / 3), 1]
    assert [np.bincount(each.truth).tolist() for each in found] == [[20, 20, 20]] * 2


def test_moods_of_which_a_person_has_hardly_a_face_are_left_out() -> None:
    truth = np.repeat([0, 1, 2], [30, 30, 5])
    (found,) = people(np.zeros((65, 2), np.float32), truth, np.eye(3)[truth], count=1)
    assert np.bincount(found.truth).tolist() == [30, 30]


def test_the_report_has_a_line_for_each_strength_and_each_sequence() -> None:
    printed = report([person(2.0, seed) for seed in range(4)], MOODS, trials=1)
    first, _, second = printed.partition("\n\n")
    assert first.startswith("2 people for choosing")
    assert len(first.splitlines()) == 9
    assert second.startswith("2 people for reporting, strength 5, factor 4")
    assert "30, 10 wrong, 10 right" in second
