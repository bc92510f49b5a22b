"""Keeps faces that are furniture out of the box's looks, and learns them from these."""

from __future__ import annotations

import logging
import statistics
import time
from dataclasses import dataclass, field

from device.box.state import StateHolder
from device.mood import Face
from device.playback.guarded_memory import GuardedMemory
from device.playback.memory import Memory
from device.vision.frame import Frame
from device.vision.furniture import Box, FaceLocations, after_look, box_of
from device.vision.observation import Analyzer, FrameResult

log = logging.getLogger(__name__)

COVER = 1.3  # times the width of a face: the square that is covered so that the face is not found again


@dataclass
class SightedFaces:
    """An analyzer that finds no furniture, and collects the locations of the faces of one look.

    A frame with furniture is analyzed again with the furniture covered, because somebody may be there, too.
    """

    analyzer: Analyzer
    furniture: tuple[Box, ...]
    frames: int = 0
    persons: list[Box] = field(default_factory=list)
    seen: set[Box] = field(default_factory=set)

    def analyze(self, frame: Frame, previous: Face | None = None, number: int = 0) -> FrameResult:
        """As in `FaceAnalyzer`."""
        self.frames += 1
        result = self.analyzer.analyze(frame, previous, number)
        for _ in self.furniture:
            here = box_of(result.face, frame.shape[1]) if result.face else None
            known = next((box for box in self.furniture if here and here.is_at(box)), None)
            if known is None:
                break
            self.seen.add(known)
            frame = _covered(frame, known)
            result = self.analyzer.analyze(frame, None, number)
        if result.face:
            self.persons.append(box_of(result.face, frame.shape[1]))
        return result

    @property
    def person(self) -> Box | None:
        """The location of the faces that are no furniture: the median, because a detector trembles."""
        if not self.persons:
            return None
        columns = zip(*((box.x, box.y, box.width) for box in self.persons), strict=True)
        return Box(*(statistics.median(column) for column in columns))


class FurnitureLearner:
    """Learns from every look, and remembers it."""

    def __init__(self, memory: GuardedMemory, state: StateHolder) -> None:
        self._memory = memory
        self._state = state

    def sighted(self, analyzer: Analyzer) -> SightedFaces:
        """An analyzer for one look."""
        furniture = tuple(location.box for location in self._locations() if location.is_furniture)
        self._state.change(furniture=len(furniture))
        return SightedFaces(analyzer, furniture)

    def learn(self, faces: SightedFaces) -> None:
        """Learn from a look that has ended; one without a frame that was searched says nothing."""
        if not faces.frames:
            return
        before = self._locations()
        after = after_look(before, faces.person, faces.seen, time.time())
        if after == before:
            return
        self._memory.keep(lambda memory: memory.keep_face_locations(after))
        old, new = (
            {location.box for location in locations if location.is_furniture} for locations in (before, after)
        )
        if new - old:
            log.info("a face has not moved for a day: it is furniture now; `moodbox forget` undoes this")
        if old - new:
            log.info("a face that was furniture has been gone for a day, and is forgotten")
        self._state.change(furniture=len(new))

    def _locations(self) -> FaceLocations:
        return self._memory.recall(Memory.face_locations) or ()


def _covered(frame: Frame, box: Box) -> Frame:
    """The frame with a plain square in place of the face."""
    scale = frame.shape[1]
    reach = COVER * box.width / 2
    top, bottom, left, right = (
        max(0, round(scale * edge)) for edge in (box.y - reach, box.y + reach, box.x - reach, box.x + reach)
    )
    covered = frame.copy()
    region = covered[top:bottom, left:right]
    if region.size:
        region[:] = round(float(region.mean()))
    return covered
