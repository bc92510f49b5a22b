"""One look: from frames to a verdict."""

from __future__ import annotations

from dataclasses import dataclass, field
from time import monotonic, perf_counter

import numpy as np
from numpy.typing import NDArray

from device import settings
from device.eyes.camera import Camera
from device.eyes.classifier import Classifier
from device.eyes.faces import FaceFinder, cut
from device.mood import Face, Reading, Verdict, agree, judge


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

    def glance(self, frame: NDArray[np.uint8], last: Face | None = None) -> Glance:
        """frame: uint8, (height, width). last: the face of the frame before, which is followed."""
        start = perf_counter()
        face = self._finder.find(frame, last)
        found = perf_counter()
        if face is None:
            return Glance(None, None, found - start, 0.0)
        reading = self._classifier.read(cut(frame, face, self.card.crop, self.card.side))
        return Glance(face, reading, found - start, perf_counter() - found)


@dataclass
class Look:
    """Gathers glances until the readings agree or the time is up. `now` is in seconds, on one clock."""

    rules: settings.Look
    threshold: float
    started: float
    glances: list[Glance] = field(default_factory=list)

    def add(self, glance: Glance) -> None:
        self.glances.append(glance)

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
        look.add(eyes.glance(frame, look.last))
    return look.verdict()
