"""What `moodbox sleep` and `moodbox wake` take and print."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from device.demo.server import PrivateMpd
from tests.device.cli.commands import moodbox, running, status


def test_they_print_what_is_set(settings_file: Path, library: PrivateMpd) -> None:
    def prints(*words: str) -> str:
        return moodbox(*words, "--settings", settings_file).stdout

    with running(settings_file):
        assert (prints("sleep"), prints("wake")) == ("off\n", "off\n")
        assert re.fullmatch(r"the music pauses at \d\d:\d\d\n", prints("sleep", "30"))
        assert prints("sleep", "off") == "off\n"
        assert re.fullmatch(r"07:30 every day, next on \w+, \d+ \w+\n", prints("wake", "7:30"))
        assert prints("wake", "off") == "off (it was 07:30)\n"
        assert prints("wake", "6:05", "--once").startswith("06:05 once, next on ")
        found = status(settings_file)
        assert (found["wake"], found["wake_on"], found["wake_once"]) == ("06:05", True, True)
        printed = prints("status")
        assert re.search(r"wake +06:05 once\n", printed)
        assert re.search(r"sleep +off\n", printed)


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (["sleep", "long"], "moodbox: sleep long: expected a whole number (moodbox sleep [MINUTES|off])\n"),
        (["sleep", "601"], "moodbox: sleep 601: expected a whole number of at most 600"),
        (["wake", "25:00"], "moodbox: wake 25:00: expected a time such as 7:30 or 19:30, on, or off"),
        (["wake", "7:30pm"], "moodbox: wake 7:30pm: expected a time such as 7:30 or 19:30, on, or off"),
        (["wake", "7"], "moodbox: wake 7: expected a time such as 7:30 or 19:30, on, or off"),
        (["wake", "--once"], "moodbox: wake: once needs a time, as in 7:30"),
    ],
)
def test_a_mistake_is_named_in_one_line(settings_file: Path, words: list[str], says: str) -> None:
    result = moodbox(*words, "--settings", settings_file)
    assert result.returncode == 2
    assert result.stderr.startswith(says)
    assert result.stderr.count("\n") == 1
