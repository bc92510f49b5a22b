"""Where the music leads: a way through the plane of valence and energy, song by song."""

from __future__ import annotations

from typing import NamedTuple

from device.config.settings import Music, default_courses
from device.mood import Mood


class Point(NamedTuple):
    valence: float
    energy: float


class Trajectory(NamedTuple):
    """From `start` to `end` in `songs` songs, and then it stays there."""

    start: Point
    end: Point
    songs: int

    def at(self, step: int) -> Point:
        """Where the song number `step` should lie, from 0 on."""
        share = min(1.0, step / max(1, self.songs - 1))
        return Point(*(a + share * (b - a) for a, b in zip(self.start, self.end, strict=True)))


def trajectory_for(mood: Mood, music: Music) -> Trajectory:
    """`lift` leads from the listener's mood to a better place; `match` stays where the listener is."""
    start, end = music.courses.get(mood) or default_courses()[mood]
    if music.style == "match":
        end = start
    return Trajectory(Point(*start), Point(*end), music.course_songs)
