"""What setting up `.venv` prints, and that it says in one line why it fails."""

from __future__ import annotations

import importlib.util
import os
import shutil
import subprocess
import sys
import threading
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
    assert done.returncode == 3  # nothing has changed
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


def test_ctrl_c_ends_pip_and_no_thread_complains(
    install: ModuleType, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    complaints: list[object] = []
    monkeypatch.setattr(threading, "excepthook", complaints.append)

    class Stopped:
        def read(self, line: str) -> None:
            assert line == "a line of pip's\n"  # at once, not only when pip ends
            raise KeyboardInterrupt

        def show(self) -> None:
            """Show nothing."""

    pip = [sys.executable, "-uc", 'print("a line of pip\'s")\nimport time\ntime.sleep(60)']
    threads = threading.active_count()
    with (tmp_path / "log").open("w") as log, pytest.raises(KeyboardInterrupt):
        install.run(pip, log, Stopped())
    assert threading.active_count() == threads
    assert not complaints


# In place of Python: it makes the environment, and "installs" what DO says.
PYTHON = """#!/bin/sh
case "$*" in
"-m venv "*) mkdir -p "$3/bin" && cp "$0" "$3/bin/python" ;;
*install.py*)
    : >"${0%/bin/python}/package"
    eval "$DO" ;;
esac
"""


class Setup:
    """script/venv in a folder of its own, whose Python does what a test wants."""

    def __init__(self, folder: Path) -> None:
        self.environment = folder / ".venv"
        self._folder = folder
        shutil.copytree(ROOT / "script", folder / "script")
        (folder / "python").write_text(PYTHON)
        (folder / "python").chmod(0o755)

    def run(self, name: str, do: str) -> str:
        """Set up, and return what it prints."""
        return subprocess.run(
            [self._folder / "script/venv", name],
            env=os.environ | {"PYTHON": str(self._folder / "python"), "DO": do},
            capture_output=True,
            text=True,
            check=False,
        ).stdout

    @property
    def complete(self) -> set[str]:
        """What make takes for complete."""
        return {file.name for file in self.environment.glob(".d*")}


@pytest.fixture
def setup(tmp_path: Path) -> Setup:
    return Setup(tmp_path)


@pytest.mark.parametrize("stop", ["exit 1", "exit 130", "kill -9 $$", "kill -9 $PPID $$"])
@pytest.mark.parametrize("before", [[], ["demo"], ["demo", "develop-jax"]])
def test_a_setup_that_was_stopped_is_made_anew(setup: Setup, stop: str, before: list[str]) -> None:
    for name in before:
        setup.run(name, "")
    assert setup.complete == {f".{name}" for name in before}
    setup.run("demo", f"touch {setup.environment}/half; {stop}")
    assert not setup.complete  # so make sets up again, whatever its target
    assert "was not finished, so it is made anew" in setup.run("demo", "")
    assert not (setup.environment / "half").exists()
    assert setup.complete == {".demo"}


def test_without_internet_an_environment_stays_as_it_is(setup: Setup, install: ModuleType) -> None:
    setup.run("demo", f"touch {setup.environment}/whole")
    setup.run("develop-jax", f"exit {install.NOTHING_CHANGED}")
    assert setup.complete == {".demo"}
    assert "anew" not in setup.run("develop-jax", "")
    assert setup.complete == {".demo", ".develop-jax"}
    assert (setup.environment / "whole").exists()


def test_tensorflow_counts_only_where_it_is_installed(install: ModuleType) -> None:
    with_it = install.installed_mb("develop", ["numpy", "tensorflow"])
    assert with_it - install.installed_mb("develop", ["numpy"]) == install.TENSORFLOW_MB
    assert install.installed_mb("develop-jax", ["numpy"]) == 0
