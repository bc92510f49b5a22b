"""Worker processes end with the first one, however that ends, and leave no folder."""

from __future__ import annotations

import signal
import time
from pathlib import Path

import pytest

from converter.ending import temporary_folder
from tests.converter.unfinished import unfinished

# With two workers in the middle of their work.
WORKING = """
    from concurrent.futures import ProcessPoolExecutor
    from converter.ending import end_with_parent
    from tests.converter.test_ending import work
    print("begun", flush=True)
    with ProcessPoolExecutor(2, initializer=end_with_parent) as processes:
        list(processes.map(work, range(2)))
"""


def work(_: int) -> None:
    with temporary_folder() as folder:
        print(f"{folder}\n", end="", flush=True)  # in one piece, also if Python keeps no output back
        time.sleep(1000)


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT, signal.SIGKILL])
def test_workers_end_and_leave_no_folders_when_the_first_process_ends(
    number: signal.Signals, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    with unfinished(WORKING) as process:
        assert process.stdout
        folders = {process.stdout.readline().strip() for _ in range(2)}
        assert folders == {str(path) for path in tmp_path.iterdir()}
        process.send_signal(number)
        assert process.stdout.read() == ""  # until the workers have closed it, too
    assert not list(tmp_path.iterdir())
