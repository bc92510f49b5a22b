"""Where a mood's music leads: a line through the plane of valence and energy, song by song."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import NamedTuple

from device.config.settings import Music, default_courses
from device.mood import Mood
from device.mood_estimate import MoodEstimate

BEYOND_THE_MIDDLE = 1.1  # times as far as to where the likeliest mood is as near as another
CLEAR_LEAD = 0.05  # of the likeliest mood before the next: from here on the music is nearest to it


class Point(NamedTuple):
    """A point in the plane; both values are from 0 to 1."""

    valence: float
    energy: float


class Trajectory(NamedTuple):
    """A straight line from `start` to `end` in equal steps over `songs` songs; later songs stay at `end`."""

    start: Point
    end: Point
    songs: int

    def at(self, step: int) -> Point:
        """The point where song number `step`, from 0, should lie."""
        share = min(1.0, step / max(1, self.songs - 1))
        return Point(*(a + share * (b - a) for a, b in zip(self.start, self.end, strict=True)))


def trajectory_for(estimate: MoodEstimate, music: Music) -> Trajectory:
    """The trajectory for what is known of the listener's mood.

    It starts at the mean of the moods' starts, weighted by their probabilities, and leads to the mean of
    their ends. That mean can lie nearer to a less likely mood, if this one lies between the others. It is
    then moved towards the likeliest mood, until no other is nearer.

    The style `lift` leads from the listener's mood to a better one; `match` stays with the mood.
    """
    points = {mood: music.courses.get(mood) or default_courses()[mood] for mood in estimate.probabilities}
    start = _mean({mood: Point(*start) for mood, (start, _) in points.items()}, estimate)
    end = _mean({mood: Point(*end) for mood, (_, end) in points.items()}, estimate)
    return Trajectory(start, start if music.style == "match" else end, music.course_songs)


def _mean(points: Mapping[Mood, Point], estimate: MoodEstimate) -> Point:
    """The weighted mean, moved towards the likeliest mood's point until no other mood's is nearer."""
    total = sum(estimate.probabilities.values())
    weights = {mood: p / total for mood, p in estimate.probabilities.items()}
    mean = Point(*(sum(weights[mood] * point[axis] for mood, point in points.items()) for axis in (0, 1)))
    highest, *others = sorted(weights.values(), reverse=True)
    lead = highest - others[0] if others else 1.0
    goal = points[estimate.mood]
    # By how much of the way to `goal`; all points that are nearer to it than to another form a half-plane.
    share = max((_share_until_nearer(mean, goal, other) for other in points.values()), default=0.0)
    # Where two moods are almost equally likely, the point must not jump from one to the other.
    share = min(1.0, BEYOND_THE_MIDDLE * share) * min(1.0, lead / CLEAR_LEAD)
    return Point(*(a + share * (b - a) for a, b in zip(mean, goal, strict=True)))


def _share_until_nearer(mean: Point, goal: Point, other: Point) -> float:
    """Which share of the way from `mean` to `goal` leads to where `goal` is as near as `other`."""
    excess = math.dist(mean, goal) ** 2 - math.dist(mean, other) ** 2
    if excess <= 0:
        return 0.0
    # Along the way the difference of the squared distances falls linearly, to minus the squared distance of
    # the two points at the goal.
    return excess / (excess + math.dist(goal, other) ** 2)
