"""Keeps the last good settings: a box whose settings file was broken by hand runs on with them.

Only the service keeps them, in its state folder. A box that is started by hand reports the mistake and ends.
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
    """Read the settings file, or the last good settings if the file has a mistake.

    Args:
        path: The settings file; None for the default one.

    Returns:
        The settings, and what is wrong with the file if they are the last good ones.

    Raises:
        SettingsError: The file has a mistake, and no good settings are kept.
    """
    try:
        return read_settings(path), None
    except SettingsError as error:
        folder = _service_folder() or (None if path else Service().state_path())
        try:
            if folder is None:
                raise
            good = msgspec.json.decode((folder / FILE).read_bytes(), type=Settings)
        except (OSError, msgspec.DecodeError):
            raise error from None
        return good, f"{error}; until it is corrected and moodbox restarted, the last good settings are used"


def save(settings: Settings) -> None:
    """Save the settings as the last good ones, atomically and only if they have changed."""
    folder = _service_folder()
    if folder is None:
        return
    file = folder / FILE
    try:
        content = msgspec.json.encode(settings)
        if file.exists() and file.read_bytes() == content:
            return
        new = file.with_suffix(".new")
        with new.open("wb") as out:
            os.fchmod(out.fileno(), 0o640)  # readable for those who may ask the box, too
            out.write(content)
            out.flush()
            os.fsync(out.fileno())
        new.replace(file)
    except (OSError, UnicodeEncodeError) as error:
        # The disk is full or read-only, which the memory reports, too; or the camera's PATH is not UTF-8.
        log.warning("the last good settings cannot be saved: %s", error)


def _service_folder() -> Path | None:
    """The state folder of the systemd unit that runs this process, if one does: systemd.exec(5)."""
    folder = os.environ.get("STATE_DIRECTORY")
    return Path(folder) if folder else None
