"""`moodbox look`: observes once and prints the decision."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator

from device.cli.mounting_hint import mounting_hint
from device.config.settings import Settings
from device.control.client import ask
from device.errors import CameraError, MoodboxError, NoBoxError, SettingsError
from device.mood import Decision
from device.printable import percent, printable
from device.vision.camera import camera_factory, frames_of, max_side, source_path
from device.vision.cameras.mounting import upright
from device.vision.cameras.switch import SWITCHED_OFF, CameraSwitch
from device.vision.frame import Frame, empty_frame
from device.vision.observation import FaceAnalyzer, observe
from device.vision.pictures import find_pictures, read_picture


def look_at_camera(settings: Settings, *, is_boxes_own: bool, in_json: bool) -> int:
    """Print the decision of one observation. Returns the exit code.

    Args:
        settings: With the camera's source.
        is_boxes_own: It is the source with which the box looks, too, and so it is switched off with it.
        in_json: Print JSON.

    Raises:
        CameraError: The camera gives no frame, or its owner has switched it off.
        ModelError: The model cannot be loaded.
    """
    if is_switched_off(settings, is_boxes_own=is_boxes_own):
        raise CameraError(SWITCHED_OFF)
    with camera_factory(settings.camera)() as camera:
        analyzer = FaceAnalyzer(settings.model, settings.look)
        frames = _Remembered(frames_of(camera))
        decision = observe(analyzer, frames, settings.look)
    _print_decision(settings.camera.source, decision, in_json=in_json)
    if hint := mounting_hint(frames.last, analyzer.card, settings, decision.face):
        print(f"moodbox: {hint}", file=sys.stderr)
    return 0


def is_switched_off(settings: Settings, *, is_boxes_own: bool) -> bool:
    """Whether the source is a camera, or files with which the box itself looks, and is switched off.

    Raises:
        ServiceError: A box runs that cannot be asked.
        MemoryFileError: No box runs, and this user cannot tell.
    """
    if not is_boxes_own and settings.camera.source.partition(":")[0] in ("images", "video"):
        return False
    try:
        return ask(settings.service.socket_path(), "status").get("camera") == "off"
    except NoBoxError:
        return CameraSwitch(settings.service.state_path()).is_off()


class _Remembered:
    """Frames, of which the last one that was taken is kept."""

    def __init__(self, frames: Iterator[Frame]) -> None:
        self.last = empty_frame()
        self._frames = frames

    def __iter__(self) -> Iterator[Frame]:
        for frame in self._frames:
            self.last = frame
            yield frame


def look_at_pictures(settings: Settings, *, in_json: bool) -> int:
    """Print a decision for each picture by itself. Returns the exit code: 1 if a picture cannot be read.

    Raises:
        SettingsError: The camera's source names no pictures.
        CameraError: There is no picture.
        ModelError: The model cannot be loaded.
    """
    camera_factory(settings.camera)  # refuses a path that is not there
    kind, _, path = settings.camera.source.partition(":")
    if kind != "images":
        raise SettingsError("--each judges pictures: add --camera images:PATH")
    code = 0
    for source, decision in _each(path, settings):
        if isinstance(decision, MoodboxError):
            print(f"moodbox: {decision}", file=sys.stderr)
            code = decision.exit_code
        else:
            _print_decision(source, decision, in_json=in_json)
    return code


def _each(path: str, settings: Settings) -> Iterator[tuple[str, Decision | MoodboxError]]:
    """Each picture with its decision, or why it cannot be read; then each folder that cannot be read."""
    unreadable: list[CameraError] = []
    pictures = find_pictures(source_path(path), unreadable.append)
    analyzer = FaceAnalyzer(settings.model, settings.look)
    for picture in pictures:
        try:
            frame = upright(read_picture(picture, max_side(settings.camera)), settings.camera)
            yield str(picture), observe(analyzer, [frame], settings.look)
        except CameraError as error:
            yield str(picture), error
    yield from (("", error) for error in unreadable)


def _print_decision(source: str, decision: Decision, *, in_json: bool) -> None:
    if in_json:
        probabilities = decision.probabilities
        print(
            json.dumps(
                {
                    "source": source,
                    "mood": decision.mood,
                    "verdict": decision.outcome,
                    "confidence": round(decision.confidence, 4),
                    "probabilities": probabilities
                    and {mood: round(p, 4) for mood, p in probabilities.items()},
                    "face": decision.face and decision.face[:4],
                }
            )
        )
        return
    result = decision.mood or decision.outcome.replace("_", " ")
    print(f"{printable(source)}: {result}" + (f" ({percent(decision.confidence)})" if decision.face else ""))
