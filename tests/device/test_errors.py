from __future__ import annotations

import os
import re
import shlex
import sys
from pathlib import Path

import pytest

from device.errors import CameraError, describe, install_command, summary

ROOT = Path(__file__).parents[2]


@pytest.mark.parametrize(
    ("error", "line"),
    [
        (KeyError("Id"), "KeyError: 'Id'"),
        (TimeoutError(), "TimeoutError"),
        (ValueError("a\nb"), "ValueError: a"),
        (ValueError("\x1b[31mred\x07"), "ValueError: ?[31mred?"),
        (ValueError("x" * 1000), "ValueError: " + "x" * 188),
    ],
)
def test_an_error_is_one_short_line_that_a_terminal_can_show(error: Exception, line: str) -> None:
    assert summary(error) == line


def test_an_error_that_the_user_can_fix_has_its_own_message_and_any_other_is_moodboxs_own() -> None:
    assert describe(CameraError("the cable is out"), "failed") == "the cable is out"
    assert describe(KeyError("Id"), "failed") == "failed by an error of moodbox's own (KeyError: 'Id')"


@pytest.mark.parametrize(
    ("module", "package"),
    [("soundfile", "soundfile"), ("mpd", "python-mpd2"), ("cv2", "opencv-python-headless<5")],
)
def test_the_command_that_installs_a_module_can_be_typed_as_it_is(
    module: str, package: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    python = tmp_path / "a folder" / "python"
    monkeypatch.setattr(sys, "executable", str(python))
    for writable, sudo in ((True, []), (False, ["sudo"])):
        monkeypatch.setattr(os, "access", lambda *_, writable=writable: writable)
        words = [*sudo, str(python), "-m", "pip", "install", package]
        assert shlex.split(install_command(module)) == words


def test_no_message_advises_a_package_of_moodbox_which_pypi_does_not_have() -> None:
    for file in (*ROOT.glob("device/**/*.py"), *ROOT.glob("converter/**/*.py"), *ROOT.glob("docs/**/*.md")):
        found = re.search(r"pip install '?moodbox(?!` would not help)", file.read_text())
        assert found is None, f"{file}: {found}"
