"""`moodbox demo`: puts songs, MPD, the box and the screen together.

Without a terminal it prints a line for each observation instead of drawing a screen.
"""

from __future__ import annotations

import io
import logging
import re
import sys
import time
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager, suppress
from functools import partial
from pathlib import Path

from rich.console import Console

from device.config import settings
from device.demo.controls import Controls
from device.demo.harness import Harness, harness_for
from device.demo.page import page
from device.demo.screen import LIT, Scene, screen
from device.demo.slideshow import FrameRecorder, Slideshow
from device.demo.terminal import END, Terminal, can_draw
from device.demo.workplace import Workplace, workplace
from device.errors import CameraError
from device.printable import percent
from device.vision.camera import Camera, camera_factory, source_path
from device.vision.pictures import find_pictures

PICTURES = Path(__file__).resolve().parent.parent / "pictures"
WEBCAM = "webcam:0"
OBSERVATION_TIMEOUT_S = 10.0  # with the opening of the camera
SONG_TIMEOUT_S = 5.0
POLL_INTERVAL_S = 0.02
REFRESH_S = 0.08  # the screen is drawn at most 12 times a second
LOG_LINES = 40
DRAWN_SIZE = (92, 22)  # columns and rows of the picture in README.md


def show(camera: str | None, model: settings.Model) -> int:
    """Run the demo until the key `q`, or, without a terminal, through one observation of every picture.

    Args:
        camera: A source as in the settings; None for a webcam if there is one, otherwise two pictures.
        model: Of the box.

    Returns:
        The exit code: 1 if an observation without a terminal came to no decision.

    Raises:
        MoodboxError: The camera, MPD or the box cannot be opened.
    """
    source, slideshow, open_camera = _open_source(camera)
    with workplace(model, source) as place:
        if can_draw():
            _run_on_screen(place, slideshow, open_camera)
            return 0
        return 0 if _run_in_lines(place.settings, slideshow, open_camera) else 1


def draw(path: Path) -> None:
    """Write the demo's screen as SVG, as it is once the box has named a mood and plays."""
    slideshow = Slideshow(list(find_pictures(PICTURES)))
    recorder = FrameRecorder()
    columns, rows = DRAWN_SIZE
    console = Console(record=True, width=columns, height=rows, file=io.StringIO(), color_system="truecolor")
    with (
        workplace() as place,
        _recent_lines() as log,
        harness_for(place.settings, slideshow.open, recorder=recorder) as harness,
    ):
        harness.wait_for_decision(OBSERVATION_TIMEOUT_S)
        _summary(harness, previous_song=None, pressed=False)
        console.print(screen(_scene(harness, place, recorder, log), columns, rows))
    svg = console.export_svg(title="make demo")
    # The reader's own font is good enough, and the picture must not load anything from the network.
    path.write_text(re.sub(r"@font-face \{.*?\}", "", svg, flags=re.DOTALL), encoding="utf-8")


def _open_source(camera: str | None) -> tuple[str, Slideshow | None, Callable[[], Camera]]:
    """The camera that was asked for or is there, or a slideshow with one picture for each observation.

    The text is its source as in the settings, for commands in any folder: of a slideshow the first picture,
    since one look at all of them would mix their faces.
    """
    if camera is None:
        with suppress(CameraError):
            webcam = camera_factory(settings.Camera(source=WEBCAM))
            with webcam():
                return WEBCAM, None, webcam
        print(
            "there is no webcam, so it shows two pictures; other ones: make demo CAMERA=images:FOLDER",
            flush=True,
        )
        camera = f"images:{PICTURES}"
    kind, _, path = camera.partition(":")
    if kind == "images":
        slideshow = Slideshow(list(find_pictures(source_path(path))))
        return slideshow.source, slideshow, slideshow.open
    if kind == "video":
        camera = f"video:{source_path(path).absolute()}"
    return camera, None, camera_factory(settings.Camera(source=camera))


def _run_in_lines(
    box: settings.Settings, slideshow: Slideshow | None, open_camera: Callable[[], Camera]
) -> bool:
    """Print what was decided, lit and played: once for every picture, or once for the camera.

    Returns:
        Whether every observation came to a decision.
    """
    all_decided = True
    logging.basicConfig(level=logging.INFO, stream=sys.stdout, format="    %(message)s")
    logging.getLogger("mpd").setLevel(logging.WARNING)
    with harness_for(box, open_camera) as harness:
        for number in range(len(slideshow) if slideshow else 1):
            if slideshow:
                print(f"picture {number + 1}: {slideshow.current.name}", flush=True)
            previous_song = harness.status()["song"]
            if number:
                harness.press()
                harness.wait_for_observation(OBSERVATION_TIMEOUT_S)
            if harness.wait_for_decision(OBSERVATION_TIMEOUT_S):
                print(f"  {_summary(harness, previous_song, pressed=number > 0)}", flush=True)
            else:
                all_decided = False
                print(f"  {harness.status()['trouble'].get('camera', 'no decision in time')}", flush=True)
            if slideshow:
                slideshow.advance()
    return all_decided


def _summary(harness: Harness, previous_song: str | None, *, pressed: bool) -> str:
    decision = harness.state.decision
    if decision is None:
        return "no decision"
    result = decision.mood or decision.outcome.replace("_", " ")
    parts = [f"{result} ({percent(decision.confidence)})" if decision.face else result]
    # A mood begins another song. Every press ends in music, but what plays then may play on.
    not_yet = {None, previous_song} if decision.mood else {None} if pressed else set()
    end = time.monotonic() + SONG_TIMEOUT_S
    while (song := harness.status()["song"]) in not_yet and time.monotonic() < end:
        time.sleep(POLL_INTERVAL_S)
    if decision.mood:
        lit = [str(mood) for mood, level in harness.lights().items() if level > LIT]
        parts.append(f"light: {', '.join(lit) or 'none'}")
    return "; ".join([*parts, f"song: {song or 'none'}"])


class _RecentLines(logging.Handler):
    """Keeps the last lines of the log for the screen."""

    def __init__(self, lines: deque[str]) -> None:
        super().__init__()
        self._lines = lines

    def emit(self, record: logging.LogRecord) -> None:
        self._lines.append(time.strftime("%H:%M:%S ") + record.getMessage())


@contextmanager
def _recent_lines() -> Iterator[deque[str]]:
    """Collect the log's last lines instead of printing them."""
    lines: deque[str] = deque(maxlen=LOG_LINES)
    logging.basicConfig(level=logging.INFO, handlers=[_RecentLines(lines)])
    logging.getLogger("mpd").setLevel(logging.WARNING)
    yield lines


def _run_on_screen(place: Workplace, slideshow: Slideshow | None, open_camera: Callable[[], Camera]) -> None:
    recorder = FrameRecorder()

    def before_look() -> None:
        if slideshow:
            slideshow.advance()
            place.look_at(slideshow.source)

    with (
        _recent_lines() as log,
        harness_for(
            place.settings, open_camera, settings_file=place.settings_file, recorder=recorder
        ) as harness,
        page(place) as served,
        Terminal() as terminal,
    ):
        controls = Controls(harness, place.settings.panel.hold, before_look)
        while END not in (keys := terminal.keys(REFRESH_S)):
            controls.handle(keys)
            scene = _scene(harness, place, recorder, log, served.address)
            terminal.draw(scene, partial(screen, scene))


def _scene(
    harness: Harness, place: Workplace, recorder: FrameRecorder, log: Iterable[str], address: str = ""
) -> Scene:
    """What there is to see of the box right now."""
    held_s = harness.held_s
    return Scene(
        status=harness.status(),
        lights=harness.lights(),
        colours=place.settings.panel.colours,
        decision=harness.state.decision,
        frame=recorder.frame,
        frame_number=recorder.number,
        log=tuple(log),
        held_s=None if held_s is None else round(held_s, 1),
        hold=place.settings.panel.hold,
        command=f"{place.command} status",
        page=address,
    )
