"""An MPD of one's own, in a folder: for the demo, and for the tests.

MOODBOX_MPD names a program that is to be run instead of the mpd that is installed.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import threading
import time
from pathlib import Path
from typing import Self

from device.config import settings
from device.errors import PlayerError
from device.mpd import responses as answers
from device.mpd.connection import Client, connected

CONFIGURATION = """\
music_directory "{folder}/music"
playlist_directory "{folder}/playlists"
db_file "{folder}/database"
state_file "{folder}/mpdstate"
sticker_file "{folder}/stickers"
log_file "{folder}/mpd.log"
bind_to_address "{socket}"
auto_update "no"
zeroconf_enabled "no"
audio_output {{
type "{output}"
name "moodbox"
}}
"""
START, STOP = 10.0, 3.0  # seconds


def sound_output() -> str:
    """MPD's name for the sound that this machine has: pulse (PipeWire too), alsa, or null for none."""
    if (Path(os.environ.get("XDG_RUNTIME_DIR", "/nowhere")) / "pulse" / "native").exists():
        return "pulse"
    cards = Path("/proc/asound/cards")
    return "alsa" if cards.exists() and "no soundcards" not in cards.read_text() else "null"


class PrivateMpd:
    """A real MPD that knows only `folder`: music, playlists, socket and state. Raises PlayerError."""

    def __init__(self, folder: Path, output: str = "null") -> None:
        self.folder = folder
        self.music = folder / "music"
        self.playlists = folder / "playlists"
        self.address = str(folder / "mpd.sock")
        self.output = output
        for part in (self.music, self.playlists):
            part.mkdir(parents=True, exist_ok=True)
        (folder / "mpd.conf").write_text(
            CONFIGURATION.format(folder=folder, socket=self.address, output=output), encoding="utf-8"
        )
        self._process: subprocess.Popen[bytes] | None = None

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    @property
    def link(self) -> settings.Music:
        """The settings of a box that plays here."""
        return settings.Music(address=self.address)

    @property
    def pid(self) -> int:
        if self._process is None:
            raise PlayerError("this MPD does not run")
        return self._process.pid

    def start(self) -> None:
        """Returns once MPD answers."""
        places = os.environ.get("PATH", "") + ":/usr/bin:/usr/sbin"
        program = os.environ.get("MOODBOX_MPD") or shutil.which("mpd", path=places)
        if program is None:
            raise PlayerError("mpd is missing: sudo apt install mpd")
        command = [program, "--no-daemon", str(self.folder / "mpd.conf")]
        # So that it ends with us, even when we are killed. By us the kernel means the thread that starts it.
        if shutil.which("setpriv") and threading.current_thread() is threading.main_thread():
            command = ["setpriv", "--pdeathsig", "TERM", *command]
        self._process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        end = time.monotonic() + START
        while True:
            try:
                with connected(self.link) as client:
                    _wait_for_update(client)  # without a database MPD begins one by itself
                    return
            except PlayerError:
                if self._process.poll() is not None or time.monotonic() > end:
                    self.kill()
                    log = self.folder / "mpd.log"
                    words = log.read_text(errors="replace").strip().splitlines() if log.exists() else []
                    raise PlayerError(
                        f"mpd does not start: {words[-1] if words else 'no word why'}"
                    ) from None
                time.sleep(0.02)

    def stop(self) -> None:
        self._end("terminate")

    def kill(self) -> None:
        """At once, as a crash or a cut of power would."""
        self._end("kill")

    def _end(self, how: str) -> None:
        process, self._process = self._process, None
        if process is None:
            return
        getattr(process, how)()
        try:
            process.wait(timeout=STOP)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()

    def update(self) -> int:
        """Reads the music folder again; returns the number of songs."""
        with connected(self.link) as client:
            client.update()
            _wait_for_update(client)
            return answers.stats(client).songs

    def client(self) -> Client:
        """A connection of one's own, as another person's program would have."""
        client = Client(settings.Music(address=self.address, timeout=5))
        client.connect()
        return client


def _wait_for_update(client: Client) -> None:
    while answers.status(client).updating_db is not None:
        time.sleep(0.02)
