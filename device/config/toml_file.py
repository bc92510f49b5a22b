"""Reads a TOML file that a person has written."""

from __future__ import annotations

import os
import tomllib
from pathlib import Path
from typing import Any

from device.storage.regular_file import read_regular_file

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
        return tomllib.loads(content.decode())
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise TomlError(f"not valid TOML: {error}") from error
    except RecursionError as error:
        raise TomlError("not valid TOML: nested too deeply") from error
