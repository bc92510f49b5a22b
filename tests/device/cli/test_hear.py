"""`moodbox hear`: what the box hears in sound files."""

from __future__ import annotations

import json
import os
from dataclasses import fields
from pathlib import Path

import numpy as np
import pytest
import soundfile

from device.demo.songs import RATE, SONGS, synthesize
from device.library.audio.features import Features
from device.library.audio.worker import NO_SOUND_FILE
from tests.device.cli.commands import moodbox
from tests.device.library.conftest import prompt_worker  # noqa: F401 - for each test here

WILD, STILL = SONGS[0], SONGS[9]


@pytest.fixture
def songs(tmp_path: Path) -> tuple[Path, Path]:
    """A wild and a still song."""
    paths = tmp_path / "wild.wav", tmp_path / "still.mp3"
    for path, song in zip(paths, (WILD, STILL), strict=True):
        soundfile.write(path, synthesize(song, np.random.default_rng(1)), RATE)
    return paths


def test_in_json_each_file_is_a_line_with_the_contracts_keys(songs: tuple[Path, Path]) -> None:
    result = moodbox("hear", *songs, "--json")
    wild, still = map(json.loads, result.stdout.splitlines())
    assert (result.returncode, result.stderr) == (0, "")
    assert [wild["file"], still["file"]] == list(map(str, songs))
    for heard in (wild, still):
        assert list(heard) == [
            "file", "valence", "energy", "confidence", "measures", "words", "seconds",
        ]  # fmt: skip
        assert set(heard["confidence"]) == {"valence", "energy"}
        assert list(heard["measures"]) == [field.name for field in fields(Features)]
        assert all(0 <= heard[key] <= 1 for key in ("valence", "energy"))
        assert all(0 < confidence < 1 for confidence in heard["confidence"].values())
        assert heard["seconds"] > 0
    assert wild["energy"] > still["energy"]


def test_for_people_it_says_in_words_what_it_hears(songs: tuple[Path, Path]) -> None:
    wild, still = moodbox("hear", *songs).stdout.splitlines()
    assert wild.startswith(f"{songs[0]}: valence 0.")
    assert "dense" in wild
    assert "dense" not in still


def test_files_that_cannot_be_read_are_named_and_the_others_heard(songs: tuple[Path, Path]) -> None:
    folder = songs[0].parent
    broken, short, pipe = folder / "broken.ogg", folder / "short.wav", folder / "pipe.wav"
    os.mkfifo(pipe)
    broken.write_bytes(b"not a sound")
    soundfile.write(short, np.zeros(RATE), RATE)
    result = moodbox("hear", broken, folder, folder / "missing.mp3", short, "", pipe, songs[0], "--json")
    (line,) = result.stdout.splitlines()
    assert json.loads(line)["file"] == str(songs[0])
    assert result.returncode == 1
    assert result.stderr.splitlines() == [
        f"moodbox: {broken}: {NO_SOUND_FILE}",
        f"moodbox: {folder}: is a folder; name the files in it",
        f"moodbox: {folder}/missing.mp3: No such file or directory",
        f"moodbox: {short}: only 1.0 s could be read",
        "moodbox: : No such file or directory",
        f"moodbox: {pipe}: is not a regular file",
    ]


def test_a_file_whose_name_is_not_utf8_is_heard(songs: tuple[Path, Path]) -> None:
    odd = songs[0].rename(songs[0].with_name("Bj\udcf6rk\n.wav"))
    heard = json.loads(moodbox("hear", odd, "--json").stdout)
    assert os.fsencode(heard["file"]) == os.fsencode(odd)
    assert r"Bj\udcf6rk\n.wav: valence" in moodbox("hear", odd).stdout


def test_a_file_is_found_from_the_working_folder(
    songs: tuple[Path, Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PYTHONPATH", str(Path.cwd()))
    monkeypatch.chdir(songs[0].parent)
    result = moodbox("hear", songs[0].name)
    assert result.stdout.startswith("wild.wav: ")
