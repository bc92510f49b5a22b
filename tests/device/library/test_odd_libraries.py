"""A complete box with libraries as people have them, which also change while it runs."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
from pathlib import Path
from xml.etree import ElementTree

import pytest

from device.config.settings import Settings
from device.demo.server import PrivateMpd
from tests.device.cli.commands import moodbox, running, status
from tests.device.conftest import AddSong, seek
from tests.waiting import eventually

ODD = {
    "no tags at all.ogg": {},
    "long.ogg": {"genre": "x" * 10_000, "artist": "y" * 10_000, "title": "z" * 10_000, "mood": "w" * 10_000},
    "control.ogg": {"genre": "Dis\x00co\x07", "artist": "\x1b[2J", "title": "\x1b]0;x\x07", "mood": "\x02"},
    "scripts.ogg": {"genre": "ディスコ", "artist": "Бах \u202e", "title": "\U0001f3b5", "mood": "грусть"},
    "several.ogg": {"genre": "Jazz; Blues / Soul|Rock\\Pop", "artist": "A; B", "mood": "happy, sad"},
    "markup <b>&amp;.ogg": {
        "genre": "<script>",
        "artist": '"',
        "title": "%s {0} $(x)",
        "mood": "'; DROP TABLE",
    },
}


def plays(settings_file: Path) -> bool:
    return bool(status(settings_file)["playing"] == "play")


def stop_and_get_warnings(box: subprocess.Popen[str]) -> list[str]:
    """Stop the box, and return its warnings and errors."""
    box.send_signal(signal.SIGTERM)
    _, log = box.communicate(timeout=60)
    assert box.returncode == 0, log
    assert "Traceback" not in log
    return [line for line in log.splitlines() if " WARNING " in line or " ERROR " in line]


def test_songs_with_odd_tags_are_played_printed_and_drawn(
    settings_file: Path, mpd: PrivateMpd, add_song: AddSong, tmp_path: Path
) -> None:
    for uri, tags in ODD.items():
        add_song(uri, **tags)
    mpd.update()
    with running(settings_file) as box:
        eventually(lambda: plays(settings_file))
        picture = tmp_path / "odd.svg"
        asked = moodbox("songs", "--mood", "happy", "--plot", picture, "--settings", settings_file)
        assert asked.returncode == 0, asked.stderr
        assert "\x1b" not in asked.stdout
        assert ElementTree.parse(picture).getroot() is not None
        asked = moodbox("songs", "--mood", "happy", "--json", "--settings", settings_file)
        assert {song["uri"] for song in json.loads(asked.stdout)["songs"]} <= set(ODD)
        assert stop_and_get_warnings(box) == []


def test_songs_whose_files_are_deleted_after_the_choice_are_skipped(
    settings_file: Path, library: PrivateMpd
) -> None:
    with running(settings_file) as box:
        eventually(lambda: plays(settings_file))
        client = library.client()
        first, *coming = [song["file"] for song in client.playlistinfo()]
        for uri in coming[:-1]:
            (library.music / uri).unlink()
        seek(client, 59)  # of sixty seconds

        def another_plays() -> bool:
            uri = client.currentsong().get("file", first)
            state = client.status()["state"]
            return bool(uri != first and (library.music / uri).exists() and state == "play")

        eventually(another_plays)
        stop_and_get_warnings(box)


def test_a_library_that_becomes_empty_is_reported_and_plays_again_when_it_returns(
    settings_file: Path, library: PrivateMpd
) -> None:
    with running(settings_file) as box:
        eventually(lambda: plays(settings_file))
        library.music.rename(library.folder / "away")
        library.music.mkdir()
        library.update()
        library.client().clear()
        moodbox("press", "--settings", settings_file)
        eventually(lambda: "has no songs" in status(settings_file)["trouble"].get("library", ""))
        shutil.rmtree(library.music)
        (library.folder / "away").rename(library.music)
        library.update()
        eventually(lambda: plays(settings_file))
        eventually(lambda: status(settings_file)["trouble"] == {})
        assert len([line for line in stop_and_get_warnings(box) if "has no songs" in line]) == 1


@pytest.mark.parametrize("name", ["songs.db", "moodbox.db"])
def test_a_file_cut_in_half_gives_one_warning_in_the_log(
    settings_file: Path, settings: Settings, library: PrivateMpd, name: str
) -> None:
    with running(settings_file) as box:
        eventually(lambda: plays(settings_file))
        moodbox("mood", "happy/00.ogg", "sad", "--settings", settings_file)
        stop_and_get_warnings(box)
    path = settings.service.state_path() / name
    os.truncate(path, path.stat().st_size // 2)
    with running(settings_file) as box:
        eventually(lambda: plays(settings_file))
        eventually(lambda: status(settings_file)["trouble"] == {})
        (warning,) = stop_and_get_warnings(box)
    assert f"{path}: damaged" in warning
    assert path.with_suffix(".damaged").exists()
