from __future__ import annotations

import grp
import importlib
import itertools
import os
import tempfile
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType

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
# It can be heard: Snapcast may take silence for a pause.
TONE = 0.1 * np.sin(np.arange(8000 * 60, dtype=np.float32))


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
def unchanged(tmp_path_factory: pytest.TempPathFactory) -> Source:
    """Copy the repository once for all tests that do not change it; it has the packages for every box."""
    source = Source(tmp_path_factory.mktemp("unchanged") / "source")
    source.keep_wheels(*itertools.product(("3.11", "3.13"), ("aarch64", "x86_64")))
    return source


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
        soundfile.write(song, TONE, 8000, format="OGG", subtype="VORBIS")
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


@pytest.fixture
def box(monkeypatch: pytest.MonkeyPatch) -> None:
    """Make the modules of deploy/box importable."""
    monkeypatch.syspath_prepend(REPOSITORY / "deploy" / "box")


@pytest.fixture
def partition(box: None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    """Return deploy/box/boot/partition.py with its folders here, and programs that do nothing."""
    module = importlib.import_module("boot.partition")
    for name in ("BOOT", "TAKEN"):
        monkeypatch.setattr(module, name, tmp_path / name)
    module.BOOT.mkdir()
    monkeypatch.setattr(module, "CURRENT", tmp_path / "current")
    for holder in (module, module.streams, module.strip):
        monkeypatch.setattr(holder, "SETTINGS", tmp_path / "etc/moodbox.toml")
    monkeypatch.setattr(module.strip, "SET_ON_THE_PAGE", tmp_path / "settings.toml")
    monkeypatch.setattr(module.strip, "DROP_IN", tmp_path / "units/moodbox.service.d/strip.conf")
    monkeypatch.setattr(module.strip, "GROUP", grp.getgrgid(os.getgid()).gr_name)
    monkeypatch.setattr(module, "BEFORE", tmp_path / "etc/before.toml")
    monkeypatch.setattr(module, "GROUP", grp.getgrgid(os.getgid()).gr_name)
    monkeypatch.setattr(module.wlan, "PROFILE", tmp_path / "connections/moodbox.nmconnection")
    programs = tmp_path / "programs"
    programs.mkdir()
    for name in ("nmcli", "rfkill", "raspi-config"):
        (programs / name).write_text(f'#!/bin/sh\necho "{name} $*" >>{tmp_path}/called\n')
        (programs / name).chmod(0o755)
    monkeypatch.setenv("PATH", f"{programs}:{os.environ['PATH']}")
    return module
