from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from device.mood import Face, Mood, Outcome, agree, decide, mean, most_likely

HAPPY = {Mood.HAPPY: 0.8, Mood.NEUTRAL: 0.1, Mood.SAD: 0.1}
SAD = {Mood.HAPPY: 0.1, Mood.NEUTRAL: 0.1, Mood.SAD: 0.8}
FACE = Face(1, 2, 30, 40)

prediction_lists = st.lists(
    st.lists(st.floats(0.01, 1), min_size=3, max_size=3).map(
        lambda ps: dict(zip((Mood.HAPPY, Mood.NEUTRAL, Mood.SAD), (p / sum(ps) for p in ps), strict=True))
    ),
    min_size=1,
    max_size=9,
)


def test_no_predictions_are_no_face() -> None:
    decision = decide([], threshold=0.5)
    assert (decision.outcome, decision.mood, decision.probabilities, decision.confidence) == (
        Outcome.NO_FACE,
        None,
        None,
        0,
    )


def test_the_mean_of_all_predictions_decides() -> None:
    assert decide([HAPPY, SAD, SAD], 0.5, FACE).mood is Mood.SAD


def test_a_decision_below_the_threshold_is_unsure_and_has_the_probabilities() -> None:
    decision = decide([HAPPY, SAD], 0.5, FACE)
    assert decision.outcome is Outcome.UNSURE
    assert decision.mood is None
    assert decision.confidence == pytest.approx(0.45)
    assert decision.face == FACE


def test_a_probability_at_the_threshold_is_enough() -> None:
    assert decide([HAPPY], 0.8).mood is Mood.HAPPY


@given(prediction_lists)
def test_the_mean_of_predictions_sums_to_1(predictions: list[dict[Mood, float]]) -> None:
    assert sum(mean(predictions).values()) == pytest.approx(1)


@given(prediction_lists)
def test_the_confidence_is_the_mean_probability_of_the_most_likely_mood(
    predictions: list[dict[Mood, float]],
) -> None:
    decision = decide(predictions, threshold=0)
    assert decision.mood == most_likely(mean(predictions))
    assert decision.confidence == max(mean(predictions).values())


@pytest.mark.parametrize(
    ("predictions", "agreed"),
    [
        ([HAPPY] * 4, False),
        ([HAPPY] * 5, True),
        ([HAPPY] * 4 + [SAD], False),
        ([SAD] + [HAPPY] * 5, True),
    ],
)
def test_predictions_agree_when_the_last_ones_name_the_same_mood(
    predictions: list[dict[Mood, float]], agreed: bool
) -> None:
    assert agree(predictions, required=5) is agreed
