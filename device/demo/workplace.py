"""The demo's temporary folder: its songs, a private MPD, a settings file, and a command that asks its box."""

from __future__ import annotations

import json
import re
import shlex
import shutil
import sys
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

import soundfile

from device.config.reading import read_settings
from device.config.settings import Model, Settings
from device.demo.server import PrivateMpd, sound_output
from device.demo.songs import SONGS, make_library
from device.errors import MoodboxError
from device.mood import Mood
from device.mpd.tone.outputs import NO_SOUND_CARD, SILENT_PLUGIN
from device.storage.whole_file import write_whole
from device.vision.model_card import read_card

NEEDED_MB = 8  # the songs, MPD's files and the box's
MAX_SETTINGS_BYTES = 1 << 16
MAX_SOCKET_BYTES = 107  # of a Unix socket's path
WHAT_TO_DO = "free some space, or choose another folder: TMPDIR=FOLDER make demo"
SETTINGS = """\
[model]
path = {model}

[camera]
source = {camera}

[music]
address = "{mpd}"

[panel]
off = 0

[panel.leds]
{leds}

[service]
socket = "{folder}/control.sock"
state = "{folder}"
"""
LED_PINS = (5, 6, 13, 12, 23, 24, 25)
COMMAND = """\
#!/bin/sh
# `moodbox` for the box of the demo: status, press, skip, songs --mood sad ...
[ $# = 0 ] && exec {python} -m device --help
verb=$1
shift
exec {python} -m device "$verb" --settings {settings} "$@" # so that another --settings counts
"""


@dataclass(frozen=True)
class Workplace:
    """Where the demo runs.

    Attributes:
        settings: Of its box.
        settings_file: Where they were read.
        command: A program that is `moodbox` for this box.
    """

    settings: Settings
    settings_file: Path
    command: Path

    def look_at(self, source: str) -> None:
        """Have commands that look themselves, such as `moodbox look`, see what the box sees from now on."""
        written = self.settings_file.read_text(encoding="utf-8")
        line = f"source = {_in_toml(source)}"
        content = re.sub(r"^source = .*$", lambda _: line, written, count=1, flags=re.MULTILINE)
        write_whole(self.settings_file, content.encode(), MAX_SETTINGS_BYTES)

    @property
    def page_state(self) -> Path:
        """The folder for the own files of its page."""
        return self.command.parent / "page"

    @property
    def uploads(self) -> Path:
        """The folder for songs that are uploaded to the page."""
        return self.command.parent / "music" / "uploads"


@contextmanager
def workplace(model: Model | None = None, camera: str = "auto") -> Iterator[Workplace]:
    """Make the folder with MPD running in it; both end with the block.

    Args:
        model: Of its box, which has an LED for each of the model's moods; by default moodbox's own.
        camera: The source of its box, for commands that look themselves.

    Raises:
        ModelError: There is no such model.
        MoodboxError: There is no room for the files, or MPD does not start.
    """
    file = (model or Model()).file().absolute()
    moods = read_card(file).labels
    with ExitStack() as stack:
        try:
            name = tempfile.TemporaryDirectory(prefix="moodbox-demo-", ignore_cleanup_errors=True)
        except OSError as error:
            raise MoodboxError(f"there is no folder that can take temporary files: {WHAT_TO_DO}") from error
        folder = Path(stack.enter_context(name))
        try:
            place = _furnish(folder, stack, file, moods, camera)
        except MoodboxError:  # some are also OSErrors
            raise
        except (OSError, soundfile.SoundFileError) as error:
            reason = getattr(error, "strerror", None) or error
            raise MoodboxError(
                f"{folder}: the demo cannot write its files ({reason}): {WHAT_TO_DO}"
            ) from error
        yield place


def _furnish(folder: Path, stack: ExitStack, model: Path, moods: Sequence[Mood], camera: str) -> Workplace:
    free_mb = shutil.disk_usage(folder).free >> 20
    if free_mb < NEEDED_MB:
        raise MoodboxError(
            f"{folder.parent} has {free_mb} MB free, and the demo needs {NEEDED_MB}: {WHAT_TO_DO}"
        )
    if len(bytes(folder / "control.sock")) > MAX_SOCKET_BYTES:
        raise MoodboxError(f"{folder}: too long a path for a socket: choose another: TMPDIR=FOLDER make demo")
    print(f"making {len(SONGS)} songs …", flush=True)
    make_library(folder / "music")
    (folder / "music" / "uploads").mkdir()
    output = sound_output()
    is_silent = output == SILENT_PLUGIN
    name = NO_SOUND_CARD if is_silent else "moodbox"
    server = stack.enter_context(PrivateMpd(folder, output, name=name, finds_songs=True))
    how = "without sound: there is no sound card" if is_silent else f"through {output}"
    print(f"MPD plays them {how} ({server.update()} songs in its library)", flush=True)
    settings_file, command = folder / "moodbox.toml", folder / "moodbox"
    leds = "\n".join(f"{mood} = {pin}" for mood, pin in zip(moods, LED_PINS, strict=False))
    content = SETTINGS.format(
        model=json.dumps(str(model)), camera=_in_toml(camera), leds=leds, mpd=server.address, folder=folder
    )
    settings_file.write_text(content, encoding="utf-8")
    python, file = shlex.quote(sys.executable), shlex.quote(str(settings_file))
    command.write_text(COMMAND.format(python=python, settings=file), encoding="utf-8")
    command.chmod(0o700)
    return Workplace(read_settings(settings_file), settings_file, command)


def _in_toml(source: str) -> str:
    """A camera's source as a value; a name that is not printable cannot be written in TOML."""
    return json.dumps(source if source.isprintable() else "auto", ensure_ascii=False)
