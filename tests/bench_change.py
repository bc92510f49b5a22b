"""`python -m tests.bench_change`: how often noise and light cause a search, and whether a head does.

On the demo's two pictures on their side and on a drawn wall, none of which has a face for the detector. For
each, a minute of five frames a second, of which one in fifteen is searched in any case.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

import device
from device.vision.change import MAX_SEARCH_INTERVAL_S, ChangeDetector
from device.vision.detector import FaceDetector
from device.vision.frame import Frame
from device.vision.pictures import read_picture

PICTURES = sorted((Path(device.__file__).parent / "pictures").glob("*.jpg"))
WIDTH, HEIGHT = 320, 240
FRAME_S = 0.2
FRAMES = 300
NOISES = (2, 5, 10)  # standard deviation in grey values
Picture = NDArray[np.float64]

random = np.random.default_rng(1)
x, y = np.linspace(0, 1, WIDTH), np.linspace(0, 1, HEIGHT)[:, np.newaxis]

LIGHT: dict[str, Callable[[Picture, int], Picture]] = {
    "the same light": lambda scene, _: scene,
    "a fifth of the light": lambda scene, _: scene / 5,
    "clouds before a window at a side": lambda scene, n: scene * (1 + 0.3 * np.sin(n / 16) * x),
    "another exposure every five seconds": lambda scene, n: scene * (1.4 if n // 25 % 2 else 1.0),
    "bands of a lamp on the mains": lambda scene, n: scene * (1 + 0.15 * np.sin(9 * y + 2.1 * n)),
    "a lamp that flickers in a corner": lambda scene, n: (
        scene * (1 + 0.4 * random.random() * np.exp(-((x - 0.2) ** 2 + (y - 0.3) ** 2) / 0.02))
    ),
}


def main() -> None:
    """Print both tables."""
    print(f"searches a minute, of which {round(FRAMES * FRAME_S / MAX_SEARCH_INTERVAL_S)} in any case")
    for light, change in LIGHT.items():
        for noise in NOISES:
            counts = [
                sum(searched(frame_of(change(scene, n), noise) for n in range(FRAMES))) for scene in SCENES
            ]
            print(f"{light:38} noise {noise:2}: {counts}", flush=True)
    print("\nheads that cause a search with their first frame")
    for width in (12, 19, 27, 40, 60):
        for noise in NOISES:
            noticed = [
                searched(frame_of(view, noise) for view in [scene] * 6 + [with_head(scene, head, width)])[-1]
                for scene in SCENES
                for head in HEADS
                for _ in range(20)
            ]
            print(f"{width:3} pixels wide, noise {noise:2}: {np.mean(noticed):.2f}", flush=True)


def searched(frames: Iterable[Frame]) -> list[bool]:
    """Whether each of the frames is worth a search."""
    now = 0.0
    detector = ChangeDetector(lambda: now)
    answers = []
    for number, frame in enumerate(frames):
        now = number * FRAME_S
        answers.append(detector.needs_search(frame))
    return answers


def frame_of(picture: Picture, noise: float) -> Frame:
    """The picture with noise that has a grain of a few pixels, as the compression of cameras makes it."""
    grain = cv2.GaussianBlur(random.standard_normal(picture.shape), (0, 0), 1)
    frame: Frame = np.clip(picture + noise * grain / grain.std(), 0, 255).astype(np.uint8)
    return frame


def head_in(picture: Frame) -> Picture:
    """The square around the face."""
    face = FaceDetector("haarcascade_frontalface_default.xml", 0.1).detect(picture)
    assert face, "a face"
    head: Picture = picture[face.y : face.y + face.height, face.x : face.x + face.width].astype(float)
    return head


def with_head(scene: Picture, head: Picture, width: int) -> Picture:
    """The scene with a head somewhere in it."""
    small = cv2.resize(head, (width, width), interpolation=cv2.INTER_AREA)
    oval = cv2.ellipse(np.zeros_like(small), (width // 2,) * 2, (width // 2,) * 2, 0, 0, 360, (1.0,), -1)
    left, top = random.integers(WIDTH - width), random.integers(HEIGHT - width)
    scene = scene.copy()
    region = scene[top : top + width, left : left + width]
    region += oval * (small - region)
    return scene


SCENES = [
    200 - 100 * x + 20 * y,  # a wall that is lit from a side
    *(
        cv2.resize(np.rot90(read_picture(path), -1), (WIDTH, HEIGHT), interpolation=cv2.INTER_AREA).astype(
            float
        )
        for path in PICTURES
    ),
]
HEADS = [head_in(read_picture(path)) for path in PICTURES]

if __name__ == "__main__":
    main()
