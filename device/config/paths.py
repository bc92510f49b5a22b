"""Paths as a person writes them in the settings."""

from __future__ import annotations

from pathlib import Path

from device.errors import SettingsError


def expanded(path: str) -> Path:
    """Return the path, with a home folder in place of `~` or `~USER` at its beginning.

    Raises:
        SettingsError: There is no such user.
    """
    try:
        return Path(path).expanduser()
    except RuntimeError as error:
        raise SettingsError(f"{path}: there is no such user") from error
