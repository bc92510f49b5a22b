"""Output that nobody reads to its end, as in `moodbox check | head -1`, ends a command quietly."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from device.control.server import ControlServer, Request
from tests.device.cli.commands import MOCK_PINS
from tests.device.conftest import HAPPY, PICTURES

STATUS: dict[str, Any] = {
    "since": "2026-11-23T04:16:51+00:00",
    "state": "paused",
    "mood": None,
    "playing": "pause",
    "song": None,
}


@pytest.fixture
def box(tmp_path: Path) -> Iterator[Path]:
    """The settings of a box that answers each request with its status; the commands cannot tell."""

    def reply(request: Request) -> None:
        request.reply.put(STATUS | {"trouble": {}, "volume": 60})

    settings = tmp_path / "moodbox.toml"
    settings.write_text(f'[service]\nsocket = "{tmp_path}/control.sock"\n')
    server = ControlServer(tmp_path / "control.sock", reply)
    yield settings
    server.close()


def unread(module: str, *arguments: object) -> tuple[int, str]:
    """The exit code and what is on stderr, if nobody reads what is printed on stdout."""
    reading, writing = os.pipe()
    os.close(reading)
    environment = os.environ | MOCK_PINS
    environment.pop("PYTHONUNBUFFERED", None)  # most output is written when the command ends
    with os.fdopen(writing, "wb") as stdout:
        done = subprocess.run(
            [sys.executable, "-m", module, *map(str, arguments)],
            stdout=stdout, stderr=subprocess.PIPE, text=True, check=False, env=environment, timeout=60,
        )  # fmt: skip
    return done.returncode, done.stderr


@pytest.mark.parametrize(
    "arguments",
    [
        ["--help"],
        ["--version"],
        ["check", "--help"],
        ["check", "--settings", os.devnull],
        ["look", "--camera", f"images:{HAPPY}"],
        ["look", "--camera", f"images:{PICTURES}", "--each", "--json"],
    ],
    ids=" ".join,
)
def test_a_command_whose_output_nobody_reads_ends_without_a_message(arguments: list[str]) -> None:
    code, errors = unread("device", *arguments)
    assert code == 141
    assert [line for line in errors.splitlines() if not line.startswith("INFO: ")] == []


@pytest.mark.parametrize("verb", [["status"], ["status", "--json"], ["subscribe"], ["volume"]], ids=" ".join)
def test_so_does_one_that_asks_the_box(verb: list[str], box: Path) -> None:
    assert unread("device", *verb, "--settings", box) == (141, "")


def test_so_does_a_check_of_wrong_settings(tmp_path: Path) -> None:
    (tmp_path / "moodbox.toml").write_text("[panel]\nbuton = 3\n")
    assert unread("device", "check", "--settings", tmp_path / "moodbox.toml") == (141, "")


def test_so_does_the_converter() -> None:
    assert unread("converter", "--help") == (141, "")


def test_without_an_output_a_command_ends_as_it_does_with_one(box: Path) -> None:
    command = '"$0" -m device status --settings "$1"'
    for closed in (">&-", ">&- 2>&-"):
        subprocess.run(["sh", "-c", f"{command} {closed}", sys.executable, box], check=True, timeout=60)


def test_a_full_disk_is_one_line(box: Path) -> None:
    command = '"$0" -m device status --settings "$1" >/dev/full'
    done = subprocess.run(
        ["sh", "-c", command, sys.executable, box], capture_output=True, text=True, check=False, timeout=60
    )
    assert (done.returncode, done.stderr) == (1, "moodbox: cannot write: No space left on device\n")


@pytest.mark.parametrize(
    ("program", "mistake", "hint"),
    [
        ("device", "sta", "; did you mean 'status'?"),
        ("converter", "trian", "; did you mean 'train'?"),
        ("device", "foo", ";"),
        ("device", "next", "; did you mean 'skip'?"),
        ("device", "mute", "; did you mean 'volume'?"),
        ("converter", "next", ";"),
    ],
)
def test_a_command_that_does_not_exist_is_answered_with_the_nearest_and_not_with_all(
    program: str, mistake: str, hint: str
) -> None:
    code, error = unread(program, mistake)
    name = "moodbox" if program == "device" else "moodbox-converter"
    assert code == 2
    assert error == f"{name}: there is no command {mistake!r}{hint} `{name} --help` lists them\n"


def test_help_as_a_command_names_the_option() -> None:
    assert unread("device", "help") == (2, "moodbox: `moodbox --help` lists the commands\n")
