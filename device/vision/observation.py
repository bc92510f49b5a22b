"""One observation: from frames to a decision.

`Observation` holds the rules, without a camera or a clock. The box feeds it from its event loop, `observe` in
a plain loop, and the converter with scenes that stand still.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from itertools import dropwhile
from time import monotonic, perf_counter
from typing import Protocol

import numpy as np

from device.config import settings
from device.mood import Decision, Face, Probabilities, agree, decide
from device.mood_bias import NO_BIAS, MoodBias
from device.vision.change import ChangeDetector
from device.vision.classifier import Classifier, Prediction
from device.vision.detector import LBP_CASCADE, FaceDetector, crop_face
from device.vision.frame import Frame
from device.vision.model_card import CropVariation

CROPS = tuple(
    CropVariation(*square, mirrored=number % 2 == 1)
    for number, square in enumerate(
        [(1.0, 0.0, 0.0), (0.95, 0.03, 0.0), (1.05, -0.03, 0.0), (0.95, 0.0, 0.03), (1.05, 0.0, -0.03)] * 2
    )
)
"""Of successive frames with a face. Together they know more of it than one of them does (models/RUNS.md)."""


@dataclass(frozen=True)
class FrameResult:
    """What was found in one frame: the face and the probability of each mood, or neither.

    detect_time, classify_time: in seconds; the second includes candidates that turned out to be no face.
    """

    face: Face | None
    probabilities: Probabilities | None
    detect_time: float
    classify_time: float


class Analyzer(Protocol):
    """What finds and classifies a face."""

    def analyze(self, frame: Frame, previous: Face | None = None, number: int = 0) -> FrameResult:
        """As in `FaceAnalyzer`."""


class FaceAnalyzer:
    """A face detector and a classifier, loaded.

    Raises:
        ModelError: The model, its card or the detector's cascade cannot be loaded.
    """

    def __init__(self, model: settings.Model, rules: settings.Look) -> None:
        self._classifier = Classifier(model.file(), model.runtime)
        self.card = self._classifier.card
        self._tells_faces = self.card.face_threshold is not None
        # The two draw boxes of the same size, so the card's margin holds for both (models/COMPARISON.md).
        cascade = LBP_CASCADE if rules.detector == "lbp" else self.card.crop.detector
        self._detector = FaceDetector(cascade, rules.min_face, verified=self._tells_faces)
        self._seen: tuple[int, ...] | None = None  # the shape of frames whose remains are in the buffers

    def analyze(self, frame: Frame, previous: Face | None = None, number: int = 0) -> FrameResult:
        """Detect a face and classify it.

        Args:
            frame: In an array that is not uint8, (height, width), there is no face.
            previous: The face in the frame before; it is tracked.
            number: Of the frame, from 0 for the first one with a face: which of `CROPS` to classify.
        """
        start = perf_counter()
        self._seen = frame.shape
        predictions: dict[Face, Prediction] = {}
        classify_time = 0.0

        def predict(face: Face) -> Prediction:
            nonlocal classify_time
            if face not in predictions:
                began = perf_counter()
                crop = crop_face(frame, face, self.card.crop, self.card.side, CROPS[number % len(CROPS)])
                predictions[face] = self._classifier.predict(crop)
                classify_time += perf_counter() - began
            return predictions[face]

        def face_score(face: Face) -> float:
            probability = predict(face).face_probability
            return probability if probability >= (self.card.face_threshold or 0.0) else 0.0

        face = self._detector.detect(frame, previous, face_score if self._tells_faces else None)
        probabilities = predict(face).probabilities if face else None
        return FrameResult(face, probabilities, perf_counter() - start - classify_time, classify_time)

    def forget_pictures(self) -> None:
        """Overwrite the buffers of the detector and the network, which keep what they have last seen."""
        if self._seen is None:
            return
        blank = np.zeros(self._seen, np.uint8)
        self._seen = None
        self._detector.overwrite(blank)
        self._classifier.predict(np.zeros((self.card.side, self.card.side), np.uint8))


@dataclass
class Observation:
    """Collects the results of frames until they suffice for a decision. Times are in seconds, of one clock.

    rules: how many predictions must agree (`readings`), and after how many `seconds` it ends anyway.
    threshold: the mean probability that a mood needs.
    bias: what was learned from corrections; it changes the probabilities of each prediction.
    """

    rules: settings.Look
    threshold: float
    started: float
    results: list[FrameResult] = field(default_factory=list)
    bias: MoodBias = NO_BIAS

    def add_frame(
        self, analyzer: Analyzer, frame: Frame, changes: ChangeDetector | None = None
    ) -> FrameResult:
        """Analyze one more frame.

        Each frame's crop is another of `CROPS`: if the face does not move, the same crop again would add no
        information, and one that was not taken for a face would not be taken for one again.

        Args:
            analyzer: Detects and classifies the face.
            frame: As for `FaceAnalyzer.analyze`.
            changes: While nobody is there. A frame that is not worth a search counts as one without a face.
        """
        start = perf_counter()
        if changes and not self._last_face and not changes.needs_search(frame):
            result = FrameResult(None, None, perf_counter() - start, 0.0)
        else:
            result = analyzer.analyze(frame, self._last_face, self._frames_since_face)
            if changes and result.face:
                changes.forget()
        self.results.append(result)
        return result

    @property
    def deadline(self) -> float:
        """When its time is up."""
        return self.started + self.rules.seconds

    def is_finished(self, now: float) -> bool:
        """Whether it needs no further frame: the predictions agree, or the time is up."""
        return self.predictions_agree() or now >= self.deadline

    def predictions_agree(self) -> bool:
        """Whether the last predictions, as many as the rules ask for, name the same mood."""
        return agree(self._predictions(), self.rules.readings)

    def decision(self) -> Decision:
        """The decision by all results so far."""
        face = next((result.face for result in reversed(self.results) if result.face), None)
        return decide(self._predictions(), self.threshold, face)

    @property
    def _last_face(self) -> Face | None:
        """The face in the frame before, if there was one."""
        return self.results[-1].face if self.results else None

    @property
    def _frames_since_face(self) -> int:
        """How many frames there were, from the first one with a face on."""
        return sum(1 for _ in dropwhile(lambda result: result.face is None, self.results))

    def _predictions(self) -> list[Probabilities]:
        """Of all frames with a face, with the bias."""
        return [self.bias.apply(r.probabilities) for r in self.results if r.probabilities is not None]


def observe(
    analyzer: FaceAnalyzer,
    frames: Iterable[Frame],
    rules: settings.Look,
    clock: Callable[[], float] = monotonic,
) -> Decision:
    """Run one whole observation: take frames until it is finished, or there are no more.

    `moodbox look` runs this over a camera's frames. The box cannot wait for a frame, because its one event
    loop serves the button and MPD too. It feeds the same `Observation` from events instead: `add_frame` for
    each FrameCaptured, then `is_finished`, and a timer at `deadline` in case no frame comes. Its clock starts
    at the first frame, because the camera may take long to open.

    Args:
        analyzer: Its card's threshold applies.
        frames: The next one is taken only if it is needed. Errors of the iterator are passed on.
        rules: See `Observation`.
        clock: In seconds. One that stands still makes the result independent of the machine's speed.
    """
    observation = Observation(rules, analyzer.card.threshold, started=clock())
    for frame in frames:
        observation.add_frame(analyzer, frame)
        if observation.is_finished(clock()):
            break
    return observation.decision()
