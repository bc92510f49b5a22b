"""Reads the settings file and checks it: a mistake is one line with the file, the key and what is right."""

from __future__ import annotations

import difflib
import re
import tomllib
from collections import Counter
from pathlib import Path
from typing import Any, get_args, get_type_hints

import msgspec

from device.config.settings import Panel, Section, Settings
from device.errors import SettingsError
from device.mood import Mood

DEFAULT_FILE = Path("/etc/moodbox/moodbox.toml")


def read_settings(path: Path | None = None) -> Settings:
    """The settings in `path`; without one, those in /etc/moodbox/moodbox.toml, else the defaults.

    Raises SettingsError: one line with the file, the key, what was expected, and the nearest right name.
    """
    if path is None:
        if not DEFAULT_FILE.exists():
            return Settings()
        path = DEFAULT_FILE
    try:
        content = tomllib.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError as error:
        raise SettingsError(
            f"{path}: no such file; copy deploy/moodbox.toml there, or leave out --settings"
        ) from error
    except OSError as error:
        raise SettingsError(f"{path}: cannot be read: {error.strerror}") from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise SettingsError(f"{path}: not valid TOML: {error}") from error
    return settings_of(content, path)


def settings_of(content: dict[str, Any], path: Path) -> Settings:
    """The settings that a TOML file's content means. Raises SettingsError, naming `path`."""
    try:
        settings = msgspec.convert(content, Settings)
    except msgspec.ValidationError as error:
        raise SettingsError(f"{path}: {_explain(str(error), content)}") from error
    _check_pins(settings.panel, path)
    _check_holds(settings.panel, path)
    _check_source(settings.camera.source, path)
    path_or_port = re.fullmatch(r"[/@].+|.+:(\d{1,5})", settings.music.address)
    if not path_or_port or int(path_or_port[1] or 0) > 65535:
        raise SettingsError(
            f"{path}: music.address: expected a socket's path (/run/mpd/socket) or HOST:PORT; "
            f"found {settings.music.address!r}"
        )
    return settings


GONE = {
    "music.genres": "is no longer a setting: remove it; music.places names a table of genres and their places"
}
"""Keys of older versions, with what takes their place."""


def _explain(message: str, content: dict[str, Any]) -> str:
    """msgspec's message as `section.key: what is wrong`, with the nearest right name or the value found."""
    what, _, where = message.partition(" - at ")
    path = re.sub(r"`(?:key` in `)?\$\.?|\[.*|`$", "", where)
    keys = path.split(".") if path else []
    if match := re.fullmatch(r"Object contains unknown field `(.+)`", what):
        if gone := GONE.get(name := ".".join([*keys, match[1]])):
            return f"{name}: {gone}"
        known = _section(keys).__struct_fields__
        return f"{'.'.join([*keys, match[1]])}: unknown key; {_nearest(match[1], known)}"
    if match := re.fullmatch(r"Invalid enum value '(.+)'", what):
        # Either a Literal, or a table whose keys are moods.
        choices = get_args(get_type_hints(_section(keys[:-1]))[keys[-1]])
        known = choices if "`key` in" not in where else tuple(Mood)
        return f"{path}: {match[1]!r} is not known; {_nearest(match[1], known)}"
    found: Any = content
    for key in keys:
        found = found[key]
    return f"{path}: {what[0].lower()}{what[1:].replace('`', '')}; found {found!r}"


def _section(keys: list[str]) -> type[Section]:
    hints = get_type_hints(Settings)
    section: type[Section] = hints[keys[0]] if keys else Settings
    return section


def _nearest(word: str, known: tuple[str, ...]) -> str:
    near = difflib.get_close_matches(word, known, n=1)
    return f"did you mean {str(near[0])!r}?" if near else f"known are {', '.join(known)}"


SOURCES = {
    "auto": r"auto",
    "picamera2": r"picamera2",
    "webcam:0": r"webcam(:\d{1,3})?",
    "images:PATH": r"images:.+",
    "video:FILE": r"video:.+",
}


def check_source(source: str) -> None:
    """Raises SettingsError if `source` names no kind of camera."""
    if any(re.fullmatch(pattern, source) for pattern in SOURCES.values()):
        return
    kinds = {name.partition(":")[0]: name for name in SOURCES}
    near = difflib.get_close_matches(source.partition(":")[0], kinds, n=1)
    hint = f"did you mean {kinds[near[0]]!r}?" if near else f"expected {', '.join(SOURCES)}"
    raise SettingsError(f"camera.source: {source!r} is no camera; {hint}")


def _check_source(source: str, path: Path) -> None:
    try:
        check_source(source)
    except SettingsError as error:
        raise SettingsError(f"{path}: {error}") from error


def _check_pins(panel: Panel, path: Path) -> None:
    pins = panel.light_pins() | {"button": panel.button}
    for pin, uses in Counter(pins.values()).items():
        if uses > 1:
            names = " and ".join(f"panel.{key}" for key, other in pins.items() if other == pin)
            raise SettingsError(f"{path}: {names}: pin {pin} is used twice; give each a pin of its own")


def _check_holds(panel: Panel, path: Path) -> None:
    if 0 < panel.off <= panel.hold:
        raise SettingsError(
            f"{path}: panel.off: expected more than panel.hold ({panel.hold:g}), or 0 for never; "
            f"found {panel.off:g}"
        )
