"""What a picture of the most pixels takes, by its kind, and a folder of 100,000 of them."""

from __future__ import annotations

import subprocess
import sys
import tempfile
from pathlib import Path

import cv2
import numpy as np

from device.vision.opencv import MAX_PIXELS

SIDE = int(MAX_PIXELS**0.5)
FILES = 100_000
KINDS: dict[str, tuple[str, tuple[int, ...]]] = {
    "JPEG": (".jpg", ()),
    "JPEG, progressive": (".jpg", (cv2.IMWRITE_JPEG_PROGRESSIVE, 1)),
    "JPEG, progressive, all of the colour": (
        ".jpg",
        (cv2.IMWRITE_JPEG_PROGRESSIVE, 1, cv2.IMWRITE_JPEG_SAMPLING_FACTOR, 0x111111),
    ),
    "PNG": (".png", ()),
    "WebP": (".webp", (cv2.IMWRITE_WEBP_QUALITY, 80)),
    "WebP, lossless": (".webp", ()),
}
MEASURE = """
import sys, time
from pathlib import Path
from device.vision import pictures

def peak():
    return int(Path("/proc/self/status").read_text().partition("VmHWM:")[2].split()[0]) / 1024

before, start = peak(), time.perf_counter()
{what}
print(f"{peak() - before:6.0f} MiB {time.perf_counter() - start:8.2f} s")
"""


def measured(what: str, path: Path) -> str:
    program = MEASURE.replace("{what}", what)
    return subprocess.run(
        [sys.executable, "-c", program, path], capture_output=True, text=True, check=True
    ).stdout.rstrip()


def main() -> None:
    draw = np.random.default_rng(1)
    patches = draw.integers(0, 256, (SIDE // 16, SIDE // 16, 3), dtype=np.uint8)
    picture = cv2.resize(patches, (SIDE, SIDE), interpolation=cv2.INTER_NEAREST)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        print(f"a picture of {SIDE}x{SIDE}")
        for kind, (suffix, options) in KINDS.items():
            path = folder / f"picture{suffix}"
            path.write_bytes(cv2.imencode(suffix, picture, options)[1].tobytes())
            print(f"  {kind:38} {measured('pictures.read_picture(Path(sys.argv[1]))', path)}")
            path.unlink()
        for number in range(FILES):
            (folder / f"{number:06}.jpg").touch()
        print(f"a folder of {FILES:,} pictures")
        print(f"  {'the first':38} {measured('next(pictures.find_pictures(Path(sys.argv[1])))', folder)}")
        print(f"  {'all':38} {measured('sum(1 for _ in pictures.find_pictures(Path(sys.argv[1])))', folder)}")


if __name__ == "__main__":
    main()
