"""`moodbox songs` and `moodbox mood`, as people and scripts see them."""

from __future__ import annotations

import dataclasses
import json
import os
import re
from contextlib import closing
from pathlib import Path
from types import SimpleNamespace
from typing import Any
from xml.etree import ElementTree

import pytest

from device.cli.songs.plan import forget
from device.config.settings import Settings
from device.demo.harness import harness_for
from device.demo.server import PrivateMpd
from device.errors import MemoryFileError
from device.library.index import LibraryIndex
from device.mood import Mood
from device.playback.memory import Memory
from device.recommend.play_statistics import NO_STATISTICS
from tests.device.cli.commands import moodbox, moodbox_process, running, status
from tests.device.conftest import AddSong
from tests.device.estimates import certain
from tests.device.library.audio.songs import MIDDLING
from tests.waiting import eventually


def planned(settings_file: Path, mood: str = "sad") -> dict[str, Any]:
    asked = moodbox("songs", "--mood", mood, "--json", "--settings", settings_file)
    assert asked.returncode == 0, asked.stderr
    answer: dict[str, Any] = json.loads(asked.stdout)
    return answer


def test_songs_in_json_are_the_next_twelve_with_the_reason_for_each(
    settings_file: Path, library: PrivateMpd
) -> None:
    answer = planned(settings_file)
    assert list(answer) == [
        "mood", "chosen_by", "chosen_for", "known", "songs", "left_out", "never", "set_aside",
    ]  # fmt: skip
    assert (answer["chosen_by"], answer["chosen_for"]) == ("mood", {"sad": 1.0})
    assert (answer["mood"], answer["known"], len(answer["songs"])) == ("sad", 48, 12)
    first = answer["songs"][0]
    assert first["uri"].startswith("sad/")
    assert first["target"] == [0.3, 0.35]
    assert {"uri", "artist", "title", "genre", "valence", "energy", "sure", "source", "fit", "why"} <= set(
        first
    )


def test_songs_without_json_are_a_readable_list(settings_file: Path, library: PrivateMpd) -> None:
    asked = moodbox_process("songs", "--mood", "happy", "--settings", settings_file)
    lines = asked.stdout.splitlines()
    assert lines[0] == "happy: 12 of 48 songs"
    assert re.fullmatch(r" 1  Somebody - Disco \d+", lines[1])
    assert lines[2].startswith("    happy/")  # what `moodbox mood` takes
    assert lines[3].startswith("    genre Disco at 0.80/0.70 for 0.75/0.70, fits ")


def test_songs_are_chosen_from_the_moods_playlist_if_there_is_one(
    settings_file: Path, library: PrivateMpd
) -> None:
    (library.playlists / "sad.m3u").write_text("happy/01.ogg\nneutral/02.ogg\n")
    assert {song["uri"] for song in planned(settings_file)["songs"]} == {"happy/01.ogg", "neutral/02.ogg"}


def test_songs_of_a_playlist_that_mpd_does_not_have_are_not_listed(
    settings_file: Path, library: PrivateMpd
) -> None:
    """The box sets them aside; so does the command, whether or not a box runs."""
    stream = "http://127.0.0.1:1/radio.ogg"
    (library.playlists / "sad.m3u").write_text(f"gone.ogg\nneutral/02.ogg\n{stream}\nit's gone.ogg\n")
    output = moodbox("songs", "--mood", "sad", "--json", "--settings", settings_file).stdout
    assert {song["uri"] for song in json.loads(output)["songs"]} == {"neutral/02.ogg", stream}


def test_songs_that_the_running_box_has_set_aside_are_not_listed(
    settings_file: Path, settings: Settings, library: PrivateMpd
) -> None:
    (library.playlists / "happy.m3u").write_text("nonsense://x\nneutral/02.ogg\n")
    assert planned(settings_file, "happy")["known"] == 2
    with harness_for(settings):
        eventually(lambda: planned(settings_file, "happy")["set_aside"] == 1)
        output = moodbox("songs", "--mood", "happy", "--settings", settings_file).stdout
    assert output.startswith("happy: 1 of 1 songs; set aside, since MPD has refused them: 1\n")


def test_songs_without_mpd_use_what_was_known_before(settings_file: Path, library: PrivateMpd) -> None:
    planned(settings_file)
    library.stop()
    asked = moodbox("songs", "--mood", "sad", "--settings", settings_file)
    assert asked.returncode == 0
    assert "is not running" in asked.stderr
    assert "this plan uses what was known before" in asked.stderr


def test_songs_without_mpd_and_without_an_index_are_an_error_of_one_line(settings_file: Path) -> None:
    asked = moodbox("songs", "--mood", "sad", "--settings", settings_file)
    assert asked.returncode == 1
    assert asked.stdout == ""
    (line,) = asked.stderr.splitlines()
    assert "is not running: sudo systemctl start mpd" in line


def test_songs_of_an_empty_library_are_an_error_with_the_remedy(settings_file: Path, mpd: PrivateMpd) -> None:
    asked = moodbox("songs", "--mood", "sad", "--settings", settings_file)
    assert asked.returncode == 1
    assert "has no songs: put music into its folder" in asked.stderr


def test_the_users_own_affect_changes_the_choice_and_can_be_removed(
    settings_file: Path, library: PrivateMpd
) -> None:
    planned(settings_file)
    assert "own word" in moodbox("mood", "happy/07.ogg", "0.3", "0.35", "--settings", settings_file).stdout
    assert planned(settings_file)["songs"][0]["uri"] == "happy/07.ogg"
    output = moodbox("mood", "happy/07.ogg", "--settings", settings_file).stdout
    assert output == "happy/07.ogg: valence 0.30, energy 0.35 (own word)\n"
    output = moodbox("mood", "happy/07.ogg", "--unsay", "--json", "--settings", settings_file).stdout
    assert json.loads(output)["source"] == "genre"


def test_a_mood_sets_the_affect_of_a_song(settings_file: Path, library: PrivateMpd) -> None:
    planned(settings_file)
    output = moodbox_process("mood", "happy/07.ogg", "Sad", "--json", "--settings", settings_file)
    assert json.loads(output.stdout)["valence"] < 0.4


@pytest.mark.parametrize(
    ("words", "code", "message"),
    [
        (["happy/07.ogg", "hapy"], 2, "expected a mood, or a valence and an energy (0.7 0.6); did you mean"),
        (["happy/07.ogg", "1.5", "0"], 2, "valence and energy must be from 0 to 1"),
        (["happy/07.ogg", "nan", "0"], 2, "valence and energy must be from 0 to 1"),
        (["happy/07.ogg", "0.5"], 2, "expected a mood, or a valence and an energy"),
        (["07.ogg", "happy"], 1, "no such song in MPD's library; did you mean 'happy/07.ogg'?"),
        (["gone.ogg", "happy"], 1, "gone.ogg: no such song in MPD's library; `mpc --host=/"),
    ],
)
def test_a_mistake_gives_one_line_and_an_exit_code(
    settings_file: Path, library: PrivateMpd, words: list[str], code: int, message: str
) -> None:
    planned(settings_file)
    asked = moodbox("mood", *words, "--settings", settings_file)
    assert asked.returncode == code
    assert asked.stdout == ""
    (line,) = asked.stderr.splitlines()
    assert message in line


@pytest.mark.parametrize(
    ("word", "message"),
    [
        ("joyful", "--mood joyful: this mood is not known; did you mean 'happy'?"),
        ("calm", "did you mean 'neutral'?"),
        ("furious", "did you mean 'angry'?"),
        ("neutrl", "did you mean 'neutral'?"),
        ("xyz", "known are angry, disgust, fear, happy, neutral, sad, surprise"),
        ("", "known are angry, "),
    ],
)
def test_an_unknown_mood_is_an_error_that_names_the_nearest(
    settings_file: Path, word: str, message: str
) -> None:
    asked = moodbox("songs", "--mood", word, "--settings", settings_file)
    assert asked.returncode == 2
    (line,) = asked.stderr.splitlines()
    assert message in line


def test_a_mood_may_be_written_in_capitals(settings_file: Path, library: PrivateMpd) -> None:
    assert planned(settings_file, "Sad")["mood"] == "sad"


def test_the_plot_is_written_in_addition_to_the_usual_output(
    settings_file: Path, library: PrivateMpd, tmp_path: Path
) -> None:
    picture = tmp_path / "sad.svg"
    asked = moodbox("songs", "--mood", "sad", "--plot", picture, "--settings", settings_file)
    assert asked.stdout.startswith("sad: 12 of 48 songs\n")
    root = ElementTree.parse(picture).getroot()
    assert root.tag == "{http://www.w3.org/2000/svg}svg"
    assert "sad: 12 of 48 songs" in root.itertext()


@pytest.mark.parametrize(
    ("name", "code", "message"),
    [
        ("sad.png", 2, "sad.png: the plot is an SVG picture: name it sad.svg"),
        ("away/sad.svg", 1, "sad.svg: cannot be written: No such file or directory"),
    ],
)
def test_a_plot_that_cannot_be_written_is_an_error_of_one_line(
    settings_file: Path, library: PrivateMpd, tmp_path: Path, name: str, code: int, message: str
) -> None:
    asked = moodbox("songs", "--mood", "sad", "--plot", tmp_path / name, "--settings", settings_file)
    assert asked.returncode == code
    (line,) = asked.stderr.splitlines()
    assert message in line


def test_the_features_of_a_song_are_shown(
    settings_file: Path, settings: Settings, library: PrivateMpd
) -> None:
    planned(settings_file)
    features = dataclasses.replace(MIDDLING, loudness=-12.3, onsets=3.5, tempo=120)
    with closing(LibraryIndex.open(settings.service.state_path())) as index:
        for song in index.unanalyzed("", 2, known=True):
            result = features if song.uri == "happy/00.ogg" else "Format not recognised."
            index.keep_analysis(song, result, song.affect)
    output = moodbox("mood", "happy/00.ogg", "--settings", settings_file).stdout.splitlines()
    assert output[1].startswith("sound: -12 LUFS, 120 beats per minute, 3.5 onsets per second")
    known = json.loads(moodbox("mood", "happy/00.ogg", "--json", "--settings", settings_file).stdout)
    assert known["sound"] == dataclasses.asdict(features)
    assert known["fault"] is None
    output = moodbox("mood", "happy/01.ogg", "--settings", settings_file).stdout.splitlines()
    assert output[1] == "its sound cannot be analyzed: Format not recognised."


def test_the_commands_and_a_running_box_see_the_same_songs(settings_file: Path, library: PrivateMpd) -> None:
    with running(settings_file):
        eventually(lambda: status(settings_file)["playing"] == "play")
        assert planned(settings_file)["known"] == 48
        assert "own word" in moodbox("mood", "sad/07.ogg", "0.75", "0.7", "--settings", settings_file).stdout
        moodbox("press", "--settings", settings_file)
        eventually(lambda: "Blues 7" in (status(settings_file)["song"] or ""))


def test_forget_deletes_what_was_learned(
    settings_file: Path, settings: Settings, library: PrivateMpd
) -> None:
    with closing(Memory.open(settings.service.state_path())) as memory:
        memory.keep_play(certain(Mood.SAD), "sad/01.ogg", "Blues", completed=True)
        said = moodbox("forget", "--settings", settings_file)
        assert said.stdout.startswith("forgotten: play counts of songs: 1, what was learned from correct")
        assert memory.play_statistics(certain(Mood.SAD)) == NO_STATISTICS


def test_songs_take_account_of_what_was_learned(
    settings_file: Path, settings: Settings, library: PrivateMpd
) -> None:
    with closing(Memory.open(settings.service.state_path())) as memory:
        for _ in range(40):
            memory.keep_play(certain(Mood.HAPPY), "happy/07.ogg", "", completed=True)
    first = planned(settings_file, "happy")["songs"][0]
    assert first["uri"] == "happy/07.ogg"
    assert first["liking"] > first["fit"]


@pytest.mark.skipif(os.getuid() == 0, reason="nothing is read-only for root")
def test_an_error_names_the_files_of_another_user_and_the_remedy(
    settings_file: Path, settings: Settings
) -> None:
    settings.service.state_path().mkdir()
    settings.service.state_path().chmod(0o500)
    asked = moodbox("forget", "--settings", settings_file)
    assert asked.returncode == 1
    assert "may not be written by this user: sudo -u " in asked.stderr
    checked = moodbox("check", "--settings", settings_file).stdout
    assert "may not be written by this user: sudo moodbox check\n" in checked


def test_an_error_names_a_read_only_disk_and_where_to_look(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    forget(settings)
    monkeypatch.setattr(os, "statvfs", lambda _: SimpleNamespace(f_flag=os.ST_RDONLY))
    with pytest.raises(MemoryFileError, match=r"its disk is read-only; .*`sudo dmesg`"):
        forget(settings)


def test_a_name_that_is_not_utf8_is_an_error_of_one_line(settings_file: Path, library: PrivateMpd) -> None:
    planned(settings_file)
    asked = moodbox("mood", os.fsdecode(b"Bj\xf6rk.ogg"), "--unsay", "--settings", settings_file)
    assert asked.returncode == 1
    assert len(asked.stderr.splitlines()) == 1


@pytest.fixture
def book(library: PrivateMpd, add_song: AddSong) -> str:
    """A chapter among the songs."""
    uri = add_song("book/1.ogg", genre="Audiobook", title="Chapter 1")
    library.update()
    return uri


def test_songs_check_and_mood_say_what_is_left_out(settings_file: Path, book: str) -> None:
    asked = moodbox("songs", "--mood", "sad", "--settings", settings_file)
    assert asked.stdout.startswith("sad: 12 of 48 songs; left out as spoken word: 1\n")
    assert planned(settings_file)["left_out"] == 1
    checked = moodbox("check", "--settings", settings_file).stdout
    assert "ok   library   49 songs; 1 of them left out as spoken word\n" in checked
    described = moodbox("mood", book, "--settings", settings_file).stdout
    assert "left out as spoken word" in described


def test_the_owners_word_on_a_song_lets_it_in_and_taking_it_back_leaves_it_out(
    settings_file: Path, book: str
) -> None:
    planned(settings_file)
    for options, known in ((["sad"], 49), (["--unsay"], 48)):
        said = moodbox("mood", book, *options, "--json", "--settings", settings_file)
        assert json.loads(said.stdout)["left_out"] is (known == 48)
        assert planned(settings_file)["known"] == known


def test_a_library_of_nothing_but_spoken_word_is_explained_in_one_line(
    settings_file: Path, mpd: PrivateMpd, add_song: AddSong
) -> None:
    for number in range(2):
        add_song(f"{number}.ogg", genre="Podcast")
    mpd.update()
    why = (
        "all 2 songs of MPD's library are left out as spoken word, or by `moodbox never`: add music, or "
        "change music.leave_out_genres and music.leave_out_folders in the settings\n"
    )
    asked = moodbox("songs", "--mood", "sad", "--settings", settings_file)
    assert (asked.returncode, asked.stderr) == (1, f"moodbox: {why}")
    assert f"BAD  library   {why}" in moodbox("check", "--settings", settings_file).stdout
    with running(settings_file):
        eventually(lambda: status(settings_file)["trouble"].get("library") == why.strip())
