"""A private MPD in a folder, for the demo and for the tests.

The environment variable MOODBOX_MPD names a program to run instead of the installed mpd.
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
auto_update "{auto_update}"
zeroconf_enabled "no"
audio_output {{
type "{output}"
name "{name}"
mixer_type "software"
}}
"""
START_TIMEOUT_S = 60.0  # on a busy machine; one that ends instead is noticed at once
STOP_TIMEOUT_S = 10.0
UPDATE_TIMEOUT_S = 30.0  # while it writes its database to a slow disk, MPD answers nobody
POLL_INTERVAL_S = 0.02


def sound_output() -> str:
    """MPD's output plugin for this machine: pulse (for PipeWire too), alsa, or null without a sound card."""
    if (Path(os.environ.get("XDG_RUNTIME_DIR", "/nowhere")) / "pulse" / "native").exists():
        return "pulse"
    cards = Path("/proc/asound/cards")
    return "alsa" if cards.exists() and "no soundcards" not in cards.read_text() else "null"


class PrivateMpd:
    """A real MPD whose music, playlists, socket and state are all in `folder`."""

    def __init__(
        self, folder: Path, output: str = "null", *, name: str = "moodbox", finds_songs: bool = False
    ) -> None:
        """Prepare it.

        Args:
            folder: Where everything of it is.
            output: Of its sound: "null" for none.
            name: Of that output.
            finds_songs: Whether it takes songs that come into its folder into its library by itself.
        """
        self.folder = folder
        self.music = folder / "music"
        self.playlists = folder / "playlists"
        self.address = str(folder / "mpd.sock")
        self.output = output
        for subfolder in (self.music, self.playlists):
            subfolder.mkdir(parents=True, exist_ok=True)
        (folder / "mpd.conf").write_text(
            CONFIGURATION.format(
                folder=folder,
                socket=self.address,
                output=output,
                name=name,
                auto_update="yes" if finds_songs else "no",
            ),
            encoding="utf-8",
        )
        self._process: subprocess.Popen[bytes] | None = None

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    @property
    def link(self) -> settings.Music:
        """The settings of a box that plays on this MPD."""
        return settings.Music(address=self.address)

    @property
    def pid(self) -> int:
        """The process id.

        Raises:
            PlayerError: This MPD does not run.
        """
        if self._process is None:
            raise PlayerError("this MPD does not run")
        return self._process.pid

    def start(self) -> None:
        """Start MPD, and wait until it answers.

        Raises:
            PlayerError: mpd is not installed or does not start.
        """
        search_path = os.environ.get("PATH", "") + ":/usr/bin:/usr/sbin"
        program = os.environ.get("MOODBOX_MPD") or shutil.which("mpd", path=search_path)
        if program is None:
            raise PlayerError("mpd is missing: sudo apt install mpd")
        command = [program, "--no-daemon", str(self.folder / "mpd.conf")]
        # MPD must end with this process, even if that is killed. The kernel binds it to the thread that
        # starts it, so this works in the main thread only.
        if shutil.which("setpriv") and threading.current_thread() is threading.main_thread():
            command = ["setpriv", "--pdeathsig", "TERM", *command]
        self._process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        end = time.monotonic() + START_TIMEOUT_S
        while True:
            try:
                with connected(self.link) as client:
                    _wait_for_update(client)  # without a database MPD builds one at its start
                    return
            except PlayerError:
                if self._process.poll() is not None or time.monotonic() > end:
                    self.kill()
                    log = self.folder / "mpd.log"
                    lines = log.read_text(errors="replace").strip().splitlines() if log.exists() else []
                    raise PlayerError(
                        f"mpd does not start: {lines[-1] if lines else 'its log is empty'}"
                    ) from None
                time.sleep(POLL_INTERVAL_S)

    def stop(self) -> None:
        """End it as systemd would, or kill it if that takes too long."""
        self._end("terminate")

    def kill(self) -> None:
        """End it at once, like a crash or a power cut."""
        self._end("kill")

    def _end(self, method: str) -> None:
        process, self._process = self._process, None
        if process is None:
            return
        getattr(process, method)()
        try:
            process.wait(timeout=STOP_TIMEOUT_S)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()

    def update(self) -> int:
        """Let MPD read the music folder again; returns the number of songs in its library."""
        slow = settings.Music(address=self.address, timeout=UPDATE_TIMEOUT_S)
        with connected(slow) as client:
            client.update()
            _wait_for_update(client)
            return answers.stats(client).songs

    def client(self) -> Client:
        """A connection of its own, like that of another MPD client; the caller disconnects it."""
        client = Client(settings.Music(address=self.address, timeout=5))
        client.connect()
        return client


def _wait_for_update(client: Client) -> None:
    while answers.status(client).updating_db is not None:
        time.sleep(POLL_INTERVAL_S)
