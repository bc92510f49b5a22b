"""The program whose instructions are counted: the box's code observes the demo's two pictures.

It runs on the emulated arm64. `python -m tests.arm64.count MODEL` prints a line for each frame: its kind and
whether a face was detected. It makes the system call MARK before and after each frame; at each call the
plugin prints how many instructions there were so far.
"""

from __future__ import annotations

import ctypes
import sys
from pathlib import Path

import cv2
import numpy as np

import device
from device.box.observer import SEARCH_PAUSE_S
from device.config.settings import Look, Model
from device.mood import Face
from device.vision.change import ChangeDetector
from device.vision.classifier import Classifier
from device.vision.detector import crop_face
from device.vision.frame import Frame
from device.vision.observation import FaceAnalyzer, Observation
from device.vision.pictures import read_picture

MARK = 4242  # as in plugin.c
PICTURES = sorted((Path(device.__file__).parent / "pictures").glob("*.jpg"))
WIDTH, HEIGHT = 320, 240
SIDES = range(
    70, 92, 2
)  # of the face in the frame; several, because a cascade detects some sizes more easily
NOISE = 2  # grey values up or down, because no two frames of a camera are the same

mark = ctypes.CDLL(None).syscall
random = np.random.default_rng(1)


def main(path: str) -> None:
    """Observe both pictures with the model at `path`."""
    cv2.setNumThreads(1)
    model, rules = Model(path=path, runtime="tflite-runtime"), Look()
    analyzer, classifier = FaceAnalyzer(model, rules), Classifier(model.file(), model.runtime)
    scenes = []
    for picture in map(read_picture, PICTURES):
        face = analyzer.analyze(picture).face  # the very first frame takes longer, and is not counted
        assert face, "a face"
        crop = crop_face(picture, face, analyzer.card.crop, analyzer.card.side)
        for side in SIDES:
            scale, previous = side / face.width, None
            for number in range(rules.readings):
                previous = count_frame(
                    "next" if number else "first", analyzer, view(picture, scale), previous, number
                )
            mark(MARK)
            classifier.classify(crop)
            mark(MARK)
            print("read")
        for side in SIDES[:2]:  # as detailed, but a face on its side is not detected
            count_frame("nobody", analyzer, view(np.rot90(picture), side / face.width))
        scenes.append((np.rot90(picture), SIDES[0] / face.width))
    for scene, scale in scenes:
        count_unchanged_scene(analyzer, rules, scene, scale)


def count_frame(
    kind: str, analyzer: FaceAnalyzer, frame: Frame, previous: Face | None = None, number: int = 0
) -> Face | None:
    """Analyze a frame between two marks, and print what it was."""
    mark(MARK)
    face = analyzer.analyze(frame, previous, number).face
    mark(MARK)
    print(kind, "face" if face else "none")
    return face


def count_unchanged_scene(analyzer: FaceAnalyzer, rules: Look, scene: Frame, scale: float) -> None:
    """Count each frame of a minute in which nobody is there and nothing changes, but for the noise."""
    times = iter(np.arange(0, 60, SEARCH_PAUSE_S))
    changes = ChangeDetector(lambda: float(next(times)))
    observation = Observation(rules, analyzer.card.threshold, started=0.0)
    for _ in range(round(60 / SEARCH_PAUSE_S)):
        frame = view(scene, scale)
        mark(MARK)
        face = observation.add_frame(analyzer, frame, changes).face
        mark(MARK)
        print("unchanged", "face" if face else "none")


def view(picture: Frame, scale: float) -> Frame:
    """A camera's frame with `picture` in its middle; around it, the picture's edge is repeated."""
    small = cv2.resize(picture, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA)[:HEIGHT, :WIDTH]
    height, width = small.shape
    top, left = (HEIGHT - height) // 2, (WIDTH - width) // 2
    bottom, right = HEIGHT - height - top, WIDTH - width - left
    frame = cv2.copyMakeBorder(small, top, bottom, left, right, cv2.BORDER_REPLICATE)
    noise = random.integers(-NOISE, NOISE, frame.shape, endpoint=True)
    return np.clip(frame + noise, 0, 255).astype(np.uint8)


if __name__ == "__main__":
    main(sys.argv[1])
