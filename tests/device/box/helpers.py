"""Cameras for the tests, and what they wait for."""

from __future__ import annotations

import threading
import time
from abc import ABC, abstractmethod
from pathlib import Path
from typing import Self

from device.demo.harness import Harness
from device.errors import CameraError
from device.mood import Mood
from device.panel.lights import Indication
from device.vision.camera import Camera, PictureCamera
from device.vision.frame import Frame
from device.vision.pictures import read_picture
from tests.device.conftest import HAPPY
from tests.waiting import eventually


class PictureSequence:
    """A camera that shows one picture in each observation, and can be missing.

    The box wants a camera that changes at a moment of the test's choice, which no real one does.
    """

    def __init__(self, *paths: Path) -> None:
        self.paths = list(paths)
        self.missing = False
        self.opened = 0

    def __call__(self) -> Camera:
        self.opened += 1
        if self.missing:
            raise CameraError("the cable is out")
        path = self.paths[0] if len(self.paths) == 1 else self.paths.pop(0)
        return PictureCamera([path] * 3)


class SlowCamera:
    """A camera that opens slowly, and can stop giving frames."""

    opening = 0.3
    frames = 100

    def __enter__(self) -> Self:
        time.sleep(self.opening)
        self.left = self.frames
        return self

    def __exit__(self, *_: object) -> None:
        pass

    def read(self) -> Frame:
        time.sleep(0.05)
        self.left -= 1
        if self.left < 0:
            time.sleep(3)
        return read_picture(HAPPY)


class EndlessCamera(ABC):
    """A camera that gives frames for ever; its subclasses say what stands in front of it.

    No real one shows a picture of the test's choice.
    """

    def __call__(self) -> Self:
        return self

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:  # noqa: B027  (nothing is open)
        pass

    @abstractmethod
    def read(self) -> Frame | None:
        """As a camera does."""


class HangingCamera(EndlessCamera):
    """One that gives frames until it hangs, as one with a loose cable may; a look lasts until it goes on."""

    def __init__(self) -> None:
        self.goes_on = threading.Event()
        self.goes_on.set()

    def read(self) -> Frame:
        self.goes_on.wait(60)
        return read_picture(HAPPY)


class CameraOfSessions(EndlessCamera):
    """One that shows another picture each time it is opened, and the last one from then on."""

    def __init__(self, *paths: Path) -> None:
        self.paths = list(paths)
        self.reads = 0  # since it was opened last

    def __enter__(self) -> Self:
        self.frame = read_picture(self.paths[0] if len(self.paths) == 1 else self.paths.pop(0))
        self.reads = 0
        return self

    def read(self) -> Frame:
        self.reads += 1
        return self.frame


Shown = list[tuple[Indication, set[Mood]]]
"""What the lights have shown, with the moods whose lights were lit then."""


def lit(harness: Harness) -> set[Mood]:
    """The moods whose lights are fully on."""
    return {mood for mood, level in harness.lights().items() if level == 1}


def shows(harness: Harness, indication: Indication) -> None:
    """Wait until the lights show this."""
    eventually(lambda: harness.status()["state"] == indication)


def plays(harness: Harness, genre: str) -> None:
    """Wait until a song of this genre plays."""
    eventually(lambda: harness.status()["playing"] == "play" and genre in harness.status()["song"])
