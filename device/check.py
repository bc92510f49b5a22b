"""`moodbox check`: whether each part can serve, and how to mend the one that cannot."""

from __future__ import annotations

import contextlib
import sqlite3
import tempfile
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from device.errors import (
    CameraError,
    LibraryError,
    MemoryFileError,
    MoodboxError,
    NoBoxError,
    PlayerError,
    SoundError,
)
from device.service import ask
from device.settings import Settings

if TYPE_CHECKING:
    from mpd import MPDClient


@dataclass(frozen=True)
class Finding:
    part: str
    well: bool
    what: str


def check(settings: Settings) -> list[Finding]:
    """Tries each part for real. A running box holds pins and camera: then its own word is taken for them.

    Raises ServiceError if a box runs that may not be asked: what was found beside it would be wrong.
    """
    trouble = _running(settings)
    findings = [Finding("settings", True, "every key is known and in range")]
    for part, look_at in PARTS.items():
        if trouble is not None and part in ("camera", "panel"):
            well = part not in trouble
            findings.append(Finding(part, well, trouble.get(part, "in use by the box that runs")))
            continue
        try:
            findings.append(Finding(part, True, look_at(settings)))
        except MoodboxError as error:
            findings.append(Finding(part, False, str(error)))
        except ImportError as error:
            findings.append(Finding(part, False, f"{error.name} is missing: pip install moodbox brings it"))
        except Exception as error:  # a check that dies of one part would not tell of the others
            findings.append(Finding(part, False, f"{type(error).__name__}: {error}"))
    return findings


def not_checked(error: MoodboxError) -> list[Finding]:
    """What there is to say when the settings themselves are wrong."""
    return [
        Finding("settings", False, str(error)),
        *(Finding(part, False, "not checked: the settings come first") for part in PARTS),
    ]


def _running(settings: Settings) -> dict[str, str] | None:
    try:
        trouble: dict[str, str] = ask(settings.service.socket_path(), "status")["trouble"]
    except NoBoxError:
        return None
    return trouble


def _model(settings: Settings) -> str:
    from device.eyes.look import Eyes
    from device.panel.lights import without_light

    eyes = Eyes(settings.model, settings.look)
    if missing := without_light(eyes.card.labels, settings.panel):
        raise MoodboxError(f"no light for {', '.join(missing)}: see [panel] in the settings")
    return f"{eyes.card.name} tells {', '.join(eyes.card.labels)}"


def _camera(settings: Settings) -> str:
    from device.eyes.camera import camera_factory

    with camera_factory(settings.camera)() as camera:
        frame = camera.read()
    if frame is None:
        raise CameraError(f"{settings.camera.source} gives no frame")
    return f"{settings.camera.source} gives {frame.shape[1]}x{frame.shape[0]}"


def _panel(settings: Settings) -> str:
    from device.panel.button import Button
    from device.panel.lights import open_lights

    with closing(open_lights(settings.panel)), closing(Button(settings.panel, lambda edge: None)):
        pins = settings.panel.light_pins() | {"button": settings.panel.button}
    return ", ".join(f"{name} on GPIO{pin}" for name, pin in pins.items())


def _player(settings: Settings) -> str:
    from device.music.link import connected

    with connected(settings.music) as client:
        error, version = client.status().get("error"), client.mpd_version
    if error:
        raise PlayerError(f"MPD says: {error}")
    return f"MPD (protocol {version}) at {settings.music.address}"


def _library(settings: Settings) -> str:
    from device.music.jukebox import EMPTY
    from device.music.link import connected
    from device.music.places import read_atlas

    read_atlas(settings.music.places)
    with connected(settings.music) as client:
        songs = int(client.stats().get("songs", 0))
        if not songs:
            raise LibraryError(EMPTY)
        return "; ".join([f"{songs} songs", *_listening(settings, client)])


def _listening(settings: Settings, client: MPDClient) -> Iterator[str]:
    from device.music.catalogue import FILE, Catalogue
    from device.music.hearing import music_folder

    if not settings.music.listen:
        return
    try:
        music_folder(client, settings.music)
    except SoundError as error:
        yield f"they are not listened to: {error}"
    folder = settings.service.state_path()
    with contextlib.suppress(sqlite3.Error, OSError):  # of these `storage` tells, or it is another user's
        if (folder / FILE).exists():
            with Catalogue.copied(folder) as catalogue:
                heard, faults = catalogue.listened()
            yield f"{heard} listened to" + (f", in {faults} of them nothing is heard" if faults else "")


def _storage(settings: Settings) -> str:
    folder = settings.service.state_path()
    try:
        nearest = next(path for path in (folder, *folder.parents) if path.exists())
        with tempfile.TemporaryFile(dir=nearest) as probe:
            probe.write(b"\0")
    except OSError as error:
        raise MemoryFileError(f"{folder}: cannot be written ({error.strerror})") from error
    return "; ".join([f"{folder} can be written", *_files(folder)])


def _files(folder: Path) -> Iterator[str]:
    """What is to be said of the files that the box keeps. Raises MemoryFileError if one cannot be read."""
    from device.aside import told_of
    from device.last_good import check as check_last_good
    from device.memory import Memory
    from device.music.catalogue import Catalogue

    wrong = []
    for look_at in (Memory.check, Catalogue.check, check_last_good):
        try:
            if word := look_at(folder):
                yield word
        except MemoryFileError as error:
            wrong.append(str(error))
    if wrong:
        raise MemoryFileError("; ".join(wrong))
    for kept in (Memory, Catalogue):
        yield from told_of(folder / kept.file)


PARTS: dict[str, Callable[[Settings], str]] = {
    "model": _model,
    "camera": _camera,
    "panel": _panel,
    "player": _player,
    "library": _library,
    "storage": _storage,
}
