from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator
from pathlib import Path

import mutagen
import numpy as np
import pytest
import soundfile

from tests.deploy.machine import REPOSITORY, Machine, Source
from tests.waiting import eventually

MOCK_PINS = """[Service]
Environment=GPIOZERO_PIN_FACTORY=mock GPIOZERO_MOCK_PIN_CLASS=mockpwmpin
"""
SETTINGS = """# written by the owner
[camera]
source = "images:/opt/moodbox/current/device/pictures/eileen_collins.jpg"
"""
MUSIC = """music_directory "/var/lib/mpd/music"
playlist_directory "/var/lib/mpd/playlists"
db_file "/var/lib/mpd/tag_cache"
audio_output {
    type "null"
    name "no sound"
}
"""


@pytest.fixture(scope="session")
def bare() -> Iterator[Machine]:
    """Boot a machine without moodbox."""
    folder = Path(tempfile.mkdtemp(prefix="run.", dir=REPOSITORY / ".machine"))
    machine = Machine(folder, os.environ.get("SUITE", "trixie"))
    try:
        machine.boot()
        yield machine
    finally:
        machine.remove()


@pytest.fixture
def source(tmp_path: Path) -> Source:
    """Copy the repository, so that the test can change it."""
    return Source(tmp_path / "source")


@pytest.fixture(scope="session")
def furnished(bare: Machine) -> Machine:
    """Add what a Pi and its owner provide: pins, a picture as the camera, songs and settings."""
    for path, content in (
        ("etc/systemd/system/moodbox.service.d/test.conf", MOCK_PINS),
        ("etc/moodbox/moodbox.toml", SETTINGS),
        ("etc/mpd.conf", MUSIC),
    ):
        file = bare.root / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(content)
    songs = bare.root / "var/lib/mpd/music"
    songs.mkdir(parents=True, exist_ok=True)
    for number in range(4):
        song = songs / f"{number}.ogg"
        soundfile.write(song, np.zeros(8000 * 60, dtype=np.float32), 8000, format="OGG", subtype="VORBIS")
        tags = mutagen.File(song)
        tags.update({"genre": ["Disco"], "title": [f"Song {number}"]})
        tags.save()
    bare.run(
        "sudo systemctl daemon-reload; sudo systemctl stop moodbox mpd.socket mpd;"
        " sudo rm -f /var/lib/mpd/tag_cache; sudo systemctl start mpd.socket",
        check=False,
    )
    return bare


@pytest.fixture
def machine(furnished: Machine, tmp_path: Path) -> Machine:
    """Return a box that plays, whatever state the previous test left."""
    if furnished.status().get("trouble") != {}:
        Source(tmp_path / "good").deploy(furnished)
        furnished.run("sudo systemctl restart moodbox")
    eventually(lambda: furnished.status().get("playing") == "play", 60, pause=0.3)
    return furnished
