"""All songs of the library as arrays, so that a choice among tens of thousands takes milliseconds."""

from __future__ import annotations

from array import array
from collections.abc import Collection, Iterable, Mapping
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, replace
from functools import cached_property
from itertools import compress
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from device.library.tag_affect import UNKNOWN_AFFECT, Affect, Source

SOURCES = tuple(Source)


class Song(NamedTuple):
    """A song; artist and genre are "" if they are not known."""

    uri: str
    artist: str
    genre: str
    affect: Affect


@dataclass(frozen=True, eq=False)
class SongTable:
    """The songs of a library, one row for each.

    Attributes:
        uris: the URI of each row.
        affects: shape (n, 2): valence and energy, from 0 to 1.
        confidence: shape (n,), from 0 to 1.
        source: shape (n,), indices into SOURCES.
        artist: shape (n,), indices into `artists`.
        genre: shape (n,), indices into `genres`.
        artists: their names; the first is "", for an artist that is not known.
        genres: their names; the first is "", for a genre that is not known.
        left_out: URIs of the songs among them that the box does not choose.
    """

    uris: tuple[str, ...]
    affects: NDArray[np.float32]
    confidence: NDArray[np.float32]
    source: NDArray[np.int8]
    artist: NDArray[np.int32]
    genre: NDArray[np.int32]
    artists: tuple[str, ...]
    genres: tuple[str, ...]
    left_out: frozenset[str] = frozenset()

    def __len__(self) -> int:
        """Return the number of songs."""
        return len(self.uris)

    @cached_property
    def rows(self) -> Mapping[str, int]:
        """The row of each URI."""
        return {uri: row for row, uri in enumerate(self.uris)}

    def song(self, row: int) -> Song:
        """Return the song of a row."""
        valence, energy = (round(float(value), 3) for value in self.affects[row])
        affect = Affect(valence, energy, round(float(self.confidence[row]), 3), SOURCES[self.source[row]])
        return Song(self.uris[row], self.artists[self.artist[row]], self.genres[self.genre[row]], affect)

    def only(self, uris: Iterable[str]) -> SongTable:
        """Return a table of these songs, each once. Nothing is known of one that is not in this table."""
        unknown = Song("", "", "", UNKNOWN_AFFECT)
        rows = self.rows
        wanted = ((uri, rows.get(uri)) for uri in dict.fromkeys(uris))
        return song_table(unknown._replace(uri=uri) if row is None else self.song(row) for uri, row in wanted)

    def leaving_out(self, uris: Iterable[str]) -> SongTable:
        """Return the same table, in which the songs with these URIs are left out."""
        return replace(self, left_out=frozenset(uris))

    def to_choose_from(
        self, let_in: Collection[str] = (), excluded: AbstractSet[str] = frozenset()
    ) -> SongTable:
        """Return a table of the songs that are not left out, and of those in `let_in`; none in `excluded`."""
        exceptions = self.left_out.intersection(let_in)
        if not (exceptions or excluded):
            return self._music
        return self._without((self.left_out - exceptions) | excluded)

    @cached_property
    def _music(self) -> SongTable:
        return self._without(self.left_out)

    def _without(self, uris: AbstractSet[str]) -> SongTable:
        if not uris:
            return self
        kept = np.array([uri not in uris for uri in self.uris], np.bool_)
        return SongTable(
            uris=tuple(compress(self.uris, kept)),
            affects=self.affects[kept],
            confidence=self.confidence[kept],
            source=self.source[kept],
            artist=self.artist[kept],
            genre=self.genre[kept],
            artists=self.artists,
            genres=self.genres,
        )

    def with_own_affects(self, own_affects: Mapping[str, Affect]) -> SongTable:
        """Return a table in which the affects that the user set, by URI, replace the others."""
        rows = self.rows
        found = [(rows[uri], affect) for uri, affect in own_affects.items() if uri in rows]
        if not found:
            return self
        changed_rows = [row for row, _ in found]
        affects, confidence, source = self.affects.copy(), self.confidence.copy(), self.source.copy()
        affects[changed_rows] = [(affect.valence, affect.energy) for _, affect in found]
        confidence[changed_rows] = [affect.confidence for _, affect in found]
        source[changed_rows] = [SOURCES.index(affect.source) for _, affect in found]
        changed = replace(self, affects=affects, confidence=confidence, source=source)
        changed.__dict__["rows"] = rows  # the cached property: the songs are the same
        return changed


def song_table(songs: Iterable[Song]) -> SongTable:
    """Make a table of songs, in their order."""
    return song_table_from_rows(
        (uri, artist, genre, affect.valence, affect.energy, affect.confidence, affect.source)
        for uri, artist, genre, affect in songs
    )


Row = tuple[str, str, str, float, float, float, Source]
"""URI, artist, genre, valence, energy, confidence, source."""


def song_table_from_rows(rows: Iterable[Row]) -> SongTable:
    """Make a table of rows without an object for each song.

    So many objects would keep Python's garbage collector busy, and all threads would wait for it.
    """
    uris: list[str] = []
    artists, genres = {"": 0}, {"": 0}
    numbers = {source: number for number, source in enumerate(SOURCES)}
    affects, confidences, sources = array("f"), array("f"), array("b")
    artist_column, genre_column = array("i"), array("i")
    for uri, artist, genre, valence, energy, confidence, source in rows:
        uris.append(uri)
        artist_column.append(artists.setdefault(artist, len(artists)))
        genre_column.append(genres.setdefault(genre, len(genres)))
        affects.append(valence)
        affects.append(energy)
        confidences.append(confidence)
        sources.append(numbers[source])
    return SongTable(
        uris=tuple(uris),
        affects=np.array(affects, np.float32).reshape(-1, 2),
        confidence=np.array(confidences, np.float32),
        source=np.array(sources, np.int8),
        artist=np.array(artist_column, np.int32),
        genre=np.array(genre_column, np.int32),
        artists=tuple(artists),
        genres=tuple(genres),
    )


EMPTY_TABLE = song_table(())
