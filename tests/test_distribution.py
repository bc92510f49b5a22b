"""The tests that need TensorFlow run in one worker, the others in whichever is free."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from types import SimpleNamespace
from typing import Any

from xdist.remote import Producer

from tests.conftest import TENSORFLOW, pytest_xdist_make_scheduler

ROOT = Path(__file__).parents[1]
COLLECTED = [
    "tests/device/test_mood.py::test_a",
    "tests/device/test_mood.py::test_b[::]",
    "tests/converter/cli/test_main.py::test_c",
    "tests/converter/cli/test_main.py::test_d[1-a]",
    "tests/models/test_shipped.py::test_e",
]


class Worker:
    """Takes tests, as a worker of pytest-xdist does, but without a process, and does not run them."""

    gateway = SimpleNamespace(id="gw")
    shutting_down = False

    def __init__(self, collected: list[str]) -> None:
        self.collected = collected
        self.tests: list[str] = []

    def send_runtest_some(self, indices: Sequence[int]) -> None:
        self.tests += [self.collected[index] for index in indices]

    def shutdown(self) -> None:
        pass


def config(dist: str) -> Any:
    """Return what pytest-xdist asks of pytest's configuration."""
    values = {"tx": ["2*popen"], "dist": dist}
    return SimpleNamespace(option=SimpleNamespace(loadscopereorder=True), getvalue=values.__getitem__)


def distribute(workers: Sequence[Worker]) -> None:
    """Give the workers what they have collected."""
    scheduler = pytest_xdist_make_scheduler(config("load"), Producer("test", enabled=False))
    assert scheduler
    for worker in workers:
        scheduler.add_node(worker)
    for worker in workers:
        scheduler.add_node_collection(worker, worker.collected)
    scheduler.schedule()


def test_one_worker_gets_all_tests_that_may_need_tensorflow() -> None:
    workers = [Worker(COLLECTED), Worker(COLLECTED)]
    distribute(workers)
    assert [worker.tests for worker in workers] == [COLLECTED[2:], COLLECTED[:2]]


def test_one_worker_gets_all_tests_that_share_a_fixture_of_their_file() -> None:
    sharing = [f"tests/device/storage/test_flips.py::test_{name}" for name in "abc"]
    workers = [Worker([*COLLECTED[:2], *sharing]) for _ in range(2)]
    distribute(workers)
    assert [worker.tests for worker in workers] == [sharing, COLLECTED[:2]]


def test_another_way_can_be_asked_for() -> None:
    """As `make test-training` does, all of whose tests need TensorFlow."""
    assert pytest_xdist_make_scheduler(config("loadfile"), Producer("test", enabled=False)) is None


def test_the_run_fails_where_a_worker_ends_while_it_collects(tmp_path: Path) -> None:
    for folder in ("tests", "tests/device", "tests/converter"):
        (tmp_path / folder).mkdir()
        (tmp_path / folder / "__init__.py").touch()
    shutil.copy(ROOT / "tests/conftest.py", tmp_path / "tests")
    (tmp_path / "tests/device/test_passes.py").write_text("def test_passes(): pass\n")
    (tmp_path / "tests/converter/test_ends.py").write_text("import os, time\ntime.sleep(1)\nos._exit(9)\n")
    (tmp_path / "pytest.ini").touch()
    command = [sys.executable, "-m", "pytest", "-n", "2", "--max-worker-restart=0", "-p", "no:cacheprovider"]
    environment = {name: value for name, value in os.environ.items() if not name.startswith("PYTEST_")}
    done = subprocess.run(command, cwd=tmp_path, env=environment, capture_output=True, check=False)
    assert (done.returncode, done.stderr) == (1, b"")


def test_only_their_folders_have_tests_that_import_tensorflow_or_the_converter() -> None:
    imports = re.compile(r"^\s*(from|import) (tensorflow|keras|converter)\b", re.MULTILINE)
    found = {
        str(file.relative_to(ROOT))
        for file in (ROOT / "tests").rglob("test_*.py")
        if imports.search(file.read_text(encoding="utf-8"))
    }
    assert any("test_trainer" in file for file in found)
    assert [file for file in found if not file.startswith(TENSORFLOW)] == []
