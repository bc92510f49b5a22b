"""Searches the memory of another process for parts of pictures."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

WORD = 8  # bytes
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


def found_in(pid: int, needles: NDArray[np.uint64]) -> int:
    """Return how many different ones of the needles are in what the process may write to."""
    found: set[int] = set()
    for memory in _writable(pid):
        for shift in range(WORD):
            length = (len(memory) - shift) // WORD * WORD
            words: Any = np.frombuffer(memory[shift : shift + length], dtype=np.uint64)
            places = np.searchsorted(needles, words)
            places[places == len(needles)] = 0
            found |= set(words[needles[places] == words].tolist())
    return len(found)


def _writable(pid: int) -> Iterator[bytes]:
    with Path(f"/proc/{pid}/mem").open("rb", buffering=0) as memory:
        for line in Path(f"/proc/{pid}/maps").read_text().splitlines():
            span, rights, *rest = line.split()
            if "rw" not in rights or rest[-1].startswith(("[v", "/dev/")):
                continue
            start, end = (int(address, 16) for address in span.split("-"))
            memory.seek(start)
            try:
                yield memory.read(end - start)
            except OSError:  # a stack's guard page
                continue
