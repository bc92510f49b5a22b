"""The program whose instructions `tests.arm64.parts` counts: crops for models, or frames for face detectors.

It runs on the emulated arm64. `models FILE...` prints a line for each crop: the model's file. `detectors
MODEL` prints a line for each frame: the detector, and whether somebody is in the frame.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path

import cv2
import numpy as np

from converter.comparison.detectors import detectors
from device.vision.pictures import read_picture
from device.vision.tflite import interpreter
from tests.arm64.count import MARK, PICTURES, mark, view

SCALES = (0.9, 1.0, 1.1)  # of the pictures in a frame of 320x240


def count_models(paths: Sequence[str]) -> None:
    """Run each model three times on a grey crop; the first time is not counted."""
    for path in paths:
        network = interpreter(Path(path), "tflite-runtime")
        crop = network.get_input_details()[0]
        network.set_tensor(crop["index"], np.full(crop["shape"], 128, np.uint8))
        network.invoke()
        for _ in range(2):
            mark(MARK)
            network.invoke()
            mark(MARK)
            print(path)


def count_detectors(model: str) -> None:
    """Search each picture at several sizes, and on its side, where no upright face is."""
    for name, detect in detectors(Path(model)).items():
        for picture in map(read_picture, PICTURES):
            for scale in SCALES:
                for kind, shown in (("face", picture), ("nobody", np.rot90(picture))):
                    frame = view(shown, scale * 240 / max(shown.shape))
                    mark(MARK)
                    detect(frame)
                    mark(MARK)
                    print(f"{name}/{kind}")


if __name__ == "__main__":
    cv2.setNumThreads(1)
    if sys.argv[1] == "models":
        count_models(sys.argv[2:])
    else:
        count_detectors(sys.argv[2])
