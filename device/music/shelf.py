"""All songs of the library as arrays: what a choice among tens of thousands looks over in milliseconds."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from device.music.places import UNKNOWN, Place, Source

SOURCES = tuple(Source)


class Song(NamedTuple):
    uri: str
    artist: str
    genre: str
    place: Place


@dataclass(frozen=True, eq=False)
class Shelf:
    """A row for each song. places: valence and energy. artist, genre: numbers of `artists` and `genres`.

    The empty name, of who or what is not known, has number 0.
    """

    uris: tuple[str, ...]
    places: NDArray[np.float32]
    sure: NDArray[np.float32]
    source: NDArray[np.int8]
    artist: NDArray[np.int32]
    genre: NDArray[np.int32]
    artists: tuple[str, ...]
    genres: tuple[str, ...]

    def __len__(self) -> int:
        return len(self.uris)

    @cached_property
    def rows(self) -> Mapping[str, int]:
        """The row of each URI."""
        return {uri: row for row, uri in enumerate(self.uris)}

    def song(self, row: int) -> Song:
        valence, energy = (round(float(share), 3) for share in self.places[row])
        place = Place(valence, energy, round(float(self.sure[row]), 3), SOURCES[self.source[row]])
        return Song(self.uris[row], self.artists[self.artist[row]], self.genres[self.genre[row]], place)

    def only(self, uris: Iterable[str]) -> Shelf:
        """These songs, each once; of one that is not on the shelf (a stream, say) nothing is known."""
        stranger = Song("", "", "", UNKNOWN)
        rows = self.rows
        wanted = ((uri, rows.get(uri)) for uri in dict.fromkeys(uris))
        return shelf_of(stranger._replace(uri=uri) if row is None else self.song(row) for uri, row in wanted)

    def with_words(self, words: Mapping[str, Place]) -> Shelf:
        """The user's own word in place of what was known."""
        found = [(row, place) for uri, place in words.items() if (row := self.rows.get(uri)) is not None]
        if not found:
            return self
        rows = [row for row, _ in found]
        places, sure, source = self.places.copy(), self.sure.copy(), self.source.copy()
        places[rows] = [(place.valence, place.energy) for _, place in found]
        sure[rows] = [place.sure for _, place in found]
        source[rows] = [SOURCES.index(place.source) for _, place in found]
        changed = replace(self, places=places, sure=sure, source=source)
        changed.__dict__["rows"] = self.rows  # the same songs: not to be counted again
        return changed


def shelf_of(songs: Iterable[Song]) -> Shelf:
    listed = list(songs)
    artists, artist = _numbered([song.artist for song in listed])
    genres, genre = _numbered([song.genre for song in listed])
    places = [song.place for song in listed]
    return Shelf(
        uris=tuple(song.uri for song in listed),
        places=np.array([(p.valence, p.energy) for p in places], np.float32).reshape(-1, 2),
        sure=np.array([p.sure for p in places], np.float32),
        source=np.array([SOURCES.index(p.source) for p in places], np.int8),
        artist=artist,
        genre=genre,
        artists=artists,
        genres=genres,
    )


def _numbered(names: Sequence[str]) -> tuple[tuple[str, ...], NDArray[np.int32]]:
    numbers = {"": 0}
    column = np.array([numbers.setdefault(name, len(numbers)) for name in names], np.int32)
    return tuple(numbers), column


EMPTY_SHELF = shelf_of(())
