"""Worker processes end with the first one, however that ends, and leave no folder."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

WORKERS = """
import os, sys, time
from concurrent.futures import ProcessPoolExecutor
from converter.ending import end_with_parent, temporary_folder

def work():
    with temporary_folder() as folder:
        print(folder, flush=True)
        time.sleep(1000)

with ProcessPoolExecutor(2, initializer=end_with_parent) as processes:
    processes.submit(work), processes.submit(work)
    os.kill(os.getpid(), int(sys.stdin.readline()))
"""


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGTERM])
def test_workers_end_and_leave_no_folders_when_the_first_process_ends(
    number: signal.Signals, tmp_path: Path
) -> None:
    with subprocess.Popen(
        [sys.executable, "-c", WORKERS],
        env=os.environ | {"TMPDIR": str(tmp_path)},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as process:
        assert process.stdin
        assert process.stdout
        folders = {process.stdout.readline().strip() for _ in range(2)}
        assert folders == {str(path) for path in tmp_path.iterdir()}
        process.stdin.write(f"{number:d}\n")
        process.stdin.close()
        assert process.stdout.read() == ""  # until the workers have closed it, too
    assert not list(tmp_path.iterdir())
