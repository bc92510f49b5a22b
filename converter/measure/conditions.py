"""Where the whole path breaks: photos as a camera would see them, from frame to reading, well lit and not.

The photos are set into frames of 640x480, and each condition is done to the frame, as the world would do it.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from converter.data.augmentation import dimmed
from converter.errors import DataError
from converter.measure.evaluation import Scores, score
from device.config import settings
from device.errors import CameraError
from device.mood import Mood
from device.printable import printable
from device.vision.observation import FaceAnalyzer, observe
from device.vision.opencv import cv2
from device.vision.pictures import pictures_in, read_picture

WIDTH, HEIGHT = 640, 480
FACES = (60, 240)  # pixels: the height of a face in a frame, drawn evenly by its logarithm
FILLS = 0.84  # of such a head shot's height: the detector's box, in the median over them
LONGEST = 8  # how many times as wide as high, or as high as wide, a photo may be
HALVES = ("choosing", "reporting")

Frame = NDArray[np.uint8]
Change = Callable[["Scene", np.random.Generator], Frame]


@dataclass(frozen=True)
class Photo:
    path: Path
    mood: Mood


@dataclass(frozen=True)
class Scene:
    """A frame, uint8 (HEIGHT, WIDTH), with a face in it: its middle and its height in pixels.

    room: 0-1, how much of each pixel is not the photo but what stands around it.
    """

    frame: Frame
    x: float
    y: float
    face: float
    room: NDArray[np.float32]


def photos(folder: Path, half: str) -> list[Photo]:
    """The photos in a folder with one for each mood: every second one, by name, is for choosing.

    Raises DataError.
    """
    found = [Photo(path, mood) for mood in Mood for path in pictures_in(folder / mood)]
    if not found:
        raise DataError(
            f"{folder}: no photos; expected folders named {', '.join(Mood)} with pictures in them"
        )
    return found[HALVES.index(half) :: len(HALVES)]


def scene(photo: Frame, face: float, draw: np.random.Generator) -> Scene:
    """`photo` with its face `face` pixels high somewhere in a frame, and a blurred room around it.

    The photo's edge runs out softly, so that the detector sees no frame around the face that no camera gives.
    """
    scale = face / FILLS / photo.shape[0]
    small = cv2.resize(photo, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA)[:HEIGHT, :WIDTH]
    height, width = small.shape
    x, y = (int(draw.integers(0, most + 1)) for most in (WIDTH - width, HEIGHT - height))
    # Upside down, for else it is a face too.
    behind = _softened(cv2.resize(photo[::-1], (WIDTH, HEIGHT)), 40)
    around = cv2.copyMakeBorder(small, y, HEIGHT - y - height, x, WIDTH - x - width, cv2.BORDER_REPLICATE)
    rim = round(0.15 * height)
    near = np.zeros((HEIGHT, WIDTH), np.float32)
    cv2.rectangle(near, (x - rim, y - rim), (x + width + rim, y + height + rim), (1.0,), cv2.FILLED)
    near = _softened(near, rim / 2)
    near[y : y + height, x : x + width] = 1
    frame = behind + near * (around.astype(np.float32) - behind)
    return Scene(_grey(frame), x + width / 2, y + height / 2, face, 1 - near)


def _softened(values: NDArray[Any], deviation: float) -> NDArray[np.float32]:
    """A Gaussian blur, wide ones in a smaller picture: at full size they took most of the time."""
    shrink = max(1, round(deviation / 4))
    size = (values.shape[1] // shrink, values.shape[0] // shrink)
    small = cv2.resize(values.astype(np.float32), size, interpolation=cv2.INTER_AREA)
    small = cv2.GaussianBlur(small, (0, 0), deviation / shrink)
    return np.asarray(cv2.resize(small, values.shape[::-1]), dtype=np.float32)


def _grey(values: NDArray[Any]) -> Frame:
    return np.asarray(np.clip(np.rint(values), 0, 255), dtype=np.uint8)


def clean(scene: Scene, draw: np.random.Generator) -> Frame:
    return scene.frame


def dark(gamma: float, light: float, noise: float) -> Change:
    """Less light, the shadows first, and the noise of a sensor that is turned up; noise in grey levels."""

    def change(scene: Scene, draw: np.random.Generator) -> Frame:
        return dimmed(scene.frame, gamma, light, noise, draw)

    return change


def back_light(scene: Scene, draw: np.random.Generator) -> Frame:
    """A window behind: all around is white, the face is dim and veiled, its edge is lost in the glare."""
    glare = _softened(scene.room, scene.face / 4)
    return _grey(0.4 * scene.frame + 20 + 235 * np.maximum(scene.room, 0.6 * glare))


def blurred(scene: Scene, draw: np.random.Generator) -> Frame:
    """Out of focus: a deviation of a thirtieth of the face."""
    return np.asarray(cv2.GaussianBlur(scene.frame, (0, 0), scene.face / 30), dtype=np.uint8)


def turned(degrees: float) -> Change:
    """Head to the side, by so much to one side or the other."""

    def change(scene: Scene, draw: np.random.Generator) -> Frame:
        turn = cv2.getRotationMatrix2D((scene.x, scene.y), float(draw.choice((-degrees, degrees))), 1)
        frame = cv2.warpAffine(scene.frame, turn, (WIDTH, HEIGHT), borderMode=cv2.BORDER_REPLICATE)
        return np.asarray(frame, dtype=np.uint8)

    return change


def covered(scene: Scene, draw: np.random.Generator) -> Frame:
    """One quarter of the face, upper or lower, left or right, behind something plain."""
    frame = scene.frame.copy()
    half = scene.face / 2
    left, top = scene.x - half * draw.integers(0, 2), scene.y - half * draw.integers(0, 2)
    corner, far = (round(left), round(top)), (round(left + half), round(top + half))
    cv2.rectangle(frame, corner, far, (int(draw.integers(40, 216)),), cv2.FILLED)
    return frame


CONDITIONS: dict[str, Change] = {
    "clean": clean,
    "dim": dark(gamma=1.6, light=0.85, noise=3),
    "dark": dark(gamma=2.5, light=0.7, noise=6),
    "very dark": dark(gamma=3.0, light=0.5, noise=8),
    "back light": back_light,
    "blurred": blurred,
    "turned by 10°": turned(10),
    "turned by 20°": turned(20),
    "a quarter covered": covered,
}
SMALL = "face of 40 px"
TWO = "two people"
NAMES = (*CONDITIONS, SMALL, TWO)


def frames(shown: Sequence[Photo], condition: str) -> Iterator[Frame]:
    """A frame for each photo; the same ones each time, and the same scenes under every condition."""
    pictures = [_picture(photo.path) for photo in shown]
    for number, picture in enumerate(pictures):
        draw = np.random.default_rng(number)
        face = float(np.exp(draw.uniform(*np.log(FACES))))
        if condition == TWO:
            yield _two(picture, pictures[(number + len(pictures) // 2) % len(pictures)], draw)
        else:
            seen = scene(picture, 40 if condition == SMALL else face, draw)
            yield CONDITIONS.get(condition, clean)(seen, draw)


def _picture(path: Path) -> Frame:
    try:
        picture = read_picture(path)
    except CameraError as error:
        raise DataError(str(error)) from error
    height, width = picture.shape
    if not 1 / LONGEST < width / height < LONGEST:
        raise DataError(f"{printable(path)}: {width}x{height} pixels: expected a photo of somebody's head")
    return picture


def _two(near: Frame, far: Frame, draw: np.random.Generator) -> Frame:
    """Somebody near, 200 px, in one half of the frame, and somebody farther away, 110 px, in the other."""
    halves = []
    for picture, face in ((near, 200.0), (far, 110.0)):
        seen = scene(picture, face, draw)
        left = round(min(max(seen.x - WIDTH / 4, 0), WIDTH / 2))
        halves.append(seen.frame[:, left : left + WIDTH // 2])
    return np.hstack(halves if draw.random() < 0.5 else halves[::-1])


@dataclass(frozen=True)
class Result:
    """What became of the photos under one condition. Shares of all photos; a face not found is not right.

    named: how many got a mood, not `unsure`. right: the share of those that were the true one.
    """

    condition: str
    photos: int
    lost: float
    balanced_accuracy: float
    recall: dict[str, float]
    named: float
    right: float

    def as_dict(self) -> dict[str, Any]:
        return asdict(self)


def measure(analyzer: FaceAnalyzer, shown: Sequence[Photo], condition: str) -> Result:
    """Every photo under `condition`, each in a whole look: as many readings as the box takes at the least.

    All of a look's frames are one and the same: a face that keeps still.
    """
    labels = tuple(mood for mood in analyzer.card.labels if any(photo.mood is mood for photo in shown))
    rules = settings.Look()
    answers = np.zeros((len(shown), len(labels) + 1), dtype=np.float32)  # the last: no face
    for row, frame in zip(answers, frames(shown, condition), strict=True):
        shots = itertools.repeat(frame, rules.readings)
        decision = observe(analyzer, shots, rules, clock=lambda: 0.0)  # not limited by this machine's speed
        reading = decision.probabilities
        row[:] = [reading[mood] for mood in labels] + [0] if reading else [0] * len(labels) + [1]
    truth = np.array([labels.index(photo.mood) for photo in shown])
    scores: Scores = score((*labels, "no face"), truth, answers)
    best, lost = answers.argmax(axis=1), answers[:, -1] == 1
    named = (answers.max(axis=1) >= analyzer.card.threshold) & ~lost
    return Result(
        condition,
        photos=len(shown),
        lost=float(lost.mean()),
        balanced_accuracy=scores.balanced_accuracy,
        recall={str(mood): scores.classes[mood].recall for mood in labels},
        named=float(named.mean()),
        right=float((best == truth)[named].mean()) if named.any() else 0.0,
    )


def table(results: Sequence[Result]) -> str:
    """A Markdown table."""
    moods = list(results[0].recall)
    lines = [
        f"| condition | balanced accuracy | {' | '.join(moods)} | face not found | named | of those right |",
        "|" + "---|" * (len(moods) + 5),
    ]
    for r in results:
        recalls = " | ".join(f"{share:.1%}" for share in r.recall.values())
        lines.append(
            f"| {r.condition} | **{r.balanced_accuracy:.3f}** | {recalls} | {r.lost:.1%} | {r.named:.1%} | "
            f"{r.right:.1%} |"
        )
    return "\n".join(lines)
