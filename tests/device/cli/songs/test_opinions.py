"""`moodbox like` and `never`, and what the other commands then say of the song."""

from __future__ import annotations

import json
from contextlib import closing
from pathlib import Path
from typing import Any

from device.config.settings import Settings
from device.demo.server import PrivateMpd
from device.playback.memory import Memory
from tests.device.cli.commands import moodbox, running, status
from tests.waiting import eventually


def planned(settings_file: Path) -> dict[str, Any]:
    asked = moodbox("songs", "--mood", "sad", "--json", "--settings", settings_file)
    answer: dict[str, Any] = json.loads(asked.stdout)
    return answer


def test_never_is_seen_by_songs_and_mood_and_taken_back_by_unsay(
    settings_file: Path, settings: Settings, library: PrivateMpd
) -> None:
    with running(settings_file):
        eventually(lambda: status(settings_file)["playing"] == "play")
        song, uri = status(settings_file)["song"], library.client().currentsong()["file"]
        assert moodbox("like", "--settings", settings_file).stdout == f"liked: {song}\n"
        said = moodbox("never", "--settings", settings_file)
        assert said.stdout == f"never again: {song} (moodbox mood {uri} --unsay takes it back)\n"
    assert moodbox("forget", "--settings", settings_file).returncode == 0
    asked = moodbox("songs", "--mood", "sad", "--settings", settings_file)
    assert asked.stdout.startswith("sad: 12 of 47 songs; never chosen, as you said: 1\n")
    assert planned(settings_file)["never"] == 1
    assert "never chosen" in moodbox("mood", uri, "--settings", settings_file).stdout
    unsaid = json.loads(moodbox("mood", uri, "--unsay", "--json", "--settings", settings_file).stdout)
    assert unsaid["never"] is False
    assert planned(settings_file)["known"] == 48


def test_never_can_be_taken_back_for_a_stream(
    settings_file: Path, settings: Settings, library: PrivateMpd
) -> None:
    with closing(Memory.open(settings.service.state_path())) as memory:
        memory.exclude("http://radio/x")
        assert moodbox("mood", "http://radio/x", "--unsay", "--settings", settings_file).returncode == 0
        assert memory.excluded() == frozenset()


def test_the_owners_word_is_set_shown_and_taken_back_for_the_song_that_plays(
    settings_file: Path, library: PrivateMpd
) -> None:
    planned(settings_file)  # reads MPD's library
    client = library.client()
    client.add("happy/03.ogg")
    client.play()
    for options, source in (
        (["--playing", "sad"], "own word"),
        (["--playing"], "own word"),
        (["--playing", "0.7", "0.6"], "own word"),
        (["--unsay", "--playing"], "genre"),
    ):
        asked = moodbox("mood", *options, "--json", "--settings", settings_file)
        assert asked.returncode == 0, asked.stderr
        known = json.loads(asked.stdout)
        assert (known["uri"], known["source"]) == ("happy/03.ogg", source)


def test_playing_without_a_song_a_word_that_is_no_mood_and_no_song_at_all_are_mistakes_of_one_line(
    settings_file: Path, library: PrivateMpd
) -> None:
    planned(settings_file)
    asked = moodbox("mood", "--playing", "sad", "--settings", settings_file)
    assert (asked.returncode, asked.stderr) == (
        1,
        "moodbox: no song plays that --playing could mean; name one by its URI\n",
    )
    library.client().add("happy/03.ogg")
    library.client().play()
    asked = moodbox("mood", "--playing", "sda", "--settings", settings_file)
    assert asked.returncode == 2
    assert "did you mean 'sad'?" in asked.stderr
    assert "the moods are " in moodbox("mood", "--playing", "mad", "--settings", settings_file).stderr
    asked = moodbox("mood", "--settings", settings_file)
    assert asked.returncode == 2
    assert asked.stderr.startswith("moodbox: mood: which song?")
    library.stop()
    asked = moodbox("mood", "--playing", "sad", "--settings", settings_file)
    assert asked.returncode == 1
    assert "systemctl start mpd" in asked.stderr


def test_a_stream_has_no_affect(settings_file: Path, library: PrivateMpd) -> None:
    planned(settings_file)
    asked = moodbox("mood", "http://radio/x", "sad", "--settings", settings_file)
    assert asked.returncode == 1
    assert "http://radio/x: a stream" in asked.stderr
