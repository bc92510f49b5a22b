"""What the box is told: one TOML file. `deploy/moodbox.toml` holds every key with its default and meaning."""

from __future__ import annotations

import difflib
import os
import re
import tomllib
from collections import Counter
from pathlib import Path
from typing import Annotated, Any, Literal, get_args, get_type_hints

import msgspec

import device
from device.errors import SettingsError
from device.mood import Mood

DEFAULT_FILE = Path("/etc/moodbox/moodbox.toml")
DEFAULT_MODEL = Path(device.__file__).resolve().parent.parent / "models" / "mood3.tflite"

Pin = Annotated[int, msgspec.Meta(ge=0, le=27)]
"""A GPIO by its BCM number."""
Share = Annotated[float, msgspec.Meta(ge=0, le=1)]
Colour = tuple[Share, Share, Share]


class _Section(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    pass


class Model(_Section, frozen=True):
    path: str = ""
    runtime: Literal["auto", "tflite-runtime", "ai-edge-litert"] = "auto"

    def file(self) -> Path:
        """The `.tflite` file: the one that moodbox brings, if no other is named."""
        return Path(self.path).expanduser() if self.path else DEFAULT_MODEL


class Camera(_Section, frozen=True):
    source: str = "auto"
    width: Annotated[int, msgspec.Meta(ge=64, le=1920)] = 320
    height: Annotated[int, msgspec.Meta(ge=64, le=1080)] = 240
    settle: Annotated[float, msgspec.Meta(ge=0, le=10)] = 0.5


class Look(_Section, frozen=True):
    readings: Annotated[int, msgspec.Meta(ge=1, le=100)] = 5
    seconds: Annotated[float, msgspec.Meta(gt=0, le=60)] = 3.0
    min_face: Annotated[float, msgspec.Meta(ge=0.05, le=1)] = 0.08


def _default_leds() -> dict[Mood, Pin]:
    return {Mood.HAPPY: 5, Mood.NEUTRAL: 6, Mood.SAD: 13}


def _default_colours() -> dict[Mood, Colour]:
    return {
        Mood.HAPPY: (1.0, 0.7, 0.0),
        Mood.NEUTRAL: (0.0, 1.0, 0.3),
        Mood.SAD: (0.0, 0.2, 1.0),
        Mood.ANGRY: (1.0, 0.1, 0.0),
        Mood.FEAR: (0.5, 0.0, 1.0),
        Mood.DISGUST: (0.4, 0.6, 0.0),
        Mood.SURPRISE: (1.0, 0.2, 0.8),
    }


class Panel(_Section, frozen=True):
    kind: Literal["leds", "rgb"] = "leds"
    leds: dict[Mood, Pin] = msgspec.field(default_factory=_default_leds)
    rgb: tuple[Pin, Pin, Pin] = (5, 6, 13)
    colours: dict[Mood, Colour] = msgspec.field(default_factory=_default_colours)
    active_high: bool = True
    button: Pin = 16
    pull_up: bool = True
    debounce: Annotated[float, msgspec.Meta(ge=0.001, le=0.05)] = 0.03
    hold: Annotated[float, msgspec.Meta(ge=0.5, le=30)] = 3.0
    double_press: Annotated[float, msgspec.Meta(ge=0, le=1)] = 0.35
    off: Annotated[float, msgspec.Meta(ge=0, le=60)] = 8.0

    def light_pins(self) -> dict[str, Pin]:
        """The pins that this kind of panel uses for its lights, by their key in the file."""
        if self.kind == "rgb":
            return dict(zip(("rgb (red)", "rgb (green)", "rgb (blue)"), self.rgb, strict=True))
        return {f"leds.{mood}": pin for mood, pin in self.leds.items()}


Spot = tuple[Share, Share]
"""A valence and an energy."""


def default_courses() -> dict[Mood, tuple[Spot, Spot]]:
    return {
        Mood.HAPPY: ((0.75, 0.70), (0.75, 0.70)),
        Mood.NEUTRAL: ((0.55, 0.50), (0.65, 0.60)),
        Mood.SAD: ((0.30, 0.35), (0.65, 0.55)),
        Mood.ANGRY: ((0.40, 0.75), (0.60, 0.40)),
        Mood.FEAR: ((0.45, 0.40), (0.60, 0.30)),
        Mood.DISGUST: ((0.45, 0.45), (0.65, 0.50)),
        Mood.SURPRISE: ((0.65, 0.65), (0.65, 0.65)),
    }


class Music(_Section, frozen=True):
    address: str = "/run/mpd/socket"
    password: str = ""
    handful: Annotated[int, msgspec.Meta(ge=1, le=200)] = 12
    no_repeat: Annotated[int, msgspec.Meta(ge=0, le=1000)] = 30
    timeout: Annotated[float, msgspec.Meta(ge=0.1, le=30)] = 2.0
    crossfade: Annotated[int, msgspec.Meta(ge=-1, le=60)] = -1
    replay_gain: Literal["", "off", "track", "album", "auto"] = ""
    places: str = ""
    listen: bool = True
    folder: str = ""
    style: Literal["lift", "match"] = "lift"
    course_songs: Annotated[int, msgspec.Meta(ge=1, le=100)] = 6
    stickers: bool = True
    courses: dict[Mood, tuple[Spot, Spot]] = msgspec.field(default_factory=default_courses)


class Service(_Section, frozen=True):
    socket: str = ""
    state: str = ""

    def socket_path(self) -> Path:
        """Where the running box listens; the same answer for the daemon and for who asks it."""
        if self.socket:
            return Path(self.socket)
        system = Path("/run/moodbox")
        personal = Path(os.environ.get("XDG_RUNTIME_DIR") or f"/run/user/{os.getuid()}") / "moodbox"
        return (system if system.is_dir() else personal) / "control.sock"

    def state_path(self) -> Path:
        """The folder of what the box remembers: that of the service, else the user's own."""
        if self.state:
            return Path(self.state)
        system = Path("/var/lib/moodbox")
        personal = Path(os.environ.get("XDG_STATE_HOME") or Path.home() / ".local" / "state") / "moodbox"
        return system if system.is_dir() else personal


class Settings(_Section, frozen=True):
    model: Model = Model()
    camera: Camera = Camera()
    look: Look = Look()
    panel: Panel = Panel()
    music: Music = Music()
    service: Service = Service()


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


def _section(keys: list[str]) -> type[_Section]:
    hints = get_type_hints(Settings)
    section: type[_Section] = hints[keys[0]] if keys else Settings
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
