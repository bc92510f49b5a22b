"""A mistake on the command line is one line: what is wrong, and where the right words are described."""

from __future__ import annotations

import re

import pytest

from device.cli.command_groups import GROUPS
from device.cli.main import _parser
from device.cli.songs.estimate import EXAMPLE
from device.control.command import Command
from device.control.protocol import COMMANDS
from tests.device.cli.commands import moodbox


@pytest.mark.parametrize(
    ("arguments", "line"),
    [
        ("", "moodbox: the following arguments are required: COMMAND; `moodbox --help` says more"),
        ("status x", "moodbox status: unknown: x; `moodbox status --help` says more"),
        ("songs sad --plain", "moodbox songs: unknown: sad --plain; `moodbox songs --help` says more"),
        ("was", "moodbox was: the following arguments are required: MOOD; `moodbox was --help` says more"),
        ("volume loud", "moodbox: volume loud: expected a whole number (moodbox volume [N|+N|-N])"),
        (
            "volume 400",
            "moodbox: volume 400: expected a whole number of at most 100 (moodbox volume [N|+N|-N])",
        ),
        (
            "songs --mood happy=",
            "moodbox: --mood happy=: '' is not a number; expected moods as in " + EXAMPLE,
        ),
    ],
)
def test_a_mistake_is_one_line(arguments: str, line: str) -> None:
    result = moodbox(*arguments.split())
    assert (result.returncode, result.stderr, result.stdout) == (2, f"{line}\n", "")


def test_a_verb_that_does_not_exist_is_named_with_those_that_do() -> None:
    result = moodbox("sta")
    assert result.returncode == 2
    (line,) = result.stderr.splitlines()
    assert "'sta'" in line
    assert "status" in line


@pytest.mark.parametrize("command", [each for each in COMMANDS if each.on_command_line and each.word])
def test_help_says_what_the_word_of_a_command_may_be(command: type[Command]) -> None:
    shown = " ".join(moodbox(command.name, "--help").stdout.split())
    assert command.word_help
    assert f"{command.word.strip('[]')} {command.word_help}" in shown


@pytest.mark.parametrize("command", [each for each in COMMANDS if each.on_command_line and each.word])
@pytest.mark.parametrize("word", ["a much longer word than any", "-1000000", "99:99", "\udcff"])
def test_no_message_speaks_of_the_quotes_of_json_which_nobody_types(
    command: type[Command], word: str
) -> None:
    result = moodbox(command.name, "--", word)
    assert result.returncode == 2
    assert "quotes" not in result.stderr


def test_help_has_every_command_once_in_its_group() -> None:
    listed = re.findall(
        r"^  ([a-z-]+) +\w", moodbox("--help").stdout.partition("every day:")[2], re.MULTILINE
    )
    assert listed == [name for names in GROUPS.values() for name in names]
    [commands] = [each.choices for each in _parser([])._actions if each.choices]
    assert sorted(listed) == sorted(commands)
