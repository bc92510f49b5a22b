from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from device.mood import Face, Mood, Outcome, agree, decide, likeliest, mean

HAPPY = {Mood.HAPPY: 0.8, Mood.NEUTRAL: 0.1, Mood.SAD: 0.1}
SAD = {Mood.HAPPY: 0.1, Mood.NEUTRAL: 0.1, Mood.SAD: 0.8}
FACE = Face(1, 2, 30, 40)

readings = st.lists(
    st.lists(st.floats(0.01, 1), min_size=3, max_size=3).map(
        lambda ps: dict(zip((Mood.HAPPY, Mood.NEUTRAL, Mood.SAD), (p / sum(ps) for p in ps), strict=True))
    ),
    min_size=1,
    max_size=9,
)


def test_no_readings_are_no_face() -> None:
    decision = decide([], threshold=0.5)
    assert (decision.outcome, decision.mood, decision.probabilities, decision.confidence) == (
        Outcome.NO_FACE,
        None,
        None,
        0,
    )


def test_the_mean_of_all_readings_decides() -> None:
    assert decide([HAPPY, SAD, SAD], 0.5, FACE).mood is Mood.SAD


def test_under_the_threshold_it_is_unsure_but_the_probabilities_are_told() -> None:
    decision = decide([HAPPY, SAD], 0.5, FACE)
    assert decision.outcome is Outcome.UNSURE
    assert decision.mood is None
    assert decision.confidence == pytest.approx(0.45)
    assert decision.face == FACE


def test_a_threshold_that_is_just_reached_is_enough() -> None:
    assert decide([HAPPY], 0.8).mood is Mood.HAPPY


@given(readings)
def test_a_mean_of_readings_is_a_reading(several: list[dict[Mood, float]]) -> None:
    assert sum(mean(several).values()) == pytest.approx(1)


@given(readings)
def test_confidence_is_the_likeliest_moods_mean(several: list[dict[Mood, float]]) -> None:
    decision = decide(several, threshold=0)
    assert decision.mood == likeliest(mean(several))
    assert decision.confidence == max(mean(several).values())


@pytest.mark.parametrize(
    ("several", "enough"),
    [
        ([HAPPY] * 4, False),
        ([HAPPY] * 5, True),
        ([HAPPY] * 4 + [SAD], False),
        ([SAD] + [HAPPY] * 5, True),
    ],
)
def test_readings_agree_when_the_last_few_name_the_same_mood(
    several: list[dict[Mood, float]], enough: bool
) -> None:
    assert agree(several, least=5) is enough
