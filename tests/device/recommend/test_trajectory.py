"""The trajectories that the settings give the moods."""

from __future__ import annotations

import math
from typing import Literal

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from device.config.settings import Music, default_courses
from device.mood import Mood
from device.mood_estimate import MoodEstimate
from device.recommend.trajectory import CLEAR_LEAD, Point, Trajectory, trajectory_for
from tests.device.estimates import certain

SAD = Trajectory(Point(0.2, 0.4), Point(0.7, 0.6), songs=6)


def test_a_trajectory_has_equal_steps_and_stays_at_its_end() -> None:
    valences = [SAD.at(step).valence for step in range(8)]
    assert valences == pytest.approx([0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.7, 0.7])
    assert SAD.at(0) == SAD.start
    assert SAD.at(100) == SAD.end


def test_a_trajectory_of_one_song_is_at_its_start() -> None:
    assert SAD._replace(songs=1).at(0) == SAD.start


def test_the_style_lift_raises_the_valence_and_match_keeps_it() -> None:
    lift, match = (
        trajectory_for(certain(Mood.SAD), Music()),
        trajectory_for(certain(Mood.SAD), Music(style="match")),
    )
    assert lift.start == match.start == match.end
    assert lift.end.valence > lift.start.valence


@pytest.mark.parametrize("mood", Mood)
def test_every_mood_has_a_trajectory_even_if_the_settings_name_one_mood(mood: Mood) -> None:
    assert trajectory_for(certain(mood), Music(courses={Mood.SAD: ((0.1, 0.2), (0.3, 0.4))})).songs == 6


def test_no_trajectory_ends_with_less_valence_than_it_starts_with() -> None:
    for mood in Mood:
        trajectory = trajectory_for(certain(mood), Music())
        assert trajectory.end.valence >= trajectory.start.valence


estimates = st.lists(st.floats(0.01, 1), min_size=7, max_size=7).map(
    lambda weights: MoodEstimate(dict(zip(Mood, (each / sum(weights) for each in weights), strict=True)))
)


def starts() -> dict[Mood, Point]:
    return {mood: Point(*start) for mood, (start, _) in default_courses().items()}


@given(estimates, st.sampled_from(["lift", "match"]))
def test_an_uncertain_mood_starts_within_the_moods_starts(
    estimate: MoodEstimate, style: Literal["lift", "match"]
) -> None:
    start = trajectory_for(estimate, Music(style=style)).start
    for axis in (0, 1):
        values = [point[axis] for point in starts().values()]
        assert min(values) - 1e-9 <= start[axis] <= max(values) + 1e-9


@given(estimates)
def test_an_uncertain_mood_starts_nearest_to_the_likeliest(estimate: MoodEstimate) -> None:
    highest, second = sorted(estimate.probabilities.values(), reverse=True)[:2]
    assume(highest - second >= CLEAR_LEAD)
    start = trajectory_for(estimate, Music()).start
    nearest = min(starts(), key=lambda mood: math.dist(start, starts()[mood]))
    assert nearest is estimate.mood


@given(st.floats(0.3, 0.5))
def test_a_slightly_different_estimate_starts_nearby(happy: float) -> None:
    """There is no jump where another mood becomes the likeliest."""
    first, second = (
        trajectory_for(MoodEstimate({Mood.HAPPY: p, Mood.NEUTRAL: 0.8 - p, Mood.SAD: 0.2}), Music()).start
        for p in (happy, happy + 0.001)
    )
    assert math.dist(first, second) < 0.01


def test_a_certain_mood_starts_and_ends_at_its_own_points() -> None:
    almost = trajectory_for(MoodEstimate({Mood.SAD: 0.999, Mood.HAPPY: 0.001}), Music())
    exactly = trajectory_for(certain(Mood.SAD), Music())
    assert math.dist(almost.start, exactly.start) < 0.001
    assert exactly.start == starts()[Mood.SAD]


def test_45_happy_40_neutral_and_15_sad_lie_between_these_and_nearest_to_happy() -> None:
    mixed = MoodEstimate({Mood.HAPPY: 0.45, Mood.NEUTRAL: 0.40, Mood.SAD: 0.15})
    start = trajectory_for(mixed, Music()).start
    assert starts()[Mood.SAD].valence < starts()[Mood.NEUTRAL].valence < start.valence
    assert start.valence < starts()[Mood.HAPPY].valence
