"""A house for the tests: each room is a network of its own, with Snapcast as a deploy configures it. As root.

Rooms are network namespaces at one bridge. Sound goes from a real MPD through a pipe to a real snapserver,
and from real snapclients into memory, each piece with the time at which it would be heard.
"""

from __future__ import annotations

import contextlib
import os
import shutil
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
import soundfile

from device.demo.server import PrivateMpd
from tests.waiting import eventually

ROOT = Path(__file__).parents[2]
RATE = 48000
FRAME_BYTES = 4  # two channels of 16 bits
PIPE = "/run/moodbox-rooms/music"
PERIOD_S = 1.0  # from one tone of the song to the next
TONE_S = 0.1
LOUD = 3000  # of 32767
NEEDED = ("snapserver", "snapclient", "mpc", "ip")
SERVER_HOST = 1


def what_is_missing() -> str:
    """Say why no house can be built here; "" if it can."""
    missing = [program for program in NEEDED if not shutil.which(program)]
    if missing:
        return f"missing: {', '.join(missing)} (apt-get install snapserver snapclient mpc iproute2)"
    return "" if os.geteuid() == 0 else "network namespaces need root"


class Room:
    """One room's network, and the processes in it."""

    def __init__(self, name: str, number: int) -> None:
        """Create it, with an address at the bridge."""
        self.name = f"{name}-{number}"
        self._link = f"{name}v{number}"
        self._started: list[subprocess.Popen[bytes]] = []
        self.address = f"10.213.77.{number}"
        _run("ip", "netns", "add", self.name)
        _run("ip", "link", "add", self._link, "type", "veth", "peer", "name", "eth0", "netns", self.name)
        _run("ip", "link", "set", self._link, "master", name, "up")
        for words in ("addr add {}/24 dev eth0", "link set eth0 up", "link set lo up"):
            _run("ip", "-n", self.name, *words.format(self.address).split())

    def start(self, *command: str | Path, **options: object) -> subprocess.Popen[bytes]:
        """Start a program in this room; it ends with the tests."""
        words = ["ip", "netns", "exec", self.name, "setpriv", "--pdeathsig", "TERM", *map(str, command)]
        process: subprocess.Popen[bytes] = subprocess.Popen(words, stderr=subprocess.DEVNULL, **options)  # type: ignore[call-overload]
        self._started.append(process)
        return process

    def connect(self, *, connected: bool) -> None:
        """Pull this room's cable, or put it in again."""
        _run("ip", "link", "set", self._link, "up" if connected else "down")

    def remove(self) -> None:
        """End what runs here, and remove the network."""
        for process in self._started:
            _kill(process)
        # The kernel removes what is in a network some time after it; the link has to be gone now.
        subprocess.run(["ip", "link", "del", self._link], capture_output=True, check=False)
        _run("ip", "netns", "del", self.name)


class Listener:
    """A room that hears the music: what snapclient plays, and when."""

    def __init__(self, room: Room, server: str) -> None:
        """Start to listen to the server's address."""
        self.room = room
        self._server = server
        self._pieces: list[tuple[float, bytes]] = []
        self.begin()

    def begin(self) -> None:
        """Start snapclient."""
        self._pieces = []
        self._process = self.room.start(
            "snapclient", "--host", self._server, "--hostID", self.room.name, "--player", "file",
            "--logsink", "null", stdout=subprocess.PIPE,
        )  # fmt: skip
        threading.Thread(target=self._record, args=(self._process, self._pieces), daemon=True).start()

    def end(self) -> None:
        """Kill it, as when the box is unplugged."""
        _kill(self._process)

    def forget(self) -> None:
        """Forget what was heard so far."""
        self._pieces.clear()

    @staticmethod
    def _record(process: subprocess.Popen[bytes], pieces: list[tuple[float, bytes]]) -> None:
        assert process.stdout
        while piece := os.read(process.stdout.fileno(), 1 << 16):
            pieces.append((time.monotonic(), piece))

    def tones(self) -> list[float]:
        """When each tone began, in monotonic seconds."""
        found: list[float] = []
        last_loud = -1.0
        for came, piece in list(self._pieces):
            samples = np.frombuffer(piece[: len(piece) // FRAME_BYTES * FRAME_BYTES], np.int16)
            loud = np.flatnonzero(np.abs(samples[::2].astype(int)) > LOUD)
            for frame in loud[np.r_[True, np.diff(loud) > RATE * TONE_S]] if len(loud) else ():
                if (at := came + frame / RATE) > last_loud + PERIOD_S / 2:
                    found.append(at)
            if len(loud):
                last_loud = came + loud[-1] / RATE
        return found


def offsets(one: Sequence[float], other: Sequence[float]) -> list[float]:
    """Return by how many seconds each tone was heard apart in two rooms; tones of one alone are left out."""
    if not other:
        return []
    nearest = [min((abs(at - heard), at - heard) for heard in other) for at in one]
    return [difference for distance, difference in nearest if distance < PERIOD_S / 2]


class House:
    """A server that plays a song of tones, and rooms that listen."""

    def __init__(self, folder: Path, server: Room, rooms: Sequence[Room]) -> None:
        """Prepare what plays, with its files in a folder."""
        self.folder = folder
        self.server = server
        self.rooms = rooms
        self.mpd = PrivateMpd(folder)
        self._pipe = folder / "pipe"
        os.mkfifo(self._pipe, 0o640)
        self._configure("mpd-rooms.conf", "rooms.conf")
        self._configure("snapserver.conf", "snapserver.conf")
        configuration = folder / "mpd.conf"
        configuration.write_text(f'{configuration.read_text()}include_optional "{folder / "rooms.conf"}"\n')
        write_tones(self.mpd.music / "tones.wav")
        self._snapserver: subprocess.Popen[bytes] | None = None

    def _configure(self, deployed: str, name: str) -> None:
        text = (ROOT / "deploy" / deployed).read_text()
        assert PIPE in text
        (self.folder / name).write_text(text.replace(PIPE, str(self._pipe)))

    def play(self) -> None:
        """Start MPD and snapserver, and play the song again and again, into the pipe alone."""
        self.mpd.start()
        self.start_snapserver()
        drop_in = (ROOT / "systemd" / "mpd-rooms.conf").read_text()
        [command] = [
            line.partition("=-")[2] for line in drop_in.splitlines() if line.startswith("ExecStartPost")
        ]
        _run(*command.replace("/run/mpd/socket", self.mpd.address).split())
        client = self.mpd.client()
        assert [each["outputenabled"] for each in client.outputs()] == ["0", "1"]
        client.repeat(1)
        client.add("tones.wav")
        client.play()

    def start_snapserver(self) -> None:
        """Start Snapcast's server with the configuration of a deploy."""
        data = self.folder / "snapserver"
        data.mkdir(exist_ok=True)
        self._snapserver = self.server.start(
            "snapserver", "--logging.sink=null", f"--server.datadir={data}",
            "--config", self.folder / "snapserver.conf", stdout=subprocess.DEVNULL,
        )  # fmt: skip

    def kill_snapserver(self) -> None:
        """End it, as when the server is unplugged."""
        if self._snapserver:
            _kill(self._snapserver)


@contextlib.contextmanager
def house(folder: Path, rooms: int = 2) -> Iterator[House]:
    """Build a house, and take it down."""
    name = f"mb{os.getpid() % 100000}"
    with contextlib.ExitStack() as stack:
        _run("ip", "link", "add", name, "type", "bridge")
        stack.callback(_run, "ip", "link", "del", name)
        _run("ip", "link", "set", name, "up")
        made = []
        for number in range(SERVER_HOST, SERVER_HOST + 1 + rooms):
            made.append(Room(name, number))
            stack.callback(made[-1].remove)
        built = House(folder, made[0], made[1:])
        stack.callback(built.mpd.stop)
        yield built


def hear(listeners: Sequence[Listener], tones: int, seconds: float = 90) -> None:
    """Wait until each has heard so many tones more."""
    for listener in listeners:
        listener.forget()
    eventually(lambda: all(len(listener.tones()) > tones for listener in listeners), seconds, pause=0.2)


def write_tones(path: Path, count: int = 30) -> None:
    """Write a song: a tone of 1 kHz at the beginning of each second."""
    times = np.arange(int(RATE * PERIOD_S)) / RATE
    second = np.where(times < TONE_S, 0.5 * np.sin(2 * np.pi * 1000 * times), 0.0)
    soundfile.write(path, np.tile(second, count), RATE, subtype="PCM_16")


def _kill(process: subprocess.Popen[bytes]) -> None:
    process.send_signal(signal.SIGKILL)
    process.wait()
    if process.stdout:
        process.stdout.close()


def _run(*words: str) -> None:
    ran = subprocess.run(words, capture_output=True, text=True, check=False)
    if ran.returncode:
        sys.exit(f"{' '.join(words)}: {ran.stderr.strip()}")
