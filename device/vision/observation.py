"""One look: from frames to a verdict."""

from __future__ import annotations

from dataclasses import dataclass, field
from time import monotonic, perf_counter

import numpy as np
from numpy.typing import NDArray

from device.config import settings
from device.mood import Decision, Face, Probabilities, agree, decide
from device.vision.camera import Camera
from device.vision.classifier import Classifier
from device.vision.detector import FaceDetector, cut


@dataclass(frozen=True)
class FrameResult:
    """What one frame showed. Times in seconds."""

    face: Face | None
    reading: Probabilities | None
    detect_time: float
    classify_time: float


class FaceAnalyzer:
    """A detector and a classifier, loaded. Raises ModelError if they cannot be."""

    def __init__(self, model: settings.Model, look: settings.Look) -> None:
        self._classifier = Classifier(model.file(), model.runtime)
        self.card = self._classifier.card
        self._detector = FaceDetector(self.card.crop.detector, look.min_face)

    def analyze(
        self, frame: NDArray[np.uint8], last: Face | None = None, mirrored: bool = False
    ) -> FrameResult:
        """frame: of any shape; there is no face in one that is not uint8, (height, width).

        last: the face of the frame before, which is followed.
        mirrored: whether the face is read as a mirror would show it.
        """
        start = perf_counter()
        face = self._detector.find(frame, last)
        found = perf_counter()
        if face is None:
            return FrameResult(None, None, found - start, 0.0)
        crop = cut(frame, face, self.card.crop, self.card.side)
        reading = self._classifier.read(crop[:, ::-1] if mirrored else crop)
        return FrameResult(face, reading, found - start, perf_counter() - found)


@dataclass
class Observation:
    """Gathers glances until the readings agree or the time is up. `now` is in seconds, on one clock."""

    rules: settings.Look
    threshold: float
    started: float
    results: list[FrameResult] = field(default_factory=list)

    def take(self, analyzer: FaceAnalyzer, frame: NDArray[np.uint8]) -> FrameResult:
        """One glance more, at `frame`.

        Every second reading is of the mirror image: of a face that keeps still, the same crop again would
        tell nothing new.
        """
        result = analyzer.analyze(frame, self.last, mirrored=len(self._readings()) % 2 == 1)
        self.results.append(result)
        return result

    @property
    def last(self) -> Face | None:
        """The face in the frame before, if there was one."""
        return self.results[-1].face if self.results else None

    @property
    def ends(self) -> float:
        """When its time is up."""
        return self.started + self.rules.seconds

    def decided(self) -> bool:
        """Whether the readings agree, so that no further frame is needed."""
        return agree(self._readings(), self.rules.readings)

    def decision(self) -> Decision:
        face = next((g.face for g in reversed(self.results) if g.face), None)
        return decide(self._readings(), self.threshold, face)

    def _readings(self) -> list[Probabilities]:
        return [g.reading for g in self.results if g.reading is not None]


def observe(analyzer: FaceAnalyzer, camera: Camera, rules: settings.Look) -> Decision:
    """A whole look over an open camera, outside the box. Raises CameraError."""
    look = Observation(rules, analyzer.card.threshold, started=monotonic())
    while not look.decided() and monotonic() < look.ends:
        frame = camera.read()
        if frame is None:
            break
        look.take(analyzer, frame)
    return look.decision()
