"""The trajectories that the settings give the moods."""

from __future__ import annotations

import pytest

from device.config.settings import Music
from device.mood import Mood
from device.recommend.trajectory import Point, Trajectory, trajectory_for

SAD = Trajectory(Point(0.2, 0.4), Point(0.7, 0.6), songs=6)


def test_a_trajectory_has_equal_steps_and_stays_at_its_end() -> None:
    valences = [SAD.at(step).valence for step in range(8)]
    assert valences == pytest.approx([0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.7, 0.7])
    assert SAD.at(0) == SAD.start
    assert SAD.at(100) == SAD.end


def test_a_trajectory_of_one_song_is_at_its_start() -> None:
    assert SAD._replace(songs=1).at(0) == SAD.start


def test_the_style_lift_raises_the_valence_and_match_keeps_it() -> None:
    lift, match = trajectory_for(Mood.SAD, Music()), trajectory_for(Mood.SAD, Music(style="match"))
    assert lift.start == match.start == match.end
    assert lift.end.valence > lift.start.valence


@pytest.mark.parametrize("mood", Mood)
def test_every_mood_has_a_trajectory_even_if_the_settings_name_one_mood(mood: Mood) -> None:
    assert trajectory_for(mood, Music(courses={Mood.SAD: ((0.1, 0.2), (0.3, 0.4))})).songs == 6


def test_no_trajectory_ends_with_less_valence_than_it_starts_with() -> None:
    for mood in Mood:
        trajectory = trajectory_for(mood, Music())
        assert trajectory.end.valence >= trajectory.start.valence
