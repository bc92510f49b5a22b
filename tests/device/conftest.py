"""A real MPD with a small tagged library, and a real box on gpiozero's mock pins."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import mutagen
import numpy as np
import pytest
import soundfile

import device
from device.config.settings import Camera, Look, Music, Panel, Service, Settings
from device.demo.server import PrivateMpd
from device.mood import Mood

PICTURES = Path(device.__file__).parent / "pictures"
HAPPY, NEUTRAL = PICTURES / "eileen_collins.jpg", PICTURES / "grace_hopper.jpg"

AddSong = Callable[..., str]


@pytest.fixture(scope="session")
def silence(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A minute of it: long enough that no song ends in the middle of a test."""
    path = tmp_path_factory.mktemp("songs") / "silence.ogg"
    soundfile.write(path, np.zeros(8000 * 60, dtype=np.float32), 8000, format="OGG", subtype="VORBIS")
    return path


@pytest.fixture
def mpd(tmp_path: Path) -> Iterator[PrivateMpd]:
    """Running, with an empty library."""
    with PrivateMpd(tmp_path) as server:
        yield server


@pytest.fixture
def add_song(mpd: PrivateMpd, silence: Path) -> AddSong:
    """Puts a song into the folder; MPD knows of it after `update`."""

    def add(uri: str, **tags: str) -> str:
        path = mpd.music / uri
        path.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(silence, path)
        file = mutagen.File(path)
        file.update({name: [value] for name, value in tags.items()})
        file.save()
        return uri

    return add


@pytest.fixture
def library(mpd: PrivateMpd, add_song: AddSong) -> PrivateMpd:
    """Running, with sixteen songs for each mood by genre."""
    for mood, genre in ((Mood.HAPPY, "Disco"), (Mood.NEUTRAL, "Jazz"), (Mood.SAD, "Blues")):
        for number in range(16):
            add_song(f"{mood}/{number:02}.ogg", genre=genre, title=f"{genre} {number}", artist="Somebody")
    mpd.update()
    return mpd


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    """A box of one's own: nothing of it lies outside of the test's folder.

    It does not listen to songs, as that would keep the machine busy beside the other tests.
    """
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
