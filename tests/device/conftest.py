"""A real MPD with a small tagged library, and a real box on gpiozero's mock pins."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import mutagen
import numpy as np
import pytest
import soundfile
from mpd import CommandError

import device
from device.config.settings import Camera, Look, Music, Panel, Service, Settings
from device.demo.server import PrivateMpd
from device.mood import Mood
from device.panel import spi
from tests.device.panel.wire import Wire
from tests.device.presses import press_exactly
from tests.waiting import eventually

PICTURES = Path(device.__file__).parent / "pictures"
HAPPY, NEUTRAL = PICTURES / "eileen_collins.jpg", PICTURES / "grace_hopper.jpg"

AddSong = Callable[..., str]


@pytest.fixture(scope="session")
def silence(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A minute of it: long enough that no song ends in the middle of a test."""
    path = tmp_path_factory.mktemp("songs") / "silence.ogg"
    soundfile.write(path, np.zeros(8000 * 60, dtype=np.float32), 8000, format="OGG", subtype="VORBIS")
    return path


def write_song(music: Path, silence: Path, uri: str, tags: dict[str, str]) -> None:
    path = music / uri
    path.parent.mkdir(parents=True, exist_ok=True)
    shutil.copy(silence, path)
    file = mutagen.File(path)
    file.update({name: [value] for name, value in tags.items()})
    file.save()


@pytest.fixture(scope="session")
def folder_with_songs(silence: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of an MPD that has read sixteen songs for each mood by genre."""
    server = PrivateMpd(tmp_path_factory.mktemp("library"))
    for mood, genre in ((Mood.HAPPY, "Disco"), (Mood.NEUTRAL, "Jazz"), (Mood.SAD, "Blues")):
        for number in range(16):
            tags = {"genre": genre, "title": f"{genre} {number}", "artist": "Somebody"}
            write_song(server.music, silence, f"{mood}/{number:02}.ogg", tags)
    with server:
        server.update()
    return server.folder


@pytest.fixture
def mpd(tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[PrivateMpd]:
    """Running, with an empty library, unless the test asks for `library`.

    Then it starts with a copy of that library's songs and database: to write and to read the songs anew
    for each test would take as long as MPD takes to start.
    """
    if "library" in request.fixturenames:
        songs = request.getfixturevalue("folder_with_songs")
        shutil.copytree(songs / "music", tmp_path / "music")
        shutil.copy2(songs / "database", tmp_path)
    with PrivateMpd(tmp_path) as server:
        yield server


@pytest.fixture
def add_song(mpd: PrivateMpd, silence: Path) -> AddSong:
    """Puts a song into the folder; MPD knows of it after `update`."""

    def add(uri: str, **tags: str) -> str:
        write_song(mpd.music, silence, uri, tags)
        return uri

    return add


@pytest.fixture
def library(mpd: PrivateMpd) -> PrivateMpd:
    """Running, with sixteen songs for each mood by genre."""
    return mpd


def seek(client: Any, seconds: float) -> None:
    """Seek in the song that plays, as soon as MPD can: it reports a song before it has opened it."""

    def sought() -> bool:
        with suppress(CommandError):
            client.seekcur(seconds)
            return True
        return False

    eventually(sought)


def set_output(server: PrivateMpd, output: str) -> None:
    """Have MPD play elsewhere: `output` is what its configuration says about that."""
    file = server.folder / "mpd.conf"
    lines = file.read_text().splitlines()
    first, last = lines.index("audio_output {") + 1, lines.index('name "moodbox"')
    file.write_text("\n".join([*lines[:first], output, *lines[last:], ""]))
    server.stop()
    server.start()


def rename_output(server: PrivateMpd, name: str) -> None:
    """Have MPD call where it plays to by another name."""
    file = server.folder / "mpd.conf"
    file.write_text(file.read_text().replace('name "moodbox"', f'name "{name}"'))
    server.stop()
    server.start()


@pytest.fixture
def sounding(library: PrivateMpd) -> PrivateMpd:
    """The library's MPD plays into a pipe that nobody reads, as for Snapcast: an output with sound to MPD."""
    set_output(library, f'type "fifo"\npath "{library.folder}/sound"')
    return library


@pytest.fixture
def settings(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Settings:
    """A box of one's own: nothing of it lies outside of the test's folder.

    It does not listen to songs, as that would keep the machine busy beside the other tests.
    """
    press_exactly(monkeypatch)
    return Settings(
        camera=Camera(source=f"images:{HAPPY}"),
        look=Look(readings=1),
        panel=Panel(hold=0.5),
        music=Music(address=str(tmp_path / "mpd.sock"), listen=False),
        service=Service(socket=str(tmp_path / "control.sock"), state=str(tmp_path / "state")),
    )


@pytest.fixture
def settings_file(settings: Settings, tmp_path: Path) -> Path:
    """The same as a file, for a box in a process of its own."""
    path = tmp_path / "moodbox.toml"
    path.write_text(
        f"""
        [camera]
        source = "{settings.camera.source}"
        [look]
        readings = {settings.look.readings}
        [music]
        address = "{settings.music.address}"
        timeout = {settings.music.timeout}
        listen = {str(settings.music.listen).lower()}
        [service]
        log_moods = true
        socket = "{settings.service.socket}"
        state = "{settings.service.state}"
        """
    )
    return path


@pytest.fixture
def wire(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Wire:
    """What stands in for an SPI device; `Wire` says why."""
    wire = Wire(tmp_path / "spidev0.0")
    wire.path.touch()
    monkeypatch.setattr(spi, "ioctl", lambda _, request, value: wire.requests.append((request, value)))
    return wire
