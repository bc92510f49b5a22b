"""What the targets of the Makefile hand on."""

from __future__ import annotations

import os
import re
import shutil
import signal
import subprocess
from pathlib import Path

import psutil
import pytest

from tests.waiting import eventually

ROOT = Path(__file__).parents[1]


@pytest.fixture
def make_each(tmp_path: Path) -> Path:
    """`script/make-each` for a Makefile of the test."""
    (tmp_path / "script").mkdir()
    return Path(shutil.copy(ROOT / "script/make-each", tmp_path / "script"))


@pytest.mark.parametrize(
    ("variable", "option"), [("CAMERA", "--camera"), ("MODEL", "--model"), ("camera", "--camera")]
)
@pytest.mark.parametrize("value", ['images:/a b/it\'s $HOME "here"', "webcam:1"])
def test_make_demo_hands_on_any_name(variable: str, option: str, value: str, tmp_path: Path) -> None:
    (tmp_path / "moodbox").write_text('#!/bin/sh\nprintf "%s\\n" "$@"\n')
    (tmp_path / "moodbox").chmod(0o755)
    words = ["make", "--silent", "--old-file=.venv/.demo", "demo", f"BIN={tmp_path}", f"{variable}={value}"]
    made = subprocess.run(words, cwd=ROOT, capture_output=True, text=True, check=True)
    assert made.stdout.splitlines() == ["demo", option, value]


def test_a_make_that_is_killed_does_not_hide_the_table(make_each: Path, tmp_path: Path) -> None:
    (tmp_path / "Makefile").write_text("killed:\n\tkill -KILL $$PPID\n")
    unlimited = {name: value for name, value in os.environ.items() if name != "LIMIT"}
    made = subprocess.run([make_each, "killed"], env=unlimited, capture_output=True, text=True, check=False)
    assert made.stdout.splitlines()[-2].split()[:2] == ["killed", "FAILED"]


HANGS = """
hangs:
	@echo $$$$ >shell; sleep 1000 & echo $$! >program; wait
passes:
	true
"""


def are_over(folder: Path) -> bool:
    """Whether the shell of the target, and the program that it has started, have ended."""
    pids = [int((folder / name).read_text()) for name in ("shell", "program")]
    return not any(psutil.pid_exists(pid) and psutil.Process(pid).status() != "zombie" for pid in pids)


def test_ctrl_c_ends_all(make_each: Path, tmp_path: Path) -> None:
    (tmp_path / "Makefile").write_text(HANGS)
    process = subprocess.Popen([make_each, "hangs", "passes"], start_new_session=True)
    eventually((tmp_path / "program").exists)
    eventually((tmp_path / "program").read_text)
    os.killpg(process.pid, signal.SIGINT)
    assert process.wait(60) == 130
    eventually(lambda: are_over(tmp_path))


def test_what_hangs_is_ended_with_all_that_it_has_started_and_the_next_target_is_made(
    make_each: Path, tmp_path: Path
) -> None:
    (tmp_path / "Makefile").write_text(HANGS)
    limited = {**os.environ, "LIMIT": "1s"}
    words = [str(make_each), "hangs", "passes"]
    made = subprocess.run(words, env=limited, capture_output=True, text=True, check=False, timeout=60)
    outcomes = [line.split()[:2] for line in made.stdout.splitlines()[-3:-1]]
    assert (made.returncode, outcomes) == (1, [["hangs", "FAILED"], ["passes", "passed"]])
    assert "make hangs took longer than 1s, and was ended" in made.stderr
    eventually(lambda: are_over(tmp_path))


@pytest.mark.parametrize(
    ("mark", "folder"),
    [("training", "converter"), ("smoke", "deploy"), ("machine", "deploy"), ("pi", "pi")],
)
def test_a_target_loads_the_one_folder_that_has_its_tests(mark: str, folder: str) -> None:
    assert f"/pytest -m {mark} -o testpaths=tests/{folder} " in (ROOT / "Makefile").read_text()
    marked = {
        file.relative_to(ROOT / "tests").parts[0]
        for file in (ROOT / "tests").rglob("test_*.py")
        if re.search(rf"pytest\.mark\.{mark}\b", file.read_text(encoding="utf-8"))
    }
    assert marked == {folder}
