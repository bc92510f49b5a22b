"""Reads and checks the settings file. A mistake is one line with the file, the key and what was expected."""

from __future__ import annotations

import re
import socket
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any, get_args, get_type_hints

import msgspec

from device.config.home import Home
from device.config.minute_of_day import minute_of, text_of
from device.config.paths import expanded
from device.config.pins import control_pins, light_pins
from device.config.section import Section
from device.config.settings import Panel, Room, Settings
from device.config.toml_file import TomlError, read_toml
from device.errors import SettingsError, in_plain_words, nearest
from device.mood import Mood

DEFAULT_FILE = Path("/etc/moodbox/moodbox.toml")
_PERMISSION_HINT = "; use sudo, or add your user to the group moodbox"


def read_settings(path: Path | None = None) -> Settings:
    """Read `path`; without one, /etc/moodbox/moodbox.toml if it exists, else return the defaults.

    Raises:
        SettingsError: One line with the file, the key, what was expected, and the nearest known name.
    """
    return settings_of(read_content(path), path or DEFAULT_FILE)


def read_content(path: Path | None) -> dict[str, Any]:
    """Return the content of the file that `read_settings` reads, by section. Raises SettingsError."""
    if path is None:
        if not DEFAULT_FILE.exists():
            return {}
        path = DEFAULT_FILE
    try:
        return read_toml(path)
    except FileNotFoundError as error:
        raise SettingsError(
            f"{path}: no such file; copy deploy/moodbox.toml there, or omit --settings"
        ) from error
    except OSError as error:
        hint = _PERMISSION_HINT if isinstance(error, PermissionError) and path == DEFAULT_FILE else ""
        raise SettingsError(f"{path}: cannot be read: {error.strerror}{hint}") from error
    except TomlError as error:
        raise SettingsError(f"{path}: {error}") from error


def settings_of(content: dict[str, Any], path: Path) -> Settings:
    """Check a TOML file's content and convert it to settings.

    Args:
        content: The parsed file.
        path: The file's name, for messages.

    Raises:
        SettingsError: The content has a mistake.
    """
    for key, text in _texts(content):
        if found := re.search(r"[\x00-\x1f]", text):
            raise SettingsError(
                f"{path}: {key}: the control character {found[0]!r} has no place in a setting"
            )
    try:
        settings = msgspec.convert(content, Settings)
    except msgspec.ValidationError as error:
        raise SettingsError(f"{path}: {_explain(str(error), content)}") from error
    _check_paths(settings, path)
    _check_lights(settings.panel, path)
    _check_pins(settings.panel, path)
    _check_holds(settings.panel, path)
    _check_source(settings.camera.source, path)
    _check_room(settings.room, path)
    path_or_port = re.fullmatch(r"[/@].+|.+:(\d{1,5})", settings.music.address)
    if not path_or_port or int(path_or_port[1] or 0) > 65535:
        raise SettingsError(
            f"{path}: music.address: expected a socket's path (/run/mpd/socket) or HOST:PORT; "
            f"found {settings.music.address!r}"
        )
    _check_home(settings.home, path)
    return settings


REMOVED_KEYS = {
    "music.genres": "is no longer a setting: remove it; music.places names a file with the affects of genres"
}
"""Keys of older versions, and what replaces them."""


def _explain(message: str, content: dict[str, Any]) -> str:
    """Rewrite msgspec's message as `section.key: problem`, with the nearest known name or the value found."""
    problem, _, where = message.partition(" - at ")
    path = re.sub(r"`(?:key` in `)?\$\.?|\[.*|`$", "", where)
    keys = path.split(".") if path else []
    if match := re.fullmatch(r"Object contains unknown field `(.+)`", problem):
        if removed := REMOVED_KEYS.get(name := ".".join([*keys, match[1]])):
            return f"{name}: {removed}"
        elsewhere = [s for s in Settings.__struct_fields__ if match[1] in _section([s]).__struct_fields__]
        if elsewhere:
            return f"{name}: unknown key; it belongs in {' or '.join(f'[{s}]' for s in elsewhere)}"
        return f"{name}: unknown key; {_nearest(match[1], _section(keys).__struct_fields__)}"
    if match := re.fullmatch(r"Invalid enum value (?:'(.+)'|(-?\d+))", problem):
        # Either a Literal, of names or of numbers, or a table whose keys are moods.
        choices = get_args(get_type_hints(_section(keys[:-1]))[keys[-1]])
        if match[2]:
            return f"{path}: expected one of {', '.join(map(str, choices))}; found {match[2]}"
        known = choices if "`key` in" not in where else tuple(Mood)
        return f"{path}: {match[1]!r} is not known; {_nearest(match[1], known)}"
    found: Any = content
    for key in keys:
        found = found[key]
    # In a table by mood msgspec does not say which mood's entry it is.
    if isinstance(found, dict) and "[...]" in where:
        kind = get_type_hints(_section(keys[:-1]), include_extras=True)[keys[-1]]
        mood = next(mood for mood, entry in found.items() if not _fits({mood: entry}, kind))
        path, found = f"{path}.{mood}", found[mood]
    return f"{path}: {in_plain_words(problem).replace('`', '')}; found {found!r}"


def _fits(value: Any, kind: Any) -> bool:
    try:
        msgspec.convert(value, kind)
    except msgspec.ValidationError:
        return False
    return True


def _section(keys: list[str]) -> type[Section]:
    hints = get_type_hints(Settings)
    section: type[Section] = hints[keys[0]] if keys else Settings
    return section


def _nearest(name: str, known: tuple[str, ...]) -> str:
    near = nearest(name, known)
    all_known = ", ".join(each or '""' for each in known)
    return f"did you mean {str(near)!r}?" if near else f"known are {all_known}"


SOURCES = {
    "auto": r"auto",
    "picamera2": r"picamera2(:\d)?",
    "webcam:0": r"webcam(:\d{1,3}|:/dev/(?!(.*/)?\.\.(/|$)).+)?",  # and not /dev/../home
    "images:PATH": r"images:.+",
    "video:FILE": r"video:.+",
}


def check_source(source: str) -> None:
    """Check `camera.source`.

    Raises:
        SettingsError: `source` names no kind of camera.
    """
    if any(re.fullmatch(pattern, source) for pattern in SOURCES.values()):
        return
    kinds = {name.partition(":")[0]: name for name in SOURCES}
    near = nearest(source.partition(":")[0], kinds)
    hint = f"did you mean {kinds[near]!r}?" if near else f"expected {', '.join(SOURCES)}"
    raise SettingsError(f"camera.source: {source!r} names no kind of camera; {hint}")


def _check_source(source: str, path: Path) -> None:
    try:
        check_source(source)
    except SettingsError as error:
        raise SettingsError(f"{path}: {error}") from error


ABSOLUTE = ("music.folder", "service.socket", "service.state", "home.ca", "home.password_file")
"""Paths that the service and each command must mean alike, wherever they are started."""


def _check_paths(settings: Settings, path: Path) -> None:
    music, service = settings.music, settings.service
    for key, name in (
        ("model.path", settings.model.path),
        ("camera.source", settings.camera.source.partition(":")[2]),
        ("music.folder", music.folder),
        ("music.places", music.places),
        ("service.socket", service.socket),
        ("service.state", service.state),
        ("home.ca", settings.home.ca),
        ("home.password_file", settings.home.password_file),
    ):
        try:
            whole = expanded(name)
        except SettingsError as error:
            raise SettingsError(f"{path}: {key}: {error}") from error
        if name and key in ABSOLUTE and not whole.is_absolute():
            raise SettingsError(f"{path}: {key}: expected a path that begins with / or ~; found {name!r}")


def _texts(value: Any, key: str = "") -> Iterator[tuple[str, str]]:
    """Yield each text in the content of a file, with its key."""
    match value:
        case str():
            yield key, value
        case dict():
            for name, inner in value.items():
                yield from _texts(inner, f"{key}.{name}" if key else name)
        case list():
            for inner in value:
                yield from _texts(inner, key)


def _check_pins(panel: Panel, path: Path) -> None:
    if len(panel.volume) == 1:
        raise SettingsError(
            f"{path}: panel.volume: expected two pins, A and B, or [] for none; found {list(panel.volume)}"
        )
    pins = light_pins(panel) | {"button": panel.button} | control_pins(panel)
    for pin, uses in Counter(pins.values()).items():
        if uses > 1:
            names = " and ".join(f"panel.{key}" for key, other in pins.items() if other == pin)
            raise SettingsError(f"{path}: {names}: pin {pin} is used twice; choose a different pin for each")


def _check_holds(panel: Panel, path: Path) -> None:
    if 0 < panel.off <= panel.hold:
        raise SettingsError(
            f"{path}: panel.off: expected more than panel.hold ({panel.hold:g}), or 0 for never; "
            f"found {panel.off:g}"
        )


def _check_lights(panel: Panel, path: Path) -> None:
    if not re.fullmatch(r"/dev/spidev\d{1,3}\.\d{1,3}", panel.strip, re.ASCII):
        raise SettingsError(
            f"{path}: panel.strip: expected an SPI device, such as /dev/spidev0.0; found {panel.strip!r}"
        )
    for key, time in (("dim_from", panel.dim_from), ("dim_to", panel.dim_to)):
        minute = minute_of(time)
        if time and (minute is None or text_of(minute) != time):  # always with two digits
            raise SettingsError(
                f'{path}: panel.{key}: expected a time, such as "22:00", or "" for none; found {time!r}'
            )
    if bool(panel.dim_from) != bool(panel.dim_to):
        raise SettingsError(f"{path}: panel.dim_from and panel.dim_to: set both, or none of them")


ROOM_SERVER = re.compile(
    r"(?=.{1,253}$)[A-Za-z0-9][A-Za-z0-9_-]{0,62}(\.[A-Za-z0-9_-]{1,63})*\.?|[0-9A-Fa-f]*(:[0-9A-Fa-f.]*){2,8}"
)
BROKER = re.compile(
    r"mqtts?://(?:\[(?P<v6>[0-9A-Fa-f:.]+)\]|(?P<host>[^]:/[]+))(?::(?P<port>\d{1,5}))?/?", re.ASCII
)


def _check_room(room: Room, path: Path) -> None:
    if room.server and not ROOM_SERVER.fullmatch(room.server):
        raise SettingsError(
            f'{path}: room.server: expected a name or address, such as "kitchen.local"; found {room.server!r}'
        )
    if room.server and room.serve:
        raise SettingsError(
            f"{path}: room.serve and room.server: a box plays for others or along with one; choose one"
        )


MAX_USERNAME = 1000  # characters; a packet of MQTT has room for 65535 bytes
MAX_SHOWN = 40  # characters of a text that is too long


def _check_home(home: Home, path: Path) -> None:
    if home.broker and not _is_broker(home.broker):
        if "@" in home.broker:  # what it found may be a password
            problem = "user and password have keys of their own: home.username and home.password_file"
        else:
            problem = f"expected mqtt://HOST or mqtts://HOST, with :PORT if need be; found {home.broker!r}"
        raise SettingsError(f"{path}: home.broker: {problem}")
    if not re.fullmatch(r"(?=.{1,200}$)[\w-]+(/[\w-]+)*", home.prefix, re.ASCII):
        raise SettingsError(
            f"{path}: home.prefix: expected letters, digits, _, - and / as in homeassistant, at most 200; "
            f"found {home.prefix[:MAX_SHOWN]!r}"
        )
    if len(home.username) > MAX_USERNAME:
        found = home.username[:MAX_SHOWN]
        raise SettingsError(
            f"{path}: home.username: expected at most {MAX_USERNAME} characters; found {found!r}..."
        )


def _is_broker(text: str) -> bool:
    found = BROKER.fullmatch(text)
    if not found or not 0 < int(found["port"] or 1) < 65536:
        return False
    if found["host"]:
        return ROOM_SERVER.fullmatch(found["host"]) is not None
    try:
        return bool(socket.inet_pton(socket.AF_INET6, found["v6"]))
    except OSError:
        return False
