"""What the targets of the Makefile hand on."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]


@pytest.mark.parametrize(("variable", "option"), [("CAMERA", "--camera"), ("MODEL", "--model")])
@pytest.mark.parametrize("value", ['images:/a b/it\'s $HOME "here"', "webcam:1"])
def test_make_demo_hands_on_any_name(variable: str, option: str, value: str, tmp_path: Path) -> None:
    (tmp_path / "moodbox").write_text('#!/bin/sh\nprintf "%s\\n" "$@"\n')
    (tmp_path / "moodbox").chmod(0o755)
    words = ["make", "--silent", "--old-file=.venv/.demo", "demo", f"BIN={tmp_path}", f"{variable}={value}"]
    made = subprocess.run(words, cwd=ROOT, capture_output=True, text=True, check=True)
    assert made.stdout.splitlines() == ["demo", option, value]


def test_a_make_that_is_killed_does_not_hide_the_table(tmp_path: Path) -> None:
    (tmp_path / "Makefile").write_text("killed:\n\tkill -KILL $$PPID\n")
    (tmp_path / "script").mkdir()
    script = shutil.copy(ROOT / "script/make-each", tmp_path / "script")
    unlimited = {name: value for name, value in os.environ.items() if name != "LIMIT"}
    made = subprocess.run([script, "killed"], env=unlimited, capture_output=True, text=True, check=False)
    assert made.stdout.splitlines()[-2].split()[:2] == ["killed", "FAILED"]


def test_what_hangs_is_ended_and_the_next_target_is_made(tmp_path: Path) -> None:
    (tmp_path / "Makefile").write_text("hangs:\n\tsleep 1000\npasses:\n\ttrue\n")
    (tmp_path / "script").mkdir()
    script = shutil.copy(ROOT / "script/make-each", tmp_path / "script")
    limited = {**os.environ, "LIMIT": "1s"}
    words = [script, "hangs", "passes"]
    made = subprocess.run(words, env=limited, capture_output=True, text=True, check=False)
    outcomes = [line.split()[:2] for line in made.stdout.splitlines()[-3:-1]]
    assert (made.returncode, outcomes) == (1, [["hangs", "FAILED"], ["passes", "passed"]])
    assert "make hangs took longer than 1s, and was ended" in made.stderr
