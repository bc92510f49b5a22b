"""Face detection by a cascade of OpenCV, and the crop of a detected face."""

from __future__ import annotations

import contextlib
import math
import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from device.errors import ModelError
from device.mood import Face
from device.vision.model_card import PLAIN, Crop, CropVariation
from device.vision.normalization import normalize
from device.vision.opencv import cv2, named

CASCADES = Path(cv2.__file__).parent / "data"  # OpenCV's packages bring the Haar cascades alone
LBP_CASCADE = Path(__file__).with_name("lbpcascade_frontalface.xml")
CASCADE_WINDOW = 24  # pixels: the detection window that the cascades were trained with, so the smallest face
MAX_SIDE = 2**15 - 1  # pixels: OpenCV cannot rotate a picture with a longer side
TRACKING_MARGIN = 0.35  # of a face's size, on each side: the region that is searched in the next frame
TRACKING_MIN_SIZE = 0.75  # of a face's size in the frame before: the smallest face in that region
TARGET_BRIGHTNESS = 110  # of 255: pictures with a lower mean are brightened
# Of a cascade's stages, if the network judges what they let through. The default cascade has 25, of which the
# later ones reject many faces that are partly covered, tilted or in back light.
VERIFIED_STAGES = 14
STAGE = "<stageThreshold>"  # in a cascade's file, once for each stage
MAX_CANDIDATES = 3  # of a step: those with the most overlapping windows
MAX_TRACKED = 2  # the same around the face of the frame before
MAX_OVERLAP = 0.5  # of the smaller one: boxes that overlap by more are of the same face
GROUPING = 0.2  # windows whose sides differ by less than this share of their size are one candidate

FaceScore = Callable[[Face], float]
"""How likely a box of the present frame shows a face, up to 1; 0 if that is too little to be one."""


@dataclass(frozen=True)
class Search:
    """One run of the cascade.

    min_face: the smallest face, as a share of the picture's height.
    window: the height in pixels to which the smallest face is scaled before the search; a smaller one is
        faster.
    scale_factor: from one face size that is tried to the next.
    min_neighbors: how many overlapping boxes a detection needs, itself included for a `verified` detector.
    tilt: degrees by which the picture is rotated first. A cascade misses a head that is tilted by 20.
    """

    min_face: float
    window: int = 30
    scale_factor: float = 1.1
    min_neighbors: int = 3
    tilt: float = 0.0


NEAR_SEARCH = Search(min_face=0.25, window=24, scale_factor=1.15, min_neighbors=2)
MIN_NEAR_WINDOWS = 4  # for a `verified` detector: fewer are often a large box around a smaller or tilted face
TILT_DEGREES = 15.0
MIN_TILTED_FACE = 0.15  # of the height: a tilted search for smaller faces would cost twice as much


@dataclass(frozen=True)
class Candidate:
    """A box that may be a face, and how many windows of the cascade overlap there."""

    face: Face
    windows: int


class FaceDetector:
    """Detects the largest face whose height is at least the share `min_face` of the frame's.

    The searches run from the cheapest to the most expensive, and stop at the first that detects a face. Most
    people are near the box and upright: the first search detects them at a small part of the cost.
    models/RUNS.md says what each further search adds.

    Raises:
        ModelError: OpenCV has no such cascade.
    """

    def __init__(self, cascade: str | Path, min_face: float, *, verified: bool = False) -> None:
        """Load the cascade.

        Args:
            cascade: The file's name in OpenCV's own folder, or LBP_CASCADE.
            min_face: The smallest face, as a share of the frame's height.
            verified: Whether `detect` gets a score that judges each candidate. A single window that passes
                the first stages of the cascade is then a candidate, and coarser searches suffice. Without it
                a face needs several overlapping windows that pass all stages.
        """
        self._verified = verified
        self._used: set[int] = set()  # the steps whose searches have left something in the cascade's buffers
        shortened = verified and cascade != LBP_CASCADE  # not measured for the other one
        self._cascade = _load(CASCADES / cascade, VERIFIED_STAGES if shortened else None)
        near_search, full_search, tilted_search = NEAR_SEARCH, Search(min_face), Search(min_face)
        if verified:
            near_search = replace(NEAR_SEARCH, min_neighbors=1)
            full_search = Search(min_face, window=27, scale_factor=1.15, min_neighbors=1)
            tilted_search = replace(full_search, min_face=max(min_face, 0.1), window=24, scale_factor=1.2)
        if shortened:
            near_search = replace(NEAR_SEARCH, min_neighbors=MIN_NEAR_WINDOWS)
            full_search = Search(min_face, window=CASCADE_WINDOW, scale_factor=1.25, min_neighbors=1)
            tilted_search = replace(full_search, min_face=max(min_face, MIN_TILTED_FACE))
        upright = ((near_search,), (full_search,)) if min_face < near_search.min_face else ((full_search,),)
        # Both tilts in one step: a head that is rotated the wrong way can show a small false face.
        self._steps = (
            *upright,
            tuple(replace(tilted_search, tilt=tilt) for tilt in (TILT_DEGREES, -TILT_DEGREES)),
        )

    def detect(
        self, frame: NDArray[np.uint8], previous: Face | None = None, face_score: FaceScore | None = None
    ) -> Face | None:
        """The largest face in `frame`, or the one near `previous`.

        Args:
            frame: uint8, (height, width); in an array of any other kind or shape there is no face.
            previous: The face in the frame before. The region around it is searched first.
            face_score: Judges the candidates of a `verified` detector; of the faces in the first step that
                has any, the one with the highest score times width wins. Without it the largest candidate.
        """
        if not _is_searchable(frame):
            return None
        if previous and (face := self._track(frame, previous, face_score)):
            return face
        for step in range(len(self._steps)):
            if face := _best(self.candidates(frame, step), face_score):
                return face
        return None

    def overwrite(self, blank: NDArray[np.uint8]) -> None:
        """Overwrite what the cascade keeps of the frames before, by searches in one of the same shape."""
        if _is_searchable(blank):
            for step in list(self._used):
                self.candidates(blank, step)
        self._used.clear()

    @property
    def step_count(self) -> int:
        """How many steps the search of a whole frame has."""
        return len(self._steps)

    def candidates(self, frame: NDArray[np.uint8], step: int) -> list[Candidate]:
        """The candidates of one step of the search, those with the most windows first.

        A `verified` detector gives at most MAX_CANDIDATES, because judging each of them runs the network.

        Args:
            frame: uint8, (height, width).
            step: From 0, the cheapest, to `step_count` - 1.
        """
        self._used.add(step)
        found = [each for search in self._steps[step] for each in self._run(search, frame)]
        ordered = sorted(found, key=lambda candidate: -candidate.windows)
        return ordered[:MAX_CANDIDATES] if self._verified else ordered

    def _track(self, frame: NDArray[np.uint8], previous: Face, face_score: FaceScore | None) -> Face | None:
        """`previous` in the next frame: near where it was, of about the same size, with the same tilt."""
        reach = round(previous.width * TRACKING_MARGIN)
        left, top = max(0, previous.x - reach), max(0, previous.y - reach)
        right, bottom = (
            max(0, previous.x + previous.width + reach),
            max(0, previous.y + previous.height + reach),
        )
        region = frame[top:bottom, left:right]
        if not region.size:
            return None  # the pictures in a folder have different sizes
        min_face = TRACKING_MIN_SIZE * previous.height / region.shape[0]
        search = Search(min_face, tilt=previous.tilt, min_neighbors=1 if self._verified else 3)
        found = self._run(search, region)
        moved = [
            Candidate(each.face._replace(x=each.face.x + left, y=each.face.y + top), each.windows)
            for each in sorted(found, key=lambda candidate: -candidate.windows)
        ]
        if face_score is None:
            return _best(moved, None)
        return next((each.face for each in moved[:MAX_TRACKED] if face_score(each.face)), None)

    def _run(self, search: Search, frame: NDArray[np.uint8]) -> list[Candidate]:
        min_height = search.min_face * frame.shape[0]
        if not min_height:
            return []
        scale = min(1.0, search.window / min_height)  # enlarging a picture adds no detail
        min_size = max(CASCADE_WINDOW, round(min_height * scale))
        if round(scale * min(frame.shape)) < min_size:
            return []  # the frame is smaller than the smallest face
        picture = _brightened(cv2.resize(frame, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA))
        height, width = picture.shape
        rotation = cv2.getRotationMatrix2D((width / 2, height / 2), search.tilt, 1)
        if search.tilt:
            picture = cv2.warpAffine(picture, rotation, (width, height), borderMode=cv2.BORDER_REPLICATE)
        boxes = self._cascade.detectMultiScale(
            picture,
            scaleFactor=search.scale_factor,
            minNeighbors=0,  # the groups are made below
            minSize=(min_size, min_size),
        )
        if not len(boxes):
            return []
        windows: Any = sorted(np.asarray(boxes).tolist())  # OpenCV's threads give them in any order
        if self._verified:  # each window twice, since OpenCV drops a group of one
            found, counts = cv2.groupRectangles(sorted(windows + windows), 1, GROUPING)
            counts = [count // 2 for count in counts]
        else:
            found, counts = cv2.groupRectangles(windows, search.min_neighbors, GROUPING)
        back = cv2.invertAffineTransform(rotation)
        return [
            Candidate(_in_frame(box, back, scale, search.tilt), int(count))
            for box, count in zip(found, counts, strict=True)
            if count >= search.min_neighbors or not self._verified
        ]


def _load(path: Path, stages: int | None) -> Any:
    """Load a cascade, of which only the first `stages` if that is not None.

    Raises:
        ModelError: OpenCV has no such cascade, or the file is damaged.
    """
    cascade = cv2.CascadeClassifier()
    with contextlib.suppress(OSError, cv2.error, SystemError):  # the last one for a text that is no XML
        if stages is None:
            with named(path) as name:
                cascade.load(name)
        else:
            text = _first_stages(path.read_text(encoding="utf-8", errors="replace"), stages)
            storage = cv2.FileStorage(text, cv2.FILE_STORAGE_READ | cv2.FILE_STORAGE_MEMORY)
            cascade.read(storage.getFirstTopLevelNode())
    if cascade.empty():
        if path == LBP_CASCADE:  # of this package's own files
            remedy = 'install moodbox again, or set look.detector to "haar"'
            raise ModelError(f"{path}: is missing or damaged; {remedy}")
        if path.exists():
            raise ModelError(f"{path}: is damaged or cannot be read; install opencv-python-headless again")
        raise ModelError(f"{path}: no such cascade in opencv-python-headless; it needs a version below 5")
    return cascade


def _first_stages(xml: str, stages: int) -> str:
    """A cascade's file without its later stages: cut as text, since it is too large to parse it first."""
    end = -1
    for _ in range(stages + 1):
        end = xml.find(STAGE, end + 1)
        if end < 0:
            return xml  # it has no more
    start_of_next = xml.rfind("<_>", 0, end)
    shorter = xml[:start_of_next] + xml[xml.index("</stages>") :]
    return re.sub(r"<stageNum>\d+", f"<stageNum>{stages}", shorter, count=1)


def _is_searchable(frame: NDArray[np.uint8]) -> bool:
    return frame.ndim == 2 and frame.dtype == np.uint8 and max(frame.shape) < MAX_SIDE


def _best(candidates: Iterable[Candidate], face_score: FaceScore | None) -> Face | None:
    """The largest candidate; with `face_score` the one that is largest and surest.

    Of accepted candidates that overlap, the one in which the most windows overlap counts: larger ones around
    a face may be taken for it, too.
    """
    if face_score is None:
        return max((each.face for each in candidates), key=lambda face: face.width, default=None)
    scores = {each: face_score(each.face) for each in candidates}
    accepted = sorted(filter(scores.get, scores), key=lambda each: -each.windows * scores[each])
    distinct: list[Candidate] = []
    for each in accepted:
        if all(_overlap(each.face, other.face) <= MAX_OVERLAP for other in distinct):
            distinct.append(each)
    best = max(distinct, key=lambda each: each.face.width * scores[each], default=None)
    return best.face if best else None


def _overlap(first: Face, second: Face) -> float:
    """How large a share of the smaller one lies in both."""
    width = min(first.x + first.width, second.x + second.width) - max(first.x, second.x)
    height = min(first.y + first.height, second.y + second.height) - max(first.y, second.y)
    smaller = min(first.width * first.height, second.width * second.height)
    return max(0, width) * max(0, height) / max(1, smaller)


def _in_frame(box: Any, back: Any, scale: float, tilt: float) -> Face:
    """The box of a searched picture, x, y and size, in the frame."""
    x, y, side, _ = map(int, box)
    center = back @ (x + side / 2, y + side / 2, 1)
    left, top = (center - side / 2) / scale
    return Face(round(left), round(top), round(side / scale), round(side / scale), tilt)


def _brightened(picture: Any) -> Any:
    """Brighten a dark picture by gamma correction, because a cascade misses one face in ten in the dark.

    Histogram equalization does not detect more of them, and a dozen false ones on a bare wall.
    """
    mean = float(np.clip(picture.mean(), 1, TARGET_BRIGHTNESS))
    gamma = max(math.log(TARGET_BRIGHTNESS / 255) / math.log(mean / 255), 0.5)
    return cv2.LUT(picture, (255 * np.linspace(0, 1, 256) ** gamma).astype(np.uint8))


def crop_face(
    frame: NDArray[np.uint8], face: Face, crop: Crop, side: int, variation: CropVariation = PLAIN
) -> NDArray[np.uint8]:
    """Crop the square around `face`, upright and normalized as the model's card says, uint8 (side, side).

    Outside of the frame, its edge is repeated.
    """
    scale, right, down, mirrored = variation
    size = max(1, math.floor(max(face.width, face.height) * (1 + crop.margin) * scale))
    x, y = face.x + face.width / 2 - 0.5, face.y + face.height / 2 - 0.5
    center = (x + right * size, y + down * size)
    transform = np.asarray(cv2.getRotationMatrix2D(center, face.tilt, 1), dtype=np.float64)
    transform[:, 2] += (size - 1) / 2 - np.array(center)
    square = cv2.warpAffine(frame, transform, (size, size), borderMode=cv2.BORDER_REPLICATE)
    scaled = cv2.resize(square, (side, side), interpolation=cv2.INTER_AREA)
    normalized = normalize(np.asarray(scaled, dtype=np.uint8), crop.normalization)
    return normalized[:, ::-1] if mirrored else normalized
