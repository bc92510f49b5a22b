"""Which songs of MPD's library are left out, since they are no music: chapters of audio books, podcasts."""

from __future__ import annotations

import fnmatch
import json
import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property, lru_cache

from device.config import settings
from device.library.tag_affect import normalized_spelling, parts_of_tag, words_of_genre
from device.mpd.connection import mpc


@dataclass(frozen=True)
class LeftOut:
    """Patterns of genres and folders, in which `*` stands for any text.

    Attributes:
        genres: A song is left out if one of its genres matches, or a run of words in it; without regard to
            case, accents, spaces and punctuation.
        folders: A song is left out if a folder that it lies in matches, from MPD's music folder on; without
            regard to case.
    """

    genres: tuple[str, ...] = ()
    folders: tuple[str, ...] = ()

    @classmethod
    def of(cls, music: settings.Music) -> LeftOut:
        """Return what the settings say."""
        return cls(music.leave_out_genres, music.leave_out_folders)

    def includes(self, uri: str, genres: Sequence[str]) -> bool:
        """Whether a song with this URI and these values of its genre tag is left out."""
        return any(self._folder_pattern.match(folder) for folder in _folders(uri)) or any(
            _matches_genre(self._genre_pattern, tag) for tag in genres
        )

    def fingerprint(self) -> str:
        """Return a text that changes with anything in the patterns."""
        return json.dumps([self.genres, self.folders])

    @cached_property
    def _genre_pattern(self) -> re.Pattern[str]:
        return _any_of("*".join(map(normalized_spelling, genre.split("*"))) for genre in self.genres)

    @cached_property
    def _folder_pattern(self) -> re.Pattern[str]:
        return _any_of(folder.strip("/").casefold() for folder in self.folders)


NOTHING_LEFT_OUT = LeftOut()


def why_no_songs(left_out: int, music: settings.Music) -> str:
    """Return why there is nothing to choose from: the library is empty, or all its songs are left out."""
    if not left_out:
        return f"MPD's library has no songs: put music into its folder, then `{mpc(music, 'update')}`"
    return (
        f"all {left_out} songs of MPD's library are left out as spoken word, or by `moodbox never`: "
        "add music, or change music.leave_out_genres and music.leave_out_folders in the settings"
    )


@lru_cache(maxsize=1000)  # a library has many songs of few genres
def _matches_genre(pattern: re.Pattern[str], tag: str) -> bool:
    parts = (tag, *parts_of_tag(tag))
    runs = (run for part in parts for run in (part, *words_of_genre(part)))
    return any(pattern.match(normalized_spelling(run)) for run in runs)


def _any_of(patterns: Iterable[str]) -> re.Pattern[str]:
    """Return a pattern for any of these, none of which is empty; `*` alone is special in them."""
    escaped = (re.sub(r"[?\[]", r"[\g<0>]", pattern) for pattern in patterns if pattern)
    return re.compile("|".join(map(fnmatch.translate, escaped)) or r"(?!)")


def _folders(uri: str) -> Iterator[str]:
    path = uri.casefold()
    for slash in re.finditer("/", path):
        yield path[: slash.start()]
