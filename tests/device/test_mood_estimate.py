from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from device.mood import Decision, Mood, Outcome
from device.mood_estimate import ChosenBy, MoodEstimate

MIXED = MoodEstimate({Mood.HAPPY: 0.45, Mood.NEUTRAL: 0.40, Mood.SAD: 0.15}, ChosenBy.UNSURE)

probabilities = st.lists(st.floats(0, 1), min_size=7, max_size=7).filter(any).map(
    lambda weights: dict(zip(Mood, (weight / sum(weights) for weight in weights), strict=True))
)  # fmt: skip


def estimate(mixed: dict[Mood, float]) -> MoodEstimate:
    made = MoodEstimate.of_decision(Decision(Outcome.UNSURE, probabilities=mixed))
    assert made
    return made


@given(probabilities)
def test_what_is_written_down_is_read_as_an_equal_estimate(mixed: dict[Mood, float]) -> None:
    assert MoodEstimate.parse(estimate(mixed).text) == estimate(mixed)


@given(probabilities)
def test_the_probabilities_sum_to_1_and_the_likeliest_mood_stays_so(mixed: dict[Mood, float]) -> None:
    made = estimate(mixed)
    assert sum(made.probabilities.values()) == pytest.approx(1)
    assert mixed[made.mood] == pytest.approx(max(mixed.values()), abs=0.002)
    assert 0 <= made.uncertainty <= 1


def test_nothing_is_uncertain_about_a_certain_mood_and_everything_about_equal_ones() -> None:
    assert MoodEstimate.certain(Mood.SAD).uncertainty == 0
    assert MoodEstimate(dict.fromkeys(Mood, 1 / 7)).uncertainty == pytest.approx(1)
    assert 0 < MIXED.uncertainty < 1


def test_a_playlist_needs_a_mood_with_half_of_the_probability() -> None:
    assert MIXED.playlist_mood is None
    assert MoodEstimate({Mood.HAPPY: 0.5, Mood.SAD: 0.5}).playlist_mood is Mood.HAPPY


def test_a_look_says_by_what_its_estimate_was_made() -> None:
    mixed = {Mood.HAPPY: 0.7, Mood.SAD: 0.3}
    named = MoodEstimate.of_decision(Decision(Outcome.MOOD, Mood.HAPPY, 0.7, mixed))
    assert named
    assert named.chosen_by is ChosenBy.MOOD
    assert estimate(mixed).chosen_by is ChosenBy.UNSURE
    assert estimate(mixed) == named
    assert MoodEstimate.of_decision(Decision(Outcome.NO_FACE)) is None


def test_for_people_the_likeliest_mood_comes_first() -> None:
    assert str(MoodEstimate({Mood.SAD: 0.2, Mood.HAPPY: 0.8})) == "happy 80 %, sad 20 %"
    assert str(MoodEstimate.certain(Mood.SAD)) == "sad"


@pytest.mark.parametrize(
    ("text", "read"),
    [
        ("Sad", {Mood.SAD: 1.0}),
        ("happy=0.45,neutral=0.40,sad=0.15", MIXED.probabilities),
        (" happy = .9, sad = .9 ", {Mood.HAPPY: 0.5, Mood.SAD: 0.5}),
    ],
)
def test_a_mood_or_probabilities_are_read(text: str, read: dict[Mood, float]) -> None:
    assert MoodEstimate.parse(text).probabilities == read


@pytest.mark.parametrize(
    "text",
    ["", "glad", "happy=", "happy=nan", "happy=-1,sad=1", "happy=2", "happy=0", "happy=.5,happy=.5", "="],
)
def test_anything_else_is_refused(text: str) -> None:
    with pytest.raises(ValueError):  # noqa: PT011  (Python's own, for words and numbers)
        MoodEstimate.parse(text)
