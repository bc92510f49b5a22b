"""For what `moodbox songs` plans: a mood, several, or what the running box plays for."""

from __future__ import annotations

import json
import re
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from device.cli.songs.plan import BEING_READ
from device.config.settings import Settings
from device.demo.server import PrivateMpd
from device.library.index import FILE
from tests.device.cli.commands import moodbox, running, status
from tests.device.cli.songs.test_plan import planned
from tests.device.library.scanning import without_database
from tests.waiting import eventually


def test_songs_for_several_moods_begin_between_them(settings_file: Path, library: PrivateMpd) -> None:
    answer = planned(settings_file, "happy=.45,neutral=.40,sad=.15")
    assert answer["chosen_for"] == {"happy": 0.45, "neutral": 0.4, "sad": 0.15}
    assert 0.55 < answer["songs"][0]["target"][0] < 0.75
    asked = moodbox("songs", "--mood", "happy=.45,neutral=.40,sad=.15", "--settings", settings_file)
    assert asked.stdout.startswith("happy 45 %, neutral 40 %, sad 15 % (unsure): 12 of 48 songs\n")


def test_songs_without_a_mood_are_those_for_which_the_running_box_has_chosen(
    settings_file: Path, library: PrivateMpd
) -> None:
    with running(settings_file):
        eventually(lambda: status(settings_file)["playing"] == "play")
        asked = moodbox("songs", "--settings", settings_file)
        assert re.match(r"happy( \d+ %.*)?: 12 of 48 songs\n", asked.stdout), asked.stdout
        in_json = json.loads(moodbox("songs", "--json", "--settings", settings_file).stdout)
        assert in_json["chosen_for"] == status(settings_file)["chosen_for"]
        told = moodbox("status", "--settings", settings_file).stdout
        assert re.search(r"^chosen by  what was seen \(happy( \d+ %(, .*)?)?\)$", told, re.MULTILINE), told


def test_a_library_that_the_running_box_is_still_reading_is_not_called_empty(
    settings: Settings, settings_file: Path, library: PrivateMpd
) -> None:
    def is_refused() -> bool:
        """Asked as in the first moments of a first start; the box's own scan may just be ending."""
        with closing(sqlite3.connect(Path(settings.service.state) / FILE)) as index, index:
            index.execute("DELETE FROM songs")
            index.execute("UPDATE progress SET position = 0")
        asked = moodbox("songs", "--settings", settings_file)
        return (asked.returncode, asked.stderr) == (1, f"moodbox: {BEING_READ}\n")

    with running(settings_file):
        eventually(lambda: status(settings_file)["playing"] == "play")
        eventually(is_refused)


def test_a_library_that_mpd_does_not_give_is_not_said_to_be_read_in_a_moment(
    settings_file: Path, library: PrivateMpd
) -> None:
    with without_database(library), running(settings_file):
        eventually(lambda: "library" in status(settings_file)["trouble"])
        asked = moodbox("songs", "--mood", "sad", "--settings", settings_file)
    assert asked.returncode == 1
    assert asked.stderr.startswith(
        "moodbox: the box has stored no song: library: MPD's library cannot be read"
    )


def test_songs_without_a_mood_need_a_running_box(settings_file: Path, library: PrivateMpd) -> None:
    asked = moodbox("songs", "--settings", settings_file)
    assert asked.returncode == 2
    assert asked.stderr.strip() == (
        "moodbox: no box is running that could say what it plays for; name a mood, as in --mood sad,"
        " or several, as in --mood happy=0.45,neutral=0.40,sad=0.15"
    )


@pytest.mark.parametrize("words", ["happy=", "glad=1", "happy=0", "happy=2"])
def test_songs_for_wrong_probabilities_are_refused(settings_file: Path, words: str) -> None:
    asked = moodbox("songs", "--mood", words, "--settings", settings_file)
    assert asked.returncode == 2
    assert asked.stderr.startswith(f"moodbox: --mood {words}: ")
    assert asked.stderr.strip().endswith("; expected moods as in --mood happy=0.45,neutral=0.40,sad=0.15")
