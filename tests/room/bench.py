"""`make bench-rooms`: how far apart two rooms play a tone, and after how long a room that went is back."""

from __future__ import annotations

import statistics
import sys
import tempfile
from pathlib import Path
from time import monotonic

from tests.room.house import Listener, hear, house, offsets, what_is_missing

TONES = 20


def main() -> int:
    """Measure and print."""
    if problem := what_is_missing():
        print(f"bench-rooms: {problem}", file=sys.stderr)
        return 1
    with tempfile.TemporaryDirectory() as folder, house(Path(folder)) as built:
        built.play()
        one, other = (Listener(room, built.server.address) for room in built.rooms)
        hear([one, other], 1)
        report("two rooms", one, other)
        other.end()
        hear([one], 2)
        began = monotonic()
        other.begin()
        hear([other], 0)
        print(f"a room that was unplugged is back after {monotonic() - began:.1f} s")
        report("after that", one, other)
    return 0


def report(what: str, one: Listener, other: Listener) -> None:
    """Print the offsets of some tones."""
    hear([one, other], TONES)
    found = [1000 * difference for difference in offsets(one.tones(), other.tones())][:TONES]
    print(f"{what}: {len(found)} tones apart by (ms) {' '.join(f'{each:.0f}' for each in found)}")
    print(f"{what}: median {statistics.median(map(abs, found)):.1f} ms, most {max(map(abs, found)):.1f} ms")


if __name__ == "__main__":
    sys.exit(main())
