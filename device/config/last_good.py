"""Keeps the last good settings: a box whose settings file was broken by hand runs on with them.

Only the service keeps them, in its state folder. A box that is started by hand reports the mistake and ends.
There are two copies, each with a checksum: a flipped bit must not make the box drive another pin.
"""

from __future__ import annotations

import logging
import os
from hashlib import sha256
from pathlib import Path

import msgspec
from msgspec.structs import asdict

from device.config.overlay import SettingsOverlay
from device.config.settings import Service, Settings
from device.errors import MemoryFileError, SettingsError
from device.storage.regular_file import read_regular_file
from device.storage.whole_file import write_whole

log = logging.getLogger(__name__)

FILE, COPY = "settings.json", "settings.2.json"
MAX_BYTES = 2**20  # of a file; real ones have a few thousand


class _LastGood(Settings, frozen=True):
    """The settings, and the checksum of their JSON."""

    sha256: str = ""  # older versions kept none


def read_or_last_good(path: Path | None, *, is_box: bool = False) -> tuple[Settings, str | None]:
    """Read the settings file, or the last good settings if the file has a mistake.

    Args:
        path: The settings file; None for the default one.
        is_box: This process is the box, which moves what was set on the page out of the way if it is damaged.

    Returns:
        The settings, and what is wrong with the file if they are the last good ones, or with what was set
        on the page if that does not count.

    Raises:
        SettingsError: The file has a mistake, and no good settings are kept.
    """
    overlay = SettingsOverlay(path)
    try:
        damaged = overlay.quarantine_damaged() if is_box else None
        settings, problem = overlay.read()
        return settings, damaged or problem
    except SettingsError as error:
        folder = service_folder() or (None if path else Service().state_path())
        good = folder and (_read(folder / FILE) or _read(folder / COPY))
        if not good:
            raise
        return good, f"{error}; until it is corrected and moodbox restarted, the last good settings are used"


def save(settings: Settings) -> None:
    """Save the settings as the last good ones, atomically and only if they have changed."""
    folder = service_folder()
    if folder is None:
        return
    try:
        content = msgspec.json.encode(_LastGood(**asdict(settings), sha256=_checksum(settings)))
    except UnicodeEncodeError as error:  # a path in it is not UTF-8
        log.warning("the last good settings cannot be saved: %s", error)
        return
    for name in (FILE, COPY):
        try:
            write_whole(folder / name, content, MAX_BYTES)
        except OSError as error:  # the disk is full or read-only, which the memory reports, too
            log.warning("the last good settings cannot be saved: %s", error)


def check(folder: Path) -> str:
    """Verify both copies; return nothing to report.

    Raises:
        MemoryFileError: a copy that is there cannot be read.
    """
    for name in (FILE, COPY):
        if os.path.lexists(folder / name) and _read(folder / name) is None:
            raise MemoryFileError(
                f"{folder / name}: damaged; `sudo systemctl restart moodbox` writes it again"
            )
    return ""


def _read(file: Path) -> Settings | None:
    """Return the settings, or None if there are none or they are not as they were written."""
    try:
        saved = asdict(msgspec.json.decode(read_regular_file(file, MAX_BYTES), type=_LastGood))
    except (OSError, ValueError, RecursionError):  # msgspec.DecodeError, or UnicodeDecodeError
        return None
    checksum = saved.pop("sha256")
    settings = Settings(**saved)
    return settings if checksum in ("", _checksum(settings)) else None


def _checksum(settings: Settings) -> str:
    return sha256(msgspec.json.encode(settings)).hexdigest()


def service_folder() -> Path | None:
    """Return the state folder of the systemd unit that runs this process, if one does: systemd.exec(5)."""
    folder = os.environ.get("STATE_DIRECTORY")
    return Path(folder) if folder else None
