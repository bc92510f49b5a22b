"""Searches the memory of another process for parts of pictures."""

from __future__ import annotations

import mmap
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

WORD = 8  # bytes
ENDS = np.uint32((1 << 22) - 1)
LEAST_VALUES = 6  # different grey values in them; fewer may be anything


def words_of(picture: NDArray[np.uint8]) -> NDArray[np.uint64]:
    """Return each eight neighbouring pixels that are not too much alike: needles for the search."""
    height, width = picture.shape
    found = set()
    for row in range(height):
        for column in range(width - WORD + 1):
            word = picture[row, column : column + WORD]
            if len(set(word.tolist())) >= LEAST_VALUES:
                found.add(int.from_bytes(word.tobytes(), "little"))
    return np.array(sorted(found), dtype=np.uint64)


def found_in(pid: int, needles: Mapping[str, NDArray[np.uint64]]) -> dict[str, int]:
    """Return how many different ones of each picture's needles are in what the process may write to."""
    wanted = np.unique(np.concatenate(list(needles.values())))
    # Nearly every word of the memory ends unlike every needle: a table of the ends is faster than a search.
    ends = np.zeros(ENDS + 1, dtype=bool)
    ends[wanted & ENDS] = True
    found: set[int] = set()
    for memory in _writable(pid):
        for shift in range(WORD):
            length = (len(memory) - shift) // WORD * WORD
            words: Any = np.frombuffer(memory[shift : shift + length], dtype=np.uint64)
            words = words[ends[words.view(np.uint32)[::2] & ENDS]]
            found |= set(words[np.isin(words, wanted)].tolist())
    seen = np.array(sorted(found), dtype=np.uint64)
    return {name: int(np.isin(words, seen).sum()) for name, words in needles.items()}


def _writable(pid: int) -> Iterator[bytes]:
    """Read what is in memory: TFLite reserves hundreds of megabytes that it never touches."""
    page = mmap.PAGESIZE
    with (
        Path(f"/proc/{pid}/mem").open("rb", buffering=0) as memory,
        Path(f"/proc/{pid}/pagemap").open("rb", buffering=0) as pagemap,
    ):
        for line in Path(f"/proc/{pid}/maps").read_text().splitlines():
            span, rights, *rest = line.split()
            if "rw" not in rights or rest[-1].startswith(("[v", "/dev/")):
                continue
            start, end = (int(address, 16) for address in span.split("-"))
            pagemap.seek(start // page * 8)
            entries = np.frombuffer(pagemap.read((end - start) // page * 8), dtype=np.uint64)
            used = np.flatnonzero(entries >> 62)  # in memory or in the swap
            for run in np.split(used, np.flatnonzero(np.diff(used) > 1) + 1):
                if not run.size:
                    continue
                memory.seek(start + int(run[0]) * page)
                try:
                    yield memory.read(len(run) * page)
                except OSError:  # a stack's guard page
                    continue
