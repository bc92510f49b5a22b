"""Reads a TOML file that a person has written."""

from __future__ import annotations

import os
import re
import tomllib
from pathlib import Path
from typing import Any

from device.storage.regular_file import read_regular_file

TWICE = re.compile(r"Cannot declare \((?P<names>.*)\) twice(?P<where>.*)", re.DOTALL)
MAX_BYTES = 2**20  # real ones have a few thousand


class TomlError(ValueError):
    """The content of the file is not TOML; the message says what is wrong with it."""


def read_toml(path: Path) -> dict[str, Any]:
    """Return the content of the file.

    Raises:
        OSError: It cannot be read, or is no regular file: a pipe would block the box for ever.
        TomlError: It is not TOML.
    """
    nothing = path == Path(os.devnull)  # the usual way to name an empty file
    content = b"" if nothing else read_regular_file(path, MAX_BYTES)
    try:
        return tomllib.loads(content.decode("utf-8-sig"))  # some editors put a mark at the beginning
    except UnicodeDecodeError as error:
        line = content[: error.start].count(b"\n") + 1
        raise TomlError(
            f"not text in UTF-8 (at line {line}): choose this encoding when you save it"
        ) from error
    except tomllib.TOMLDecodeError as error:
        raise TomlError(f"not valid TOML: {_in_plain_words(str(error))}") from error
    except RecursionError as error:
        raise TomlError("not valid TOML: nested too deeply") from error


def _in_plain_words(message: str) -> str:
    """Say what to do where tomllib's own words do not: for example where a table was pasted a second time."""
    if match := TWICE.match(message):
        table = ".".join(re.findall(r"'([^']*)'", match["names"]))
        return f"the table [{table}] is there twice: keep one, with the keys of both{match['where']}"
    where = message.removeprefix("Cannot overwrite a value")
    if where != message:
        return f"a key is there twice: keep one of the two lines{where}"
    where = message.removeprefix("Invalid value")
    if where != message:
        return f"invalid value: a text needs quotes, and true and false are written small{where}"
    return message
