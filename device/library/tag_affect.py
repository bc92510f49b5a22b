"""Estimates a song's affect, its valence and energy, from its tags by a lexicon of genres and moods.

Nothing here communicates with MPD.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import astuple, dataclass
from enum import StrEnum
from hashlib import sha256
from pathlib import Path
from typing import Annotated, Any

import msgspec

from device.config.paths import expanded
from device.config.toml_file import TomlError, read_toml
from device.errors import SettingsError, in_plain_words

LEXICON_FILE = Path(__file__).with_name("places.toml")

MAX_TAG_LENGTH = 200  # characters of a tag that are read
MAX_TAGS = 8
MAX_GENRE_WORDS = 8
PARTIAL_MATCH_FACTOR = 0.7  # reduces the confidence where only a part of a genre's name is known

Share = Annotated[float, msgspec.Meta(ge=0, le=1)]


class Source(StrEnum):
    """Where an affect comes from, the most reliable source first."""

    OWN = "own word"
    MOOD = "mood tag"
    GENRE = "genre"
    SOUND = "sound"
    NOTHING = "nothing known"


@dataclass(frozen=True)
class Affect:
    """A point in the plane of valence and energy.

    Attributes:
        valence: from 0 (dark) to 1 (bright).
        energy: from 0 (calm) to 1 (energetic).
        confidence: from 0 (nothing known) to 1 (the user set it).
        source: what it was derived from.
    """

    valence: float
    energy: float
    confidence: float
    source: Source


UNKNOWN_AFFECT = Affect(0.5, 0.5, 0.0, Source.NOTHING)


class _Entry(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One line of the lexicon's file."""

    valence: Share
    energy: Share
    confidence: Share = msgspec.field(default=0.5, name="sure")
    spellings: tuple[str, ...] = ()


@dataclass(frozen=True)
class Term:
    """A genre or a mood of the lexicon; all numbers from 0 to 1."""

    name: str
    valence: float
    energy: float
    confidence: float


@dataclass(frozen=True)
class AffectLexicon:
    """The affect of genres and moods.

    Attributes:
        genres: the terms by each of their spellings, as `normalized_spelling` writes them.
        moods: the same for moods.
    """

    genres: Mapping[str, Term]
    moods: Mapping[str, Term]

    def fingerprint(self) -> str:
        """Return a hash that changes with anything in the lexicon."""
        content = [
            [(spelling, *astuple(term)) for spelling, term in sorted(terms.items())]
            for terms in (self.genres, self.moods)
        ]
        return sha256(repr(content).encode()).hexdigest()[:16]

    def mood(self, name: str) -> Term | None:
        """Return the mood with this name or spelling."""
        return self.moods.get(normalized_spelling(name))

    def mood_names(self) -> tuple[str, ...]:
        """Return the names of all moods, without their other spellings."""
        return tuple(dict.fromkeys(term.name for term in self.moods.values()))


def read_lexicon(path: str = "") -> AffectLexicon:
    """Read the lexicon of this package, and the user's file at `path`, whose entries have precedence.

    Raises:
        SettingsError: one line with the file, the entry and what is wrong with it.
    """
    entries = _read(LEXICON_FILE)
    if path:
        for kind, own_entries in _read(expanded(path)).items():
            entries[kind] |= own_entries
    return AffectLexicon(_by_spelling(entries["genres"]), _by_spelling(entries["moods"]))


def _read(path: Path) -> dict[str, dict[str, _Entry]]:
    try:
        content = read_toml(path)
    except OSError as error:
        raise SettingsError(f"music.places: {path} cannot be read: {error.strerror}") from error
    except TomlError as error:
        raise SettingsError(f"music.places: {path}: {error}") from error
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
        what, _, key = str(error).partition(" - at `$")
        raise SettingsError(
            f"{where}{key.rstrip('`')}: {in_plain_words(what)}; it takes valence, energy, sure, spellings"
        ) from error


def _by_spelling(entries: Mapping[str, _Entry]) -> dict[str, Term]:
    """Index the entries; a name has precedence over another entry's spelling."""
    found: dict[str, Term] = {}
    for by_name in (False, True):
        for name, entry in entries.items():
            term = Term(name, entry.valence, entry.energy, entry.confidence)
            found |= {
                normalized_spelling(spelling): term for spelling in ((name,) if by_name else entry.spellings)
            }
    return found


def normalized_spelling(text: str) -> str:
    """Reduce a text to letters and digits, of any script, without case and accents: "Hip-Hop" to "hiphop"."""
    letters = unicodedata.normalize("NFKD", text[:MAX_TAG_LENGTH].casefold().replace("&", "and"))
    return "".join(letter for letter in letters if letter.isalnum())


def tag_affect_of(lexicon: AffectLexicon, genres: Sequence[str], moods: Sequence[str]) -> tuple[Affect, str]:
    """Estimate a song's affect from its tags; mood tags take precedence over genres.

    Returns:
        The affect, and the genre for play statistics: the first that is known, or "".
    """
    known = [found for tag in genres[:MAX_TAGS] for found in _genres_in(lexicon, tag)]
    genre = known[0][0].name if known else ""
    terms = [term for mood in moods[:MAX_TAGS] for part in parts_of_tag(mood) if (term := lexicon.mood(part))]
    if terms:
        return _mean([(term, term.confidence) for term in terms], Source.MOOD), genre
    if known:
        return _mean(known, Source.GENRE), genre
    return UNKNOWN_AFFECT, ""


def _mean(terms: Sequence[tuple[Term, float]], source: Source) -> Affect:
    count = len(terms)
    return Affect(
        round(sum(term.valence for term, _ in terms) / count, 3),
        round(sum(term.energy for term, _ in terms) / count, 3),
        round(sum(confidence for _, confidence in terms) / count, 3),
        source,
    )


def _genres_in(lexicon: AffectLexicon, tag: str) -> Iterable[tuple[Term, float]]:
    """Return the known genres in a tag with their confidence.

    The whole tag is looked up first, then its parts between separators, then runs of words in these.
    """
    if whole := lexicon.genres.get(normalized_spelling(tag)):
        return [(whole, whole.confidence)]
    found = {}
    for part in parts_of_tag(tag):
        term = lexicon.genres.get(normalized_spelling(part))
        if term:
            found[term] = term.confidence
        elif term := _longest_known_part(lexicon, part):
            found.setdefault(term, PARTIAL_MATCH_FACTOR * term.confidence)
    return found.items()


def parts_of_tag(tag: str) -> list[str]:
    """Return the parts of a tag between separators such as `;` and `/`."""
    parts = [part for part in re.split(r"[;/,|\\+\x00-\x1f]", tag[:MAX_TAG_LENGTH]) if part.strip()]
    return parts[:MAX_TAGS]


def _longest_known_part(lexicon: AffectLexicon, genre: str) -> Term | None:
    """Return the longest run of words that is a known genre; of equals the last: punk rock is rock."""
    for run in words_of_genre(genre):
        if term := lexicon.genres.get(normalized_spelling(run)):
            return term
    return None


def words_of_genre(genre: str) -> Iterator[str]:
    """Yield the runs of words in a genre, the longest first, and of equals the last first."""
    words = re.findall(r"[^\W_]+", genre)[:MAX_GENRE_WORDS]
    for length in range(len(words), 0, -1):
        for first in range(len(words) - length, -1, -1):
            yield " ".join(words[first : first + length])
