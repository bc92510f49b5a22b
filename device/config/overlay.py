"""What was set on the page: a file in the box's state folder that overrides the owner's settings file.

The settings file is never rewritten. What the page sets is checked by the same schema.
"""

from __future__ import annotations

import errno
import json
import logging
from pathlib import Path
from typing import Any

from msgspec.structs import asdict

from device.config.home import Home
from device.config.reading import read_content, settings_of
from device.config.settings import Settings
from device.config.toml_file import TomlError, read_toml
from device.errors import SettingsError
from device.storage.quarantine import quarantine
from device.storage.whole_file import write_whole

log = logging.getLogger(__name__)

FILE = "settings.toml"
DAMAGED = "toml.damaged"  # the ending of one that was moved away
MAX_BYTES = 2**20
HEAD = "# Written by moodbox: what was set on its page. It overrides /etc/moodbox/moodbox.toml.\n"
DOES_NOT_COUNT = "nothing that was set on the page counts"
NOT_ON_THE_PAGE = {
    "service.socket": "the page itself needs it",
    "service.state": "the box's files would be left behind",
    "music.address": "it names a program that the box then talks to",
    "music.password": "it is a secret",
    "music.folder": "it names a folder that the box then reads",
    "music.places": "it names a file that the box then reads",
    "music.streams": "a deploy has to apply it",
    "panel.strip": "it names a device that the box then writes to",
    "room.serve": "`deploy/deploy.sh --rooms` has to apply it",
    "room.server": "`deploy/deploy.sh --rooms` has to apply it",
} | {
    f"home.{key}": "it says to whom the box tells its moods, and who may steer it"
    for key in Home.__struct_fields__
}
"""Keys that are set in the settings file alone, each with the reason."""
CAMERAS = ("auto", "picamera2", "webcam")
"""A page must not choose pictures or a film on the disk, since it can have the camera's picture shown."""
MODELS = ("", "mood3", "mood7")

KEYS = {section: defaults.__struct_fields__ for section, defaults in asdict(Settings()).items()}
"""Of each section, those that this version knows."""

Content = dict[str, dict[str, Any]]


def read_with_overlay(path: Path | None) -> tuple[Settings, str | None]:
    """Read the settings file, and what was set on the page.

    Returns:
        The settings; and what is wrong with what was set on the page, which then does not count.

    Raises:
        SettingsError: The settings file has a mistake.
    """
    return SettingsOverlay(path).read()


class DamagedOverlayError(SettingsError):
    """What was set on the page cannot be read any more."""


class ForbiddenOverlayError(SettingsError):
    """What was set on the page counts for the box, but may not be read by this user."""


class SettingsOverlay:
    """The settings file and what was set on the page.

    path: The settings file; None for the default one.
    """

    def __init__(self, path: Path | None, folder: Path | None = None) -> None:
        """Take the settings file, and the folder of the box's files unless the settings name it."""
        self._path = path
        self._folder = folder

    def read(self) -> tuple[Settings, str | None]:
        """See `read_with_overlay`."""
        content = read_content(self._path)
        settings = settings_of(content, self._path or Path("/etc/moodbox/moodbox.toml"))
        file = self._file(settings)
        try:
            if overlay := _known(_read(file)):
                settings = settings_of(_merged(content, overlay), file)
        except ForbiddenOverlayError as error:
            return settings, str(error)
        except DamagedOverlayError as error:
            return settings, f"{error}; {DOES_NOT_COUNT}: `sudo systemctl restart moodbox` moves it away"
        except SettingsError as error:
            return settings, f"{error}; until that is corrected, {DOES_NOT_COUNT}"
        return settings, None

    def quarantine_damaged(self) -> str | None:
        """Move what was set on the page out of the way if it is damaged; only the box itself may do so.

        Returns:
            What was wrong, and where the file is now; None if nothing was moved.

        Raises:
            SettingsError: The settings file has a mistake.
        """
        file = self._file(settings_of(read_content(self._path), self._path or Path(FILE)))
        try:
            _read(file)
        except DamagedOverlayError as error:
            return _quarantined(file, error)
        except SettingsError:  # it may be sound, and readable later
            pass
        return None

    def sources(self) -> dict[str, str]:
        """Return where each key that is set comes from: "file" or "page". Raises SettingsError."""
        content = read_content(self._path)
        overlay = _read_or_quarantine(self._file(settings_of(content, self._path or Path(FILE))))
        return dict.fromkeys(_keys(content), "file") | dict.fromkeys(_keys(overlay), "page")

    def set(self, key: str, value: Any) -> None:
        """Set a key; None: what the settings file says counts again.

        Args:
            key: `section.name`.
            value: As in TOML.

        Raises:
            SettingsError: The page may not set this key, the value is wrong, or it cannot be written down.
        """
        if key in NOT_ON_THE_PAGE:
            raise SettingsError(f"{key}: not to be set here, because {NOT_ON_THE_PAGE[key]}")
        section, _, name = key.partition(".")
        if not name:
            raise SettingsError(f"{key}: expected a key such as music.style")
        if key == "camera.source" and value is not None and str(value).partition(":")[0] not in CAMERAS:
            raise SettingsError(f"{key}: only a camera can be set here: {', '.join(CAMERAS)}")
        if key == "model.path" and value is not None and value not in MODELS:
            raise SettingsError(f"{key}: only mood3 or mood7 can be set here")
        content = read_content(self._path)
        file = self._file(settings_of(content, self._path or Path(FILE)))
        overlay = _read_or_quarantine(file)
        is_wrong_already = _mistake(content, _known(overlay)) is not None
        if value is None:
            overlay.get(section, {}).pop(name, None)
        else:
            overlay.setdefault(section, {})[name] = value
        counting = _known(overlay)
        if value is not None:
            counting.setdefault(section, {})[name] = value  # so that an unknown key is refused
        # Of several mistakes, made before, each is taken back on its own.
        if (mistake := _mistake(content, counting)) and not (value is None and is_wrong_already):
            raise SettingsError(mistake)
        try:
            write_whole(file, _toml(overlay).encode(), MAX_BYTES)
        except (OSError, UnicodeEncodeError) as error:
            reason = getattr(error, "strerror", None) or error
            raise SettingsError(f"{file}: cannot be written: {reason}") from error

    def _file(self, settings: Settings) -> Path:
        return (self._folder or settings.service.state_path()) / FILE


def _read(file: Path) -> Content:
    """Return what was set on the page; nothing if there is no such file.

    Raises:
        DamagedOverlayError: It is no TOML, or no file.
        ForbiddenOverlayError: It may not be read.
        SettingsError: It cannot be read.
    """
    try:
        content = read_toml(file)
    except (FileNotFoundError, NotADirectoryError):
        return {}
    except PermissionError as error:  # also where only the folder is closed to this user
        raise ForbiddenOverlayError(
            f"{file}: this user may not read what was set on the page: "
            "use sudo, or add your user to the group moodbox"
        ) from error
    except OSError as error:
        is_damaged = error.errno == errno.EFBIG or not file.is_file()
        kind = DamagedOverlayError if is_damaged else SettingsError
        raise kind(f"{file}: cannot be read: {error.strerror}") from error
    except TomlError as error:
        raise DamagedOverlayError(f"{file}: {error}") from error
    return {section: dict(keys) for section, keys in content.items() if isinstance(keys, dict)}


def _known(overlay: Content) -> Content:
    """Return what this version knows; other keys count again in the version that has set them."""
    return {
        section: {key: value for key, value in keys.items() if key in KEYS[section]}
        for section, keys in overlay.items()
        if section in KEYS
    }


def _read_or_quarantine(file: Path) -> Content:
    """Return what was set on the page; nothing if it was damaged, and was moved out of the way."""
    try:
        return _read(file)
    except DamagedOverlayError as error:
        problem = _quarantined(file, error)
        if problem is None:
            raise
        log.warning("%s", problem)
        return {}


def _quarantined(file: Path, error: DamagedOverlayError) -> str | None:
    """Move a damaged file out of the way; returns what was wrong and where it is, None if that fails."""
    try:
        moved = quarantine(file, DAMAGED)
    except OSError:
        return None
    return f"{error}; it was moved to {moved.name}: set on the page again what you need"


def _mistake(content: dict[str, Any], overlay: Content) -> str | None:
    """Return what is wrong with what was set on the page, together with the settings file."""
    try:
        settings_of(_merged(content, overlay), Path(FILE))
    except SettingsError as error:
        return str(error).removeprefix(f"{FILE}: ")
    return None


def _keys(content: dict[str, Any]) -> list[str]:
    return [f"{section}.{key}" for section, keys in content.items() if isinstance(keys, dict) for key in keys]


def _merged(content: dict[str, Any], overlay: Content) -> dict[str, Any]:
    return content | {
        section: {**content.get(section, {}), **keys} for section, keys in overlay.items() if keys
    }


def _toml(overlay: Content) -> str:
    sections = (
        f"\n[{section}]\n" + "".join(f"{key} = {_value(value)}\n" for key, value in keys.items())
        for section, keys in overlay.items()
        if keys
    )
    return HEAD + "".join(sections)


def _value(value: Any) -> str:
    """Return a value as TOML, which writes all but tables as JSON does."""
    if isinstance(value, dict):
        return "{" + ", ".join(f"{json.dumps(key)} = {_value(inner)}" for key, inner in value.items()) + "}"
    if isinstance(value, list):
        return "[" + ", ".join(map(_value, value)) + "]"
    return json.dumps(value, ensure_ascii=False).replace("\x7f", "\\u007f")
