"""The last settings that were good: a box whose file was broken by hand runs on with them, and says so.

They are kept by the service alone, in its state folder: who starts a box by hand is told at once. There are
two copies of them, each with its checksum: a flipped bit in one must not give the box another pin to drive.
"""

from __future__ import annotations

import logging
import os
from hashlib import sha256
from pathlib import Path

import msgspec
from msgspec.structs import asdict

from device.aside import clear_the_place
from device.errors import MemoryFileError, SettingsError
from device.settings import Service, Settings, read_settings

log = logging.getLogger(__name__)

FILE, COPY = "settings.json", "settings.2.json"


class _LastGood(Settings, frozen=True):
    """The settings, and the checksum of their JSON."""

    sha256: str = ""  # older versions kept none


def read_or_last_good(path: Path | None) -> tuple[Settings, str | None]:
    """The settings, and what is wrong with the file where these are the last good ones instead.

    Raises SettingsError if there are none.
    """
    try:
        return read_settings(path), None
    except SettingsError as error:
        kept = _of_the_service() or (None if path else Service().state_path())
        good = kept and (_read(kept / FILE) or _read(kept / COPY))
        if not good:
            raise
        return good, f"{error}; until it is mended and moodbox restarted, the last good settings hold"


def keep(settings: Settings) -> None:
    """As the last good ones; as a whole or not at all, and only if they have changed."""
    folder = _of_the_service()
    if folder is None:
        return
    content = msgspec.json.encode(_LastGood(**asdict(settings), sha256=_checksum(settings)))
    for name in (FILE, COPY):
        try:
            _write(folder / name, content)
        except OSError as error:  # full, or read-only: the memory says so on the lights
            log.warning("the last good settings cannot be kept: %s", error)


def check(folder: Path) -> str:
    """Says nothing if all is well. Raises MemoryFileError if a copy that is there cannot be read."""
    for name in (FILE, COPY):
        if os.path.lexists(folder / name) and _read(folder / name) is None:
            raise MemoryFileError(
                f"{folder / name}: damaged: `sudo systemctl restart moodbox` writes it anew"
            )
    return ""


def _read(file: Path) -> Settings | None:
    """None if there are none, or they are not as they were written."""
    try:
        kept = asdict(msgspec.json.decode(file.read_bytes(), type=_LastGood))
    except (OSError, ValueError):  # msgspec.DecodeError, or the UnicodeDecodeError of a name in its words
        return None
    checksum = kept.pop("sha256")
    settings = Settings(**kept)
    return settings if checksum in ("", _checksum(settings)) else None


def _checksum(settings: Settings) -> str:
    return sha256(msgspec.json.encode(settings)).hexdigest()


def _write(file: Path, content: bytes) -> None:
    """Raises OSError."""
    for aside in clear_the_place(file):
        log.warning("%s: there is something in its place that is no file: put aside as %s", file, aside)
    try:
        if file.read_bytes() == content:
            return
    except OSError:  # there is none, or it cannot be read: another takes its place
        pass
    new = file.with_suffix(".new")
    with new.open("wb") as out:
        os.fchmod(out.fileno(), 0o640)  # for who may ask the box, too
        out.write(content)
        out.flush()
        os.fsync(out.fileno())
    new.replace(file)


def _of_the_service() -> Path | None:
    """The state folder of the unit that runs us: systemd.exec(5)."""
    folder = os.environ.get("STATE_DIRECTORY")
    return Path(folder) if folder else None
