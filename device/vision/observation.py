"""One look: from frames to a verdict."""

from __future__ import annotations

from dataclasses import dataclass, field
from time import monotonic, perf_counter

import numpy as np
from numpy.typing import NDArray

from device.config import settings
from device.mood import Face, Reading, Verdict, agree, judge
from device.vision.camera import Camera
from device.vision.classifier import Classifier
from device.vision.detector import FaceFinder, cut


@dataclass(frozen=True)
class Glance:
    """What one frame showed. Times in seconds."""

    face: Face | None
    reading: Reading | None
    find_time: float
    read_time: float


class Eyes:
    """A detector and a classifier, loaded. Raises ModelError if they cannot be."""

    def __init__(self, model: settings.Model, look: settings.Look) -> None:
        self._classifier = Classifier(model.file(), model.runtime)
        self.card = self._classifier.card
        self._finder = FaceFinder(self.card.crop.detector, look.min_face)

    def glance(self, frame: NDArray[np.uint8], last: Face | None = None, mirrored: bool = False) -> Glance:
        """frame: of any shape; there is no face in one that is not uint8, (height, width).

        last: the face of the frame before, which is followed.
        mirrored: whether the face is read as a mirror would show it.
        """
        start = perf_counter()
        face = self._finder.find(frame, last)
        found = perf_counter()
        if face is None:
            return Glance(None, None, found - start, 0.0)
        crop = cut(frame, face, self.card.crop, self.card.side)
        reading = self._classifier.read(crop[:, ::-1] if mirrored else crop)
        return Glance(face, reading, found - start, perf_counter() - found)


@dataclass
class Look:
    """Gathers glances until the readings agree or the time is up. `now` is in seconds, on one clock."""

    rules: settings.Look
    threshold: float
    started: float
    glances: list[Glance] = field(default_factory=list)

    def take(self, eyes: Eyes, frame: NDArray[np.uint8]) -> Glance:
        """One glance more, at `frame`.

        Every second reading is of the mirror image: of a face that keeps still, the same crop again would
        tell nothing new.
        """
        glance = eyes.glance(frame, self.last, mirrored=len(self._readings()) % 2 == 1)
        self.glances.append(glance)
        return glance

    @property
    def last(self) -> Face | None:
        """The face in the frame before, if there was one."""
        return self.glances[-1].face if self.glances else None

    @property
    def ends(self) -> float:
        """When its time is up."""
        return self.started + self.rules.seconds

    def decided(self) -> bool:
        """Whether the readings agree, so that no further frame is needed."""
        return agree(self._readings(), self.rules.readings)

    def verdict(self) -> Verdict:
        face = next((g.face for g in reversed(self.glances) if g.face), None)
        return judge(self._readings(), self.threshold, face)

    def _readings(self) -> list[Reading]:
        return [g.reading for g in self.glances if g.reading is not None]


def look_once(eyes: Eyes, camera: Camera, rules: settings.Look) -> Verdict:
    """A whole look over an open camera, outside the box. Raises CameraError."""
    look = Look(rules, eyes.card.threshold, started=monotonic())
    while not look.decided() and monotonic() < look.ends:
        frame = camera.read()
        if frame is None:
            break
        look.take(eyes, frame)
    return look.verdict()
