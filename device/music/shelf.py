"""All songs of the library as arrays: what a choice among tens of thousands looks over in milliseconds."""

from __future__ import annotations

from array import array
from collections.abc import Iterable, Mapping
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
    return shelf_of_rows(
        (uri, artist, genre, place.valence, place.energy, place.sure, place.source)
        for uri, artist, genre, place in songs
    )


Row = tuple[str, str, str, float, float, float, Source]
"""URI, artist, genre, valence, energy, sure, source."""


def shelf_of_rows(rows: Iterable[Row]) -> Shelf:
    """Column by column: an object for each song keeps Python's collector busy, and all threads waiting."""
    uris: list[str] = []
    artists, genres = {"": 0}, {"": 0}
    numbers = {source: number for number, source in enumerate(SOURCES)}
    places, sures, sources = array("f"), array("f"), array("b")
    artist_column, genre_column = array("i"), array("i")
    for uri, artist, genre, valence, energy, sure, source in rows:
        uris.append(uri)
        artist_column.append(artists.setdefault(artist, len(artists)))
        genre_column.append(genres.setdefault(genre, len(genres)))
        places.append(valence)
        places.append(energy)
        sures.append(sure)
        sources.append(numbers[source])
    return Shelf(
        uris=tuple(uris),
        places=np.array(places, np.float32).reshape(-1, 2),
        sure=np.array(sures, np.float32),
        source=np.array(sources, np.int8),
        artist=np.array(artist_column, np.int32),
        genre=np.array(genre_column, np.int32),
        artists=tuple(artists),
        genres=tuple(genres),
    )


EMPTY_SHELF = shelf_of(())
