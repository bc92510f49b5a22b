"""Writes `deploy/moodbox.toml`: every key with its meaning and default, made from the schema.

`python -m device.config.documented` prints it.
"""

from __future__ import annotations

import ast
import inspect
import json
import textwrap
from collections.abc import Iterator
from functools import cache
from itertools import pairwise
from pathlib import Path
from typing import Any

import msgspec

from device.config.section import Section
from device.config.settings import Settings

WIDTH = 110  # characters of a line
HEAD = """moodbox: every key with its default; change what you need. A key that is left out keeps its default.
A table such as [panel.leds] replaces the default table as a whole. The box reads this file when it starts: on
the box it is /etc/moodbox/moodbox.toml (then `sudo systemctl restart moodbox`), on a card that deploy/card.sh
has written it is moodbox.toml. `moodbox check` tells whether everything is right. In the repository `make
settings` makes this file from device/config/settings.py.
"""


def documented_toml() -> str:
    """Return the text of the file."""
    return "\n".join([*_comment(HEAD), *_sections()]) + "\n"


def meanings(section: type[Section]) -> dict[str, str]:
    """Return each key's meaning: the string under it in the schema's source, as in PEP 258."""
    return _meanings_in(inspect.getfile(section))[section.__name__]


@cache
def _meanings_in(source: str) -> dict[str, dict[str, str]]:
    """The meanings of each class in a file, which is parsed once: the box waits for that."""
    found: dict[str, dict[str, str]] = {}
    for definition in ast.parse(Path(source).read_text(encoding="utf-8")).body:
        if isinstance(definition, ast.ClassDef):
            found[definition.name] = meaning_of = {}
            for key, text in pairwise(definition.body):
                match key, text:
                    case ast.AnnAssign(target=ast.Name(name)), ast.Expr(ast.Constant(str(meaning))):
                        meaning_of[name] = " ".join(meaning.split())
    return found


def _sections() -> Iterator[str]:
    for name, section in msgspec.structs.asdict(Settings()).items():
        values, meaning = msgspec.structs.asdict(section), meanings(type(section))
        tables = [key for key, value in values.items() if isinstance(value, dict)]
        yield from ("", *_comment(type(section).__doc__ or ""), f"[{name}]")
        for key in (key for key in values if key not in tables):
            yield from (*_comment(meaning[key]), f"{key} = {_value(values[key])}")
        for key in tables:
            yield from ("", *_comment(meaning[key]), f"[{name}.{key}]")
            yield from (f"{entry} = {_value(value)}" for entry, value in values[key].items())


def _value(value: Any) -> str:
    """Return the value as TOML, which writes strings, booleans, numbers and arrays as JSON does."""
    return json.dumps(value, ensure_ascii=False)


def _comment(text: str) -> list[str]:
    words = " ".join(text.split())
    lines = textwrap.wrap(words, WIDTH - 2, break_long_words=False, break_on_hyphens=False)
    return [f"# {line}" for line in lines]


if __name__ == "__main__":
    print(documented_toml(), end="")
