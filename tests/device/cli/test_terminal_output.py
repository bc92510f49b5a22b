"""What others have written, such as a song's title, reaches a terminal of any encoding without harm."""

from __future__ import annotations

import io
import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from device.cli.main import main
from device.cli.terminal_output import TerminalText
from device.control.server import ControlServer, Request
from tests.device.cli.commands import MOCK_PINS, moodbox

TITLE = "\x1b]0;mine\x07 Beyonc\xe9 \x9b2J \u202e\u65e5\x7f"
STATUS: dict[str, Any] = {
    "since": "2026-11-23T04:16:51+00:00",
    "state": "paused",
    "mood": None,
    "playing": "pause",
}


@pytest.fixture
def box(tmp_path: Path) -> Iterator[Path]:
    """The settings of a box that answers each request with this title; the commands cannot tell."""

    def reply(request: Request) -> None:
        request.reply.put(STATUS | {"song": TITLE, "trouble": {"player": TITLE}, "volume": 60})

    settings = tmp_path / "moodbox.toml"
    settings.write_text(f'[service]\nsocket = "{tmp_path}/control.sock"\n')
    server = ControlServer(tmp_path / "control.sock", reply)
    yield settings
    server.close()


@pytest.mark.parametrize("encoding", ["utf-8", "iso8859-1", "ascii"])
def test_a_title_cannot_send_commands_to_a_terminal_of_any_encoding(box: Path, encoding: str) -> None:
    done = moodbox("status", "--settings", box, PYTHONIOENCODING=encoding)
    assert (done.returncode, done.stderr) == (0, "")
    assert not set("\x1b\x07\x9b\u202e") & set(done.stdout)
    assert done.stdout.count(r"\x1b]0;mine\x07 Beyonc") == 2
    assert r"\x9b2J \u202e" in done.stdout


def test_json_stays_as_it_is(box: Path) -> None:
    done = moodbox("status", "--json", "--settings", box)
    assert json.loads(done.stdout)["song"] == TITLE


def test_an_error_message_is_as_harmless(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["status", "--settings", "/nowhere/\x1b[2J\udcff"]) == 2
    assert r"/nowhere/\x1b[2J\udcff: no such file" in capsys.readouterr().err


def test_an_unknown_word_is_as_harmless(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        main(["status", "\x1b[2J"])
    assert "\x1b" not in capsys.readouterr().err


def test_lines_and_columns_stay() -> None:
    stream = io.StringIO()
    TerminalText(stream).write("a\tb\nc\rd")
    assert stream.getvalue() == "a\tb\nc\\rd"


@pytest.mark.parametrize("closed", ["2>&-", ">&-", "<&- >&- 2>&-"])
def test_a_command_without_standard_streams_works_and_no_file_of_it_takes_their_place(
    box: Path, tmp_path: Path, closed: str
) -> None:
    code = (
        "import os, sys; from device.cli.main import main; code = main(sys.argv[2:]);"
        "file = os.open(sys.argv[1], os.O_WRONLY | os.O_CREAT); os.write(file, b'%d' % file); sys.exit(code)"
    )
    command = f'"$@" {closed}'
    arguments = [sys.executable, "-c", code, str(tmp_path / "number"), "status", "--settings", str(box)]
    done = subprocess.run(
        ["sh", "-c", command, "sh", *arguments],
        capture_output=True, text=True, check=False, env=os.environ | MOCK_PINS, timeout=60,
    )  # fmt: skip
    assert (done.returncode, done.stderr) == (0, "")
    assert int((tmp_path / "number").read_text()) > 2


def test_the_log_of_a_box_without_stderr_goes_nowhere(tmp_path: Path) -> None:
    code = "import logging; from device.system.logs import set_up_logs; set_up_logs(logging.INFO)"
    done = subprocess.run(
        ["sh", "-c", '"$@" 2>&-', "sh", sys.executable, "-c", code], check=False, timeout=60
    )
    assert done.returncode == 0
