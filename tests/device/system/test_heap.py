"""All threads of the box use one heap."""

from __future__ import annotations

import re
from pathlib import Path

from device.demo.server import PrivateMpd
from tests.device.cli.commands import running, status
from tests.waiting import eventually

HEAP_BYTES = 64 * 2**20
"""glibc reserves as much, at a multiple of it, for each heap but the first, and uses the beginning."""


def heaps_of_threads(pid: int) -> int:
    maps = Path(f"/proc/{pid}/maps").read_text()
    used = re.findall(r"^(\w+)-(\w+) rw-p 0+ 00:00 0 *\n\2-(\w+) ---p 0+ 00:00 0 *$", maps, re.MULTILINE)
    return sum(
        int(start, 16) % HEAP_BYTES == 0 and int(end, 16) - int(start, 16) == HEAP_BYTES
        for start, _, end in used
    )


def test_no_thread_of_the_box_has_a_heap_of_its_own(settings_file: Path, library: PrivateMpd) -> None:
    with running(settings_file) as box:
        eventually(lambda: status(settings_file)["state"] == "mood", 60)
        assert heaps_of_threads(box.pid) == 0
        box.terminate()
