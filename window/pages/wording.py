"""The texts of the page, from one file for each language."""

from __future__ import annotations

import functools
import re
import tomllib
from pathlib import Path
from typing import Any

FOLDER = Path(__file__).resolve().parent.parent / "words"
DEFAULT = "en"

Words = dict[str, Any]


@functools.cache
def words_in(language: str) -> Words:
    """Return all texts in a language that `languages` has; those that it lacks are English."""
    words: Words = tomllib.loads((FOLDER / f"{language}.toml").read_text(encoding="utf-8"))
    return words if language == DEFAULT else _merged(words_in(DEFAULT), words)


@functools.cache
def languages() -> frozenset[str]:
    """Return the languages that there is a file for."""
    return frozenset(file.stem for file in FOLDER.glob("*.toml"))


def language_for(accepted: str) -> str:
    """Choose a language by the header Accept-Language, in which the preferred ones usually come first."""
    for part in accepted[:200].lower().split(","):
        match = re.match(r"\s*([a-z]{2,3})\b", part)
        if match and match[1] in languages():
            return match[1]
    return DEFAULT


def _merged(below: Words, above: Words) -> Words:
    return below | {
        key: _merged(below[key], value) if isinstance(value, dict) and key in below else value
        for key, value in above.items()
    }
