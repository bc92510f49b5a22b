"""For what `moodbox songs` plans: a mood, several, or what the running box plays for."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from device.demo.server import PrivateMpd
from tests.device.cli.commands import moodbox, running, status
from tests.device.cli.test_songs import planned
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
        eventually(lambda: status(settings_file)["chosen_for"])
        asked = moodbox("songs", "--settings", settings_file)
        assert re.match(r"happy( \d+ %, .*)?: 12 of 48 songs\n", asked.stdout), asked.stdout
        in_json = json.loads(moodbox("songs", "--json", "--settings", settings_file).stdout)
        assert in_json["chosen_for"] == status(settings_file)["chosen_for"]
        for_people = moodbox("status", "--settings", settings_file).stdout
        assert re.search(r"^chosen_for   happy( \d+ %(, .*)?)?$", for_people, re.MULTILINE), for_people


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
