"""Where a song lies in the plane of valence and energy, as far as its tags tell. Nothing here asks MPD."""

from __future__ import annotations

import re
import tomllib
import unicodedata
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from hashlib import sha256
from pathlib import Path
from typing import Annotated, Any

import msgspec

from device.errors import SettingsError

TABLE = Path(__file__).with_name("places.toml")

LONGEST_TAG = 200  # characters of a tag that are read
MOST_TAGS = 8
MOST_WORDS = 8  # of one genre
PART = 0.7  # how sure a genre is of which only a part is known

Share = Annotated[float, msgspec.Meta(ge=0, le=1)]


class Source(StrEnum):
    """Where a place comes from, the best word first."""

    OWN = "own word"
    MOOD = "mood tag"
    GENRE = "genre"
    SOUND = "sound"
    NOTHING = "nothing known"


@dataclass(frozen=True)
class Affect:
    """valence: from dark to bright. energy: from still to wild. sure: how much that is to be trusted."""

    valence: float
    energy: float
    confidence: float
    source: Source


UNKNOWN_AFFECT = Affect(0.5, 0.5, 0.0, Source.NOTHING)


class _Entry(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One line of the table."""

    valence: Share
    energy: Share
    confidence: Share = msgspec.field(default=0.5, name="sure")
    spellings: tuple[str, ...] = ()


@dataclass(frozen=True)
class Word:
    """A genre or a mood that the table knows."""

    name: str
    valence: float
    energy: float
    confidence: float


@dataclass(frozen=True)
class AffectLexicon:
    """The table. genres, moods: each known word by its spellings, as `plain` writes them."""

    genres: Mapping[str, Word]
    moods: Mapping[str, Word]

    def fingerprint(self) -> str:
        """Another one as soon as anything in the table differs."""
        content = [sorted(table.items()) for table in (self.genres, self.moods)]
        return sha256(repr(content).encode()).hexdigest()[:16]

    def mood(self, word: str) -> Word | None:
        return self.moods.get(plain(word))

    def words(self) -> tuple[str, ...]:
        """The moods by their names."""
        return tuple(dict.fromkeys(word.name for word in self.moods.values()))


def read_lexicon(path: str = "") -> AffectLexicon:
    """The table that moodbox brings, with the lines of the file at `path` in place of its own.

    Raises SettingsError: one line with the file, the entry and what is wrong.
    """
    table = _read(TABLE)
    if path:
        for kind, entries in _read(Path(path).expanduser()).items():
            table[kind] |= entries
    return AffectLexicon(_by_spelling(table["genres"]), _by_spelling(table["moods"]))


def _read(path: Path) -> dict[str, dict[str, _Entry]]:
    try:
        content = tomllib.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise SettingsError(f"music.places: {path} cannot be read: {error.strerror}") from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise SettingsError(f"music.places: {path}: not valid TOML: {error}") from error
    table: dict[str, dict[str, _Entry]] = {"genres": {}, "moods": {}}
    for kind, entries in content.items():
        if kind not in table or not isinstance(entries, dict):
            raise SettingsError(f"music.places: {path}: {kind}: expected the tables [genres] and [moods]")
        for name, entry in entries.items():
            table[kind][name] = _entry(entry, f"music.places: {path}: {kind}.{name}")
    return table


def _entry(entry: Any, where: str) -> _Entry:
    try:
        return msgspec.convert(entry, _Entry)
    except msgspec.ValidationError as error:
        what, _, key = str(error).replace("`", "").partition(" - at $")
        what = what[0].lower() + what[1:]
        raise SettingsError(f"{where}{key}: {what}; it takes valence, energy, sure, spellings") from error


def _by_spelling(entries: Mapping[str, _Entry]) -> dict[str, Word]:
    """A name is stronger than another entry's spelling."""
    found: dict[str, Word] = {}
    for by_name in (False, True):
        for name, entry in entries.items():
            word = Word(name, entry.valence, entry.energy, entry.confidence)
            found |= {plain(spelling): word for spelling in ((name,) if by_name else entry.spellings)}
    return found


def plain(text: str) -> str:
    """Letters and digits alone, of any script, without case and accents: "Hip-Hop" is "hiphop"."""
    letters = unicodedata.normalize("NFKD", text[:LONGEST_TAG].casefold().replace("&", "and"))
    return "".join(letter for letter in letters if letter.isalnum())


def tag_affect_of(lexicon: AffectLexicon, genres: Sequence[str], moods: Sequence[str]) -> tuple[Affect, str]:
    """A song's place by its tags, and the genre under which its plays are counted ("" if none is known)."""
    known = [found for tag in genres[:MOST_TAGS] for found in _genres_in(lexicon, tag)]
    genre = known[0][0].name if known else ""
    words = [word for mood in moods[:MOST_TAGS] for part in _parts(mood) if (word := lexicon.mood(part))]
    if words:
        return _mean([(word, word.confidence) for word in words], Source.MOOD), genre
    if known:
        return _mean(known, Source.GENRE), genre
    return UNKNOWN_AFFECT, ""


def _mean(words: Sequence[tuple[Word, float]], source: Source) -> Affect:
    count = len(words)
    return Affect(
        round(sum(word.valence for word, _ in words) / count, 3),
        round(sum(word.energy for word, _ in words) / count, 3),
        round(sum(confidence for _, confidence in words) / count, 3),
        source,
    )


def _genres_in(lexicon: AffectLexicon, tag: str) -> Iterable[tuple[Word, float]]:
    """The known genres in a tag, and how sure each is: the whole, else its parts, else parts of those."""
    if whole := lexicon.genres.get(plain(tag)):
        return [(whole, whole.confidence)]
    found = {}
    for part in _parts(tag):
        word = lexicon.genres.get(plain(part))
        if word:
            found[word] = word.confidence
        elif word := _within(lexicon, part):
            found.setdefault(word, PART * word.confidence)
    return found.items()


def _parts(tag: str) -> list[str]:
    parts = [part for part in re.split(r"[;/,|\\+\x00-\x1f]", tag[:LONGEST_TAG]) if part.strip()]
    return parts[:MOST_TAGS]


def _within(lexicon: AffectLexicon, genre: str) -> Word | None:
    """The longest run of words that is a known genre; of two the later: a punk rock is a rock."""
    for run in _runs(re.findall(r"[^\W_]+", genre)[:MOST_WORDS]):
        if word := lexicon.genres.get(plain(run)):
            return word
    return None


def _runs(words: Sequence[str]) -> Iterator[str]:
    for length in range(len(words), 0, -1):
        for first in range(len(words) - length, -1, -1):
            yield " ".join(words[first : first + length])
