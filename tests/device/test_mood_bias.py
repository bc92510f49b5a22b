"""Corrections teach the box about the people in front of it, within bounds, and can be taken back."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from device.mood import Mood, Probabilities, most_likely
from device.mood_bias import MAX_FACTOR, NO_BIAS, STRENGTH, MoodBias

MOODS = (Mood.HAPPY, Mood.NEUTRAL, Mood.SAD)
NEUTRAL: Probabilities = {Mood.HAPPY: 0.1, Mood.NEUTRAL: 0.55, Mood.SAD: 0.35}

probabilities = st.lists(st.floats(0.01, 1), min_size=3, max_size=3).map(
    lambda shares: dict(zip(MOODS, (share / sum(shares) for share in shares), strict=True))
)
corrections = st.lists(st.tuples(probabilities, st.sampled_from(MOODS)), max_size=40)


def after(bias: MoodBias, *said: Mood, look: Probabilities = NEUTRAL) -> MoodBias:
    """Return the bias after the same look was corrected again and again."""
    for mood in said:
        bias = bias.corrected(bias.apply(look), mood)
    return bias


def test_without_corrections_nothing_changes() -> None:
    assert NO_BIAS.apply(NEUTRAL) == NEUTRAL


def test_a_correction_makes_its_mood_likelier_and_what_was_seen_less_likely() -> None:
    biased = after(NO_BIAS, Mood.SAD).apply(NEUTRAL)
    assert biased[Mood.SAD] > NEUTRAL[Mood.SAD]
    assert biased[Mood.NEUTRAL] < NEUTRAL[Mood.NEUTRAL]


def test_one_correction_changes_less_than_the_pseudo_counts_stand_for() -> None:
    bias = after(NO_BIAS, Mood.SAD)
    assert 1 < bias.factor(Mood.SAD) <= (STRENGTH + 1) / STRENGTH


def test_a_few_corrections_change_what_is_seen_and_as_many_others_change_it_back() -> None:
    learned = after(NO_BIAS, *[Mood.SAD] * 3)
    assert most_likely(learned.apply(NEUTRAL)) is Mood.SAD
    assert most_likely(after(learned, *[Mood.NEUTRAL] * 3).apply(NEUTRAL)) is Mood.NEUTRAL


def test_a_correction_that_agrees_with_the_box_hardly_matters() -> None:
    certain: Probabilities = {Mood.HAPPY: 0.98, Mood.NEUTRAL: 0.01, Mood.SAD: 0.01}
    assert after(NO_BIAS, Mood.HAPPY, look=certain).factor(Mood.HAPPY) < 1.01


def test_a_mood_that_the_model_does_not_know_is_left_alone() -> None:
    bias = MoodBias({Mood.FEAR: 3.0, Mood.SAD: 1.0})
    assert bias.apply(NEUTRAL).keys() == NEUTRAL.keys()
    assert after(bias, Mood.HAPPY).counts[Mood.FEAR] == 3.0


@given(corrections, probabilities)
def test_the_bias_is_bounded_and_probabilities_sum_to_1(
    said: list[tuple[Probabilities, Mood]], look: Probabilities
) -> None:
    bias = NO_BIAS
    for seen, right in said:
        bias = bias.corrected(seen, right)
    assert all(1 / MAX_FACTOR - 1e-9 <= bias.factor(mood) <= MAX_FACTOR + 1e-9 for mood in MOODS)
    assert sum(bias.apply(look).values()) == pytest.approx(1)


def test_counts_beyond_the_bound_from_a_file_count_as_the_bound() -> None:
    wild = MoodBias({Mood.SAD: 900.0, Mood.HAPPY: -900.0})
    assert (wild.factor(Mood.SAD), wild.factor(Mood.HAPPY)) == (MAX_FACTOR, 1 / MAX_FACTOR)
    assert after(wild, Mood.HAPPY).factor(Mood.SAD) < MAX_FACTOR
