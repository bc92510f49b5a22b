"""`moodbox check`: whether each part works, and how to fix one that does not."""

from __future__ import annotations

import contextlib
import socket
import sqlite3
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

from device.config.settings import Settings
from device.control.client import ask
from device.errors import (
    CameraError,
    LibraryError,
    MemoryFileError,
    MoodboxError,
    NoBoxError,
    PlayerError,
    ServiceError,
    SoundError,
    install_command,
)
from device.health import Part
from device.panel.controls import control_pins
from device.printable import printable
from device.storage.folder_owner import acting_as_owner
from device.storage.no_folder import why_no_folder
from device.vision.cameras.switch import SWITCHED_OFF

if TYPE_CHECKING:
    from device.library.index import LibraryIndex
    from device.mpd.connection import Client

T = TypeVar("T")
TIMEOUT_S = 60


@dataclass(frozen=True)
class Finding:
    """Whether one part works, and a message that says how it is or how to fix it."""

    part: Part
    works: bool
    message: str


def check(settings: Settings, file: Path | None = None) -> list[Finding]:
    """Try each part. While a box runs, it holds pins and camera: then its status is used for them.

    A camera that its owner has switched off is not opened, and that is no fault.

    Args:
        settings: The settings.
        file: Where they were read; None for the default file.

    Raises:
        ServiceError: A box runs that cannot be asked; without its status the findings would be wrong.
    """
    status = _status_of_running_box(settings)
    trouble: dict[str, str] | None = status["trouble"] if status else None
    findings = [Finding(Part.SETTINGS, True, "every key is known and in range")]
    controls = {part: partial(_control, part) for part in control_pins(settings.panel)}
    for part, try_out in (CHECKS | controls | _programs(settings, file)).items():
        if status and trouble is not None and part in (Part.CAMERA, Part.PANEL, *controls):
            off = part is Part.CAMERA and status.get("camera") == "off"
            how = SWITCHED_OFF if off else "in use by the box that runs"
            findings.append(Finding(part, part not in trouble, trouble.get(part, how)))
            continue
        try:
            message = try_out(settings)
            # Only the box knows whether its presses are carried.
            problem = trouble.get(part) if trouble and part is Part.ROOM else None
            findings.append(Finding(part, not problem, problem or message))
        except MoodboxError as error:
            findings.append(Finding(part, False, str(error)))
        except ImportError as error:
            name = error.name or "a module"
            findings.append(Finding(part, False, f"{name} is missing: {install_command(name)}"))
        except Exception as error:  # the other parts are checked all the same
            findings.append(Finding(part, False, f"{type(error).__name__}: {error}"))
    return findings


def not_checked(error: MoodboxError) -> list[Finding]:
    """Return the findings when the settings themselves are wrong."""
    return [
        Finding(Part.SETTINGS, False, str(error)),
        *(Finding(part, False, "not checked: fix the settings first") for part in CHECKS),
    ]


def _status_of_running_box(settings: Settings) -> dict[str, Any] | None:
    """The running box's status; None if no box runs."""
    try:
        return ask(settings.service.socket_path(), "status")
    except NoBoxError:
        return None


def _model(settings: Settings) -> str:
    from device.panel.lights import light_for, without_light
    from device.vision.observation import FaceAnalyzer

    analyzer = FaceAnalyzer(settings.model, settings.look)
    if missing := without_light(analyzer.card.labels, settings.panel):
        raise MoodboxError(f"no light for {', '.join(missing)}: add one to [panel] in the settings")
    shown_as = {mood: light_for(mood, settings.panel) for mood in analyzer.card.labels}
    borrowed = [f"{mood} is shown as {light}" for mood, light in shown_as.items() if mood is not light]
    note = f"; without a light of their own: {', '.join(borrowed)}" if borrowed else ""
    return f"{analyzer.card.name} tells {', '.join(analyzer.card.labels)}{note}"


def _camera(settings: Settings) -> str:
    from device.cli.look import is_switched_off
    from device.cli.mounting_hint import mounting_hint
    from device.vision.camera import camera_factory
    from device.vision.model_card import read_card

    if is_switched_off(settings, is_boxes_own=False):
        return f"not tried: {SWITCHED_OFF}"
    with camera_factory(settings.camera)() as camera:
        frame = camera.read()
    source = printable(settings.camera.source)
    if frame is None or not frame.size:
        raise CameraError(f"{source} gives no frame")
    message = f"{source} gives {frame.shape[1]}x{frame.shape[0]}"
    with contextlib.suppress(MoodboxError, ImportError):  # `model` reports it
        if hint := mounting_hint(frame, read_card(settings.model.file()), settings):
            message += f"; {hint}"
    return message


def _panel(settings: Settings) -> str:
    from device.config.pins import light_pins
    from device.panel.button import Button
    from device.panel.lights import open_lights

    panel = settings.panel
    with (
        closing(open_lights(panel)),
        closing(Button(panel.button, panel.pull_up, Part.BUTTON, lambda edge: None)),
    ):
        lights = [f"{name} on GPIO{pin}" for name, pin in light_pins(panel).items()]
    if panel.kind == "strip":
        lights = [f"{panel.strip_pixels} pixels at {panel.strip}"]
    return ", ".join([*lights, f"button on GPIO{panel.button}"])


def _control(part: Part, settings: Settings) -> str:
    """One of the controls beside the button."""
    from device.panel.controls import open_control

    with closing(open_control(settings.panel, part, lambda edge: None)):
        pins = control_pins(settings.panel)[part]
    return " and ".join(f"GPIO{pin}" for pin in pins)


def check_program(package: str, options: Sequence[str], settings: Settings) -> str:
    """What a program beside the box says of itself; this one knows neither MQTT nor the other rooms."""
    try:
        socket.socket(socket.AF_INET).close()
    except OSError:  # in the box's sandbox, where a deploy checks its release
        return "not tried: there is no network here"
    command = [sys.executable, "-P", "-m", package, "--check", *options]
    try:
        tried = subprocess.run(command, capture_output=True, text=True, timeout=TIMEOUT_S, check=False)
    except subprocess.TimeoutExpired as error:
        raise ServiceError(f"moodbox {package} --check does not end") from error
    message = (tried.stdout or tried.stderr).strip().rpartition("\n")[2].removeprefix(f"moodbox {package}: ")
    if tried.returncode:
        raise ServiceError(message or f"not tried: exit code {tried.returncode}")
    return message


def _programs(settings: Settings, file: Path | None) -> dict[Part, Callable[[Settings], str]]:
    """Those beside the box that are switched on, but for the page, and how each is tried."""
    found: dict[Part, Callable[[Settings], str]] = {}
    if end := settings.room.end():
        found[Part.ROOM] = partial(check_program, "room", end)
    if settings.home.broker:
        found[Part.HOME] = partial(check_program, "home", ["--settings", str(file)] if file else [])
    return found


def _player(settings: Settings) -> str:
    from device.mpd.connection import connected
    from device.mpd.queue_mirror import read_initial_state
    from device.mpd.tone.outputs import why_unheard

    with connected(settings.music) as client:
        error, version = read_initial_state(client).snapshot.error, client.mpd_version
        unheard = why_unheard(client)
    if error:
        raise PlayerError(f"MPD says: {error}")
    if unheard and not unheard.may_be_meant:
        raise PlayerError(unheard.reason)
    note = f"; {unheard.reason}" if unheard else ""
    return f"MPD (protocol {version}) at {settings.music.address}{note}"


def _library(settings: Settings) -> str:
    from device.library.chunks import ALL_SONGS
    from device.library.index import DONE
    from device.library.spoken_word import why_no_songs
    from device.library.tag_affect import read_lexicon
    from device.mpd import responses as answers
    from device.mpd.connection import connected

    read_lexicon(settings.music.places)
    with connected(settings.music) as client:
        answers.find(client, ALL_SONGS, 0, 1)  # an MPD without a database refuses this, and counts no songs
        songs = answers.stats(client).songs
        if not songs:
            raise LibraryError(why_no_songs(0, settings.music))
        left_out = _of_index(settings, lambda index: index.left_out_count(), 0)
        if left_out == songs:
            raise LibraryError(why_no_songs(left_out, settings.music))
        notes = [f"{left_out} of them left out as spoken word"] if left_out else []
        known, position = _of_index(
            settings, lambda index: (index.count(), index.progress().position), (0, 0)
        )
        if position == DONE and known != songs:
            notes.append(f"the box knows {known}, and reads them again when the library changes")
        return "; ".join(
            [f"{songs} songs", *notes, *_streams(settings, client), *_analysis(settings, client)]
        )


def _streams(settings: Settings, client: Client) -> Iterator[str]:
    """What is to be said of streams in the moods' playlists, which MPD is kept from by default."""
    from device.mood import Mood
    from device.mpd.playlists import mood_playlist
    from device.mpd.titles import is_network_stream

    if settings.music.streams:
        return
    if names := [mood for mood in Mood if any(map(is_network_stream, mood_playlist(client, mood)))]:
        verb = "holds" if len(names) == 1 else "hold"
        yield (
            f"the playlist {' and '.join(names)} {verb} streams, which MPD may not fetch: "
            "set music.streams = true, and deploy again"
        )


def _of_index(settings: Settings, read: Callable[[LibraryIndex], T], default: T) -> T:
    """Return what the library index says, as far as the box has read the library."""
    from device.library.index import FILE, LibraryIndex

    folder = settings.service.state_path()
    with contextlib.suppress(sqlite3.Error, OSError):  # reported by `storage`, or another user's
        if (folder / FILE).exists():
            with LibraryIndex.copied(folder) as index:
                return read(index)
    return default


def _analysis(settings: Settings, client: Client) -> Iterator[str]:
    from device.library.audio.client import check_installed
    from device.library.music_folder import music_folder

    if not settings.music.listen:
        return
    try:
        check_installed()
        music_folder(client, settings.music)
    except SoundError as error:
        yield f"they are not analyzed: {error}"
    if counts := _of_index(settings, lambda index: index.analysis_counts(), None):
        analyzed, faults = counts
        yield f"{analyzed} analyzed" + (f", without a result for {faults} of them" if faults else "")


def _storage(settings: Settings) -> str:
    from device.system.private_memory import swap_note

    folder = settings.service.state_path()
    if why := why_no_folder(folder):
        raise MemoryFileError(f"{folder}: cannot be written, because {why}")
    try:
        nearest = next(path for path in (folder, *folder.parents) if path.exists())
        with acting_as_owner(folder), tempfile.TemporaryFile(dir=nearest) as probe:
            probe.write(b"\0")
    except PermissionError as error:
        raise MemoryFileError(f"{folder}: may not be written by this user: sudo moodbox check") from error
    except OSError as error:
        raise MemoryFileError(f"{folder}: cannot be written ({error.strerror})") from error
    notes = [f"{folder} can be written", *_files(folder), swap_note()]
    return "; ".join(filter(None, notes))


def _files(folder: Path) -> Iterator[str]:
    """What is to be said of the files that the box keeps. Raises MemoryFileError if one cannot be read."""
    from device.config import overlay
    from device.config.last_good import check as check_last_good
    from device.library.index import LibraryIndex
    from device.playback.memory import Memory
    from device.storage.quarantine import describe_quarantined

    wrong = []
    for look_at in (Memory.check, LibraryIndex.check, check_last_good):
        try:
            if word := look_at(folder):
                yield word
        except MemoryFileError as error:
            wrong.append(str(error))
    if wrong:
        raise MemoryFileError("; ".join(wrong))
    for kept in (Memory, LibraryIndex):
        yield from describe_quarantined(folder / kept.file)
    yield from describe_quarantined(folder / overlay.FILE, {overlay.DAMAGED: "damaged"})


CHECKS: dict[Part, Callable[[Settings], str]] = {
    Part.MODEL: _model,
    Part.CAMERA: _camera,
    Part.PANEL: _panel,
    Part.PLAYER: _player,
    Part.LIBRARY: _library,
    Part.STORAGE: _storage,
}
