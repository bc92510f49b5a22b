"""Where a mood's music leads: a line through the plane of valence and energy, song by song."""

from __future__ import annotations

from typing import NamedTuple

from device.config.settings import Music, default_courses
from device.mood import Mood


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


def trajectory_for(mood: Mood, music: Music) -> Trajectory:
    """The trajectory that the settings give a mood.

    The style `lift` leads from the listener's mood to a better one; `match` stays with the mood.
    """
    start, end = music.courses.get(mood) or default_courses()[mood]
    if music.style == "match":
        end = start
    return Trajectory(Point(*start), Point(*end), music.course_songs)
