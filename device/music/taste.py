"""What was learned: how often songs and genres were heard through or skipped in a mood."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import NamedTuple


class Tally(NamedTuple):
    heard: int
    skipped: int


@dataclass(frozen=True)
class Taste:
    """In one mood: tallies by genre, and by URI; and those of all other moods together."""

    genres: Mapping[str, Tally] = field(default_factory=dict)
    songs: Mapping[str, Tally] = field(default_factory=dict)
    genres_elsewhere: Mapping[str, Tally] = field(default_factory=dict)
    songs_elsewhere: Mapping[str, Tally] = field(default_factory=dict)


NO_TASTE = Taste()
