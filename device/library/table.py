"""All songs of the library as arrays: what a choice among tens of thousands looks over in milliseconds."""

from __future__ import annotations

from array import array
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from device.library.tag_affect import UNKNOWN_AFFECT, Affect, Source

SOURCES = tuple(Source)


class Song(NamedTuple):
    uri: str
    artist: str
    genre: str
    affect: Affect


@dataclass(frozen=True, eq=False)
class SongTable:
    """A row for each song. places: valence and energy. artist, genre: numbers of `artists` and `genres`.

    The empty name, of who or what is not known, has number 0.
    """

    uris: tuple[str, ...]
    affects: NDArray[np.float32]
    confidence: NDArray[np.float32]
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
        valence, energy = (round(float(share), 3) for share in self.affects[row])
        affect = Affect(valence, energy, round(float(self.confidence[row]), 3), SOURCES[self.source[row]])
        return Song(self.uris[row], self.artists[self.artist[row]], self.genres[self.genre[row]], affect)

    def only(self, uris: Iterable[str]) -> SongTable:
        """These songs, each once; of one that is not on the shelf (a stream, say) nothing is known."""
        stranger = Song("", "", "", UNKNOWN_AFFECT)
        rows = self.rows
        wanted = ((uri, rows.get(uri)) for uri in dict.fromkeys(uris))
        return song_table(
            stranger._replace(uri=uri) if row is None else self.song(row) for uri, row in wanted
        )

    def with_words(self, words: Mapping[str, Affect]) -> SongTable:
        """The user's own word in place of what was known."""
        found = [(row, affect) for uri, affect in words.items() if (row := self.rows.get(uri)) is not None]
        if not found:
            return self
        rows = [row for row, _ in found]
        affects, confidence, source = self.affects.copy(), self.confidence.copy(), self.source.copy()
        affects[rows] = [(affect.valence, affect.energy) for _, affect in found]
        confidence[rows] = [affect.confidence for _, affect in found]
        source[rows] = [SOURCES.index(affect.source) for _, affect in found]
        changed = replace(self, affects=affects, confidence=confidence, source=source)
        changed.__dict__["rows"] = self.rows  # the same songs: not to be counted again
        return changed


def song_table(songs: Iterable[Song]) -> SongTable:
    return song_table_from_rows(
        (uri, artist, genre, affect.valence, affect.energy, affect.confidence, affect.source)
        for uri, artist, genre, affect in songs
    )


Row = tuple[str, str, str, float, float, float, Source]
"""URI, artist, genre, valence, energy, sure, source."""


def song_table_from_rows(rows: Iterable[Row]) -> SongTable:
    """Column by column: an object for each song keeps Python's collector busy, and all threads waiting."""
    uris: list[str] = []
    artists, genres = {"": 0}, {"": 0}
    numbers = {source: number for number, source in enumerate(SOURCES)}
    affects, sures, sources = array("f"), array("f"), array("b")
    artist_column, genre_column = array("i"), array("i")
    for uri, artist, genre, valence, energy, confidence, source in rows:
        uris.append(uri)
        artist_column.append(artists.setdefault(artist, len(artists)))
        genre_column.append(genres.setdefault(genre, len(genres)))
        affects.append(valence)
        affects.append(energy)
        sures.append(confidence)
        sources.append(numbers[source])
    return SongTable(
        uris=tuple(uris),
        affects=np.array(affects, np.float32).reshape(-1, 2),
        confidence=np.array(sures, np.float32),
        source=np.array(sources, np.int8),
        artist=np.array(artist_column, np.int32),
        genre=np.array(genre_column, np.int32),
        artists=tuple(artists),
        genres=tuple(genres),
    )


EMPTY_TABLE = song_table(())
