"""A library scanner, and sounds to analyze."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import msgspec
import mutagen
import numpy as np
import pytest
import soundfile
from mutagen.id3 import ID3

from device.config.settings import Music, Settings
from device.demo.server import PrivateMpd
from device.demo.songs import BLOCK, RATE, SONGS, synthesize
from device.library.audio import client as audio_client
from device.library.audio.client import AudioClient
from tests.device.conftest import AddSong
from tests.device.library.audio import prompt_worker as prompt
from tests.device.library.scanning import ScannerRun

WILD, STILL = SONGS[0], SONGS[9]  # disco at 124 beats a minute, and rain on tin


@pytest.fixture(autouse=True)
def prompt_worker(monkeypatch: pytest.MonkeyPatch) -> None:
    """The audio worker answers soon, however busy the other tests keep the machine."""
    monkeypatch.setattr(audio_client, "WORKER", prompt.__name__)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "state"


@pytest.fixture
def scanner_run(settings: Settings, folder: Path) -> Iterator[ScannerRun]:
    made = ScannerRun(settings.music, folder)
    yield made
    made.scanner.close()


@pytest.fixture(scope="session")
def sounds(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """A song with high energy and one with low energy: "wild" and "still"."""
    folder = tmp_path_factory.mktemp("sounds")
    for name, song in (("wild", WILD), ("still", STILL)):
        with soundfile.SoundFile(folder / name, "w", RATE, 1, "VORBIS", format="OGG") as file:
            sound = synthesize(song, np.random.default_rng(1))
            for start in range(0, len(sound), BLOCK):
                file.write(sound[start : start + BLOCK])
    return {name: folder / name for name in ("wild", "still")}


@pytest.fixture
def add_sound(mpd: PrivateMpd, sounds: dict[str, Path]) -> AddSong:
    """A function that puts the wild or the still song into MPD's folder."""

    def add(uri: str, sound: str, **tags: str) -> str:
        shutil.copy(sounds[sound], mpd.music / uri)
        file = mutagen.File(mpd.music / uri)
        file.update({name: [value] for name, value in tags.items()})
        file.save()
        return uri

    return add


AddMp3 = Callable[..., Path]


@pytest.fixture
def add_mp3(mpd: PrivateMpd) -> AddMp3:
    """A function that puts an MP3 with these ID3 frames into MPD's folder."""

    def add(uri: str, *frames: Any) -> Path:
        path = mpd.music / uri
        soundfile.write(path, np.zeros(RATE), RATE, format="MP3")
        id3: Any = ID3()
        for frame in frames:
            id3.add(frame)
        id3.save(path)
        return path

    return add


@pytest.fixture
def client() -> Iterator[AudioClient]:
    with closing(AudioClient()) as made:
        yield made


@pytest.fixture
def music(settings: Settings) -> Music:
    """The settings of a box that analyzes songs."""
    return msgspec.structs.replace(settings.music, listen=True)
