"""Old words do not come back: no identifier has a word that tests/old_words.toml lists."""

from __future__ import annotations

import io
import re
import tokenize
import tomllib
from collections.abc import Iterator, Mapping
from functools import cache
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
FOLDERS = ("device", "converter", "window", "room", "home", "tests", "deploy")
FILES = sorted(file for folder in FOLDERS for file in (ROOT / folder).rglob("*.py"))
PART = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+|[0-9]+")


class OldWords:
    """The table: `words` are searched for in each part of an identifier, `names` are whole identifiers."""

    def __init__(self, words: Mapping[str, str], names: Mapping[str, str], kept: Mapping[str, str]) -> None:
        self.kept = [name for alternatives in kept for name in alternatives.split("|")]
        self._words = _Patterns(words, re.IGNORECASE)
        self._names = _Patterns(names)

    @cache  # noqa: B019 - there is one table
    def problem(self, identifier: str) -> str | None:
        """Return which old word an identifier has, and what is said now; None if it has none."""
        if identifier in self.kept:
            return None
        for part in PART.findall(identifier):
            if new := self._words.find(part):
                return f"{identifier} has the old word {part}: now {new}"
        if new := self._names.find(identifier.lstrip("_")):
            return f"{identifier} is an old name: now {new}"
        return None


class _Patterns:
    """Many patterns in one, which is a hundred times faster than one after another."""

    def __init__(self, new: Mapping[str, str], flags: int = 0) -> None:
        self._new = list(new.values())
        self._pattern = re.compile("|".join(f"({pattern})" for pattern in map(_plain, new)), flags)

    def find(self, text: str) -> str | None:
        found = self._pattern.fullmatch(text)
        return self._new[(found.lastindex or 1) - 1] if found else None


def _plain(pattern: str) -> str:
    """Return the pattern without groups of its own, which would shift the numbers of the others."""
    return re.sub(r"\((?!\?)", "(?:", pattern)


OLD_WORDS = OldWords(**tomllib.loads((ROOT / "tests" / "old_words.toml").read_text()))


def identifiers(source: str) -> Iterator[tuple[int, str]]:
    """Yield the line and the text of each identifier; strings and comments have none."""
    for token in tokenize.generate_tokens(io.StringIO(source).readline):
        if token.type == tokenize.NAME:
            yield token.start[0], token.string


def old_words_in(source: str) -> list[tuple[int, str]]:
    """Return the line of each identifier with an old word, and what is wrong with it."""
    if not any(map(OLD_WORDS.problem, set(re.findall(r"\w+", source)))):
        return []  # most files; to find the identifiers takes long
    return [(line, text) for line, name in identifiers(source) if (text := OLD_WORDS.problem(name))]


@pytest.mark.parametrize("folder", FOLDERS)
def test_no_identifier_has_an_old_word(folder: str) -> None:
    files = [file for file in FILES if file.relative_to(ROOT).parts[0] == folder]
    assert files
    found = [
        f"{file.relative_to(ROOT)}:{line}: {text}"
        for file in files
        for line, text in old_words_in(file.read_text())
    ]
    assert not found, "\n".join(found)


@pytest.mark.parametrize("kept", OLD_WORDS.kept)
def test_what_keeps_an_old_word_is_there(kept: str) -> None:
    assert any(re.search(rf"\b{kept}\b", file.read_text()) for file in FILES if file != Path(__file__))


@pytest.mark.parametrize(
    "source",
    [
        "eyes = open_camera()",
        "def open_eyes(): ...",
        "class MpdJukebox: ...",
        "state.last_verdict",
        "look(tastes=0)",
        "SHELVES = 3",
        "def test_a_twin_is_found(): ...",
        "from device.panel.button import Presses",
        "self._once_more = True",
        "recipe.sides",
    ],
)
def test_an_old_word_is_found(source: str) -> None:
    assert old_words_in(source)


@pytest.mark.parametrize(
    "source",
    [
        'result["verdict"] = "mood"  # eyes',
        "settings.music.courses",
        "analyzer = FaceAnalyzer(model)",
        "progressive_sizes = (32, 48)",
        "multiple = 2",
    ],
)
def test_other_words_are_not(source: str) -> None:
    assert not old_words_in(source)
