"""Thousands of damaged picture files: each is read or refused, and none crashes or fills the memory.

In processes of their own, because a crash in OpenCV's code would end the tests too.
"""

from __future__ import annotations

import subprocess
import sys

import pytest
from hypothesis import settings

DECODE = """
import resource, sys, tempfile
from pathlib import Path
import numpy as np
from device.errors import CameraError
from device.vision.observation import FaceAnalyzer
from device.vision.opencv import cv2
from device.vision.pictures import read_picture
from device.config.settings import Look, Model

resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
draw = np.random.default_rng(int(sys.argv[1]))
analyzer = FaceAnalyzer(Model(), Look())
colour = cv2.GaussianBlur(draw.integers(0, 256, (60, 80, 3), dtype=np.uint8), (0, 0), 3)
grey, deep = np.ascontiguousarray(colour[..., 0]), colour.astype(np.uint16) * 257
whole = [
    cv2.imencode(kind, picture, options)[1]
    for kind, picture, options in (
        (".png", colour, ()), (".png", grey, ()), (".png", deep, ()), (".png", np.dstack([colour, grey]), ()),
        (".jpg", colour, ()), (".jpg", grey, ()), (".jpg", colour, (cv2.IMWRITE_JPEG_PROGRESSIVE, 1)),
        (".webp", colour, (cv2.IMWRITE_WEBP_QUALITY, 80)), (".webp", colour, ()),
        (".webp", np.dstack([colour, grey]), ()),
        (".bmp", colour, ()), (".bmp", grey, ()), (".pgm", grey, ()), (".ppm", colour, ()),
    )
]

def damaged(content):
    content = content.copy()
    kind = draw.integers(4)
    if kind == 0:  # truncated
        return content[: draw.integers(len(content))]
    if kind == 1:  # some bits flipped
        for at in draw.integers(len(content), size=draw.integers(1, 8)):
            content[at] ^= 1 << draw.integers(8)
    elif kind == 2:  # some bytes of its header changed
        for at in draw.integers(min(len(content), 64), size=draw.integers(1, 8)):
            content[at] = draw.integers(256)
    else:  # a part of it replaced by a longer or shorter one
        start, end = sorted(draw.integers(len(content), size=2))
        junk = draw.integers(256, size=draw.integers(50), dtype=np.uint8)
        content = np.concatenate([content[:start], junk, content[min(end, start + 50) :]])
    return content

read = 0
with tempfile.TemporaryDirectory() as folder:
    path = Path(folder) / "damaged"
    for number in range(int(sys.argv[2])):
        path.write_bytes(damaged(whole[number % len(whole)]).tobytes())
        try:
            frame = read_picture(path)
        except CameraError:
            continue
        read += 1
        analyzer.analyze(frame)
print(read, Path("/proc/self/status").read_text().partition("VmHWM:")[2].split()[0])
"""
MEMORY = 500 * 1024  # KiB: for the libraries, and the largest picture that is read


@pytest.mark.fuzz
@pytest.mark.parametrize("seed", range(2))
def test_damaged_pictures_are_read_or_refused(seed: int) -> None:
    count = min(10 * settings().max_examples, 50_000)
    done = subprocess.run(
        [sys.executable, "-c", DECODE, str(seed), str(count)],
        capture_output=True,
        text=True,
        check=False,
        timeout=3600,
    )
    assert done.returncode == 0, f"ended with {done.returncode}\n{done.stderr[-2000:]}"
    read, peak = map(int, done.stdout.split())
    assert 0 < read < count
    assert peak < MEMORY
