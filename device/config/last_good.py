"""The last settings that were good: a box whose file was broken by hand runs on with them, and says so.

They are kept by the service alone, in its state folder: who starts a box by hand is told at once.
"""

from __future__ import annotations

import logging
import os
from pathlib import Path

import msgspec

from device.config.reading import read_settings
from device.config.settings import Service, Settings
from device.errors import SettingsError

log = logging.getLogger(__name__)

FILE = "settings.json"


def read_or_last_good(path: Path | None) -> tuple[Settings, str | None]:
    """The settings, and what is wrong with the file where these are the last good ones instead.

    Raises SettingsError if there are none.
    """
    try:
        return read_settings(path), None
    except SettingsError as error:
        kept = _of_the_service() or (None if path else Service().state_path())
        try:
            if kept is None:
                raise
            good = msgspec.json.decode((kept / FILE).read_bytes(), type=Settings)
        except (OSError, msgspec.DecodeError):
            raise error from None
        return good, f"{error}; until it is mended and moodbox restarted, the last good settings hold"


def keep(settings: Settings) -> None:
    """As the last good ones; as a whole or not at all, and only if they have changed."""
    folder = _of_the_service()
    if folder is None:
        return
    file = folder / FILE
    try:
        content = msgspec.json.encode(settings)
        if file.exists() and file.read_bytes() == content:
            return
        new = file.with_suffix(".new")
        with new.open("wb") as out:
            os.fchmod(out.fileno(), 0o640)  # for who may ask the box, too
            out.write(content)
            out.flush()
            os.fsync(out.fileno())
        new.replace(file)
    except (OSError, UnicodeEncodeError) as error:
        # Full, or read-only: the memory says so on the lights. Or the camera's PATH is not UTF-8.
        log.warning("the last good settings cannot be kept: %s", error)


def _of_the_service() -> Path | None:
    """The state folder of the unit that runs us: systemd.exec(5)."""
    folder = os.environ.get("STATE_DIRECTORY")
    return Path(folder) if folder else None
