"""What setting up `.venv` prints, and that it says in one line why it fails."""

from __future__ import annotations

import importlib.util
import os
import subprocess
import sys
from pathlib import Path
from types import ModuleType

import pytest

ROOT = Path(__file__).parents[1]
SCRIPT = ROOT / "script" / "install.py"
HASH = "--hash=sha256:" + 64 * "0"


@pytest.fixture(scope="module")
def install() -> ModuleType:
    spec = importlib.util.spec_from_file_location("install", SCRIPT)
    assert spec
    assert spec.loader
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_without_internet_one_line_says_so_and_names_no_index(tmp_path: Path) -> None:
    lock = tmp_path / "some.txt"
    lock.write_text(f"nothing-like-this==1.0 \\\n    {HASH}\n")
    index = {"PIP_INDEX_URL": "http://127.0.0.1:9/simple", "PIP_CONFIG_FILE": os.devnull, "PIP_RETRIES": "0"}
    environment = {name: value for name, value in os.environ.items() if not name.startswith("PIP_")}
    done = subprocess.run(
        [sys.executable, SCRIPT, lock],
        capture_output=True,
        text=True,
        check=False,
        cwd=tmp_path,
        env=environment | index,
    )
    assert done.returncode == 1
    [line] = done.stderr.splitlines()
    assert "failed: no internet? connect, and run the same command again" in line
    assert "127.0.0.1" not in done.stdout + done.stderr


@pytest.mark.parametrize(
    ("output", "reason"),
    [
        ("ERROR: Could not install packages due to an OSError: [Errno 28] No space left on device", "full"),
        ("ERROR: THESE PACKAGES DO NOT MATCH THE HASHES FROM THE REQUIREMENTS FILE.", "lock file"),
        ("ERROR: odd https://user:word@example.org/simple/x/", "odd ..."),
        ("", "no reason"),
    ],
)
def test_what_pip_says_becomes_one_line(install: ModuleType, output: str, reason: str) -> None:
    assert reason in install.reason(output)


def test_the_packages_for_other_machines_are_not_counted(install: ModuleType, tmp_path: Path) -> None:
    lock = tmp_path / "some.txt"
    lock.write_text(
        f"alpha==1.0 \\\n    {HASH}\nbeta==2.0 ; sys_platform == 'win32' \\\n    {HASH}\n"
        f"gamma==3.0 ; python_full_version >= '3.11' \\\n    {HASH}\n"
    )
    assert install.packages(lock) == ["alpha", "gamma"]


def test_the_progress_counts_what_pip_downloads(
    install: ModuleType, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    progress = install.Progress(3)
    for line in ("Collecting alpha==1.0", "  Downloading alpha-1.0.whl (2.5 MB)", "Collecting beta==2.0"):
        progress.read(line + "\n")
    monkeypatch.setattr(install, "PRINT_EVERY_S", 0)
    progress.show()
    assert capsys.readouterr().out.startswith("moodbox: downloading: 2 of 3 packages, 2 MB, ")
