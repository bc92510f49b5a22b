"""`moodbox demo`: puts songs, MPD, the box and the screen together.

Without a terminal it prints a line for each observation instead of drawing a screen.
"""

from __future__ import annotations

import io
import logging
import re
import sys
import tempfile
import threading
import time
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from rich.console import Console, RenderableType
from rich.live import Live
from rich.text import Text

from device.config import settings
from device.demo import screen
from device.demo.harness import Harness, harness_for
from device.demo.server import PrivateMpd, sound_output
from device.demo.slideshow import FrameRecorder, Slideshow
from device.demo.songs import SONGS, make_library
from device.errors import CameraError
from device.mood import Mood
from device.vision.camera import Camera, camera_factory, source_path
from device.vision.pictures import find_pictures

PICTURES = Path(__file__).resolve().parent.parent / "pictures"
OBSERVATION_TIMEOUT_S = 10.0  # with the opening of the camera
SONG_TIMEOUT_S = 5.0
POLL_INTERVAL_S = 0.02
KEY_TIMEOUT_S = 0.08  # so the screen is drawn about 12 times a second
LOG_LINES = 5
LIT = 0.5  # the brightness from which on a light is named as lit


def show(camera: str | None) -> int:
    """Run the demo until the key `q`, or, without a terminal, through one observation of every picture.

    Args:
        camera: A source as in the settings; None for a webcam if there is one, otherwise two pictures.

    Returns:
        The exit code: 1 if an observation without a terminal came to no decision.

    Raises:
        MoodboxError: The camera, MPD or the box cannot be opened.
    """
    on_terminal = sys.stdin.isatty() and sys.stdout.isatty()
    slideshow, open_camera = _open_source(camera)
    with _box_settings() as box:
        if on_terminal:
            _run_on_screen(box, slideshow, open_camera)
            return 0
        return 0 if _run_in_lines(box, slideshow, open_camera) else 1


@contextmanager
def _box_settings() -> Iterator[settings.Settings]:
    """The settings of a box in a temporary folder, with a private MPD that has songs to play."""
    with tempfile.TemporaryDirectory(prefix="moodbox-demo-") as name:
        folder = Path(name)
        print(f"making {len(SONGS)} songs …", flush=True)
        make_library(folder / "music")
        with PrivateMpd(folder, sound_output()) as server:
            songs = server.update()
            how = (
                "without sound: there is no sound card"
                if server.output == "null"
                else f"through {server.output}"
            )
            print(f"MPD plays them {how} ({songs} songs in its library)", flush=True)
            yield settings.Settings(
                music=server.link, service=settings.Service(socket=f"{name}/control.sock", state=name)
            )


def draw(path: Path) -> None:
    """Write the demo's screen as SVG, as it is once the box has named a mood and plays."""
    lines: deque[str] = deque(maxlen=LOG_LINES)
    logging.basicConfig(level=logging.INFO, handlers=[_RecentLines(lines)])
    logging.getLogger("mpd").setLevel(logging.WARNING)
    slideshow = Slideshow(list(find_pictures(PICTURES)))
    recorder = FrameRecorder(slideshow.open)
    console = Console(record=True, width=104, file=io.StringIO(), color_system="truecolor")
    with _box_settings() as box, harness_for(box, recorder) as harness:
        harness.wait_for_decision(OBSERVATION_TIMEOUT_S)
        _summary(harness, previous_song=None)
        console.print(render(harness, box.panel.colours, recorder, lines, screen.MAX_ROWS))
    svg = console.export_svg(title="make demo")
    # The reader's own font is good enough, and the picture must not load anything from the network.
    path.write_text(re.sub(r"@font-face \{.*?\}", "", svg, flags=re.DOTALL), encoding="utf-8")


def _open_source(camera: str | None) -> tuple[Slideshow | None, Callable[[], Camera]]:
    """A slideshow with one picture for each observation, or the camera that was asked for or is there."""
    kind, _, path = (camera or "").partition(":")
    if kind == "images":
        slideshow = Slideshow(list(find_pictures(source_path(path))))
        return slideshow, slideshow.open
    if camera:
        return None, camera_factory(settings.Camera(source=camera))
    with suppress(CameraError):
        webcam = camera_factory(settings.Camera(source="webcam:0"))
        with webcam():
            return None, webcam
    slideshow = Slideshow(list(find_pictures(PICTURES)))
    return slideshow, slideshow.open


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
                print(f"  {_summary(harness, previous_song)}", flush=True)
            else:
                all_decided = False
                print(f"  {harness.status()['trouble'].get('camera', 'no decision in time')}", flush=True)
            if slideshow:
                slideshow.advance()
    return all_decided


def _summary(harness: Harness, previous_song: str | None) -> str:
    decision = harness.state.decision
    if decision is None:
        return "no decision"
    result = decision.mood or decision.outcome.replace("_", " ")
    parts = [f"{result} ({decision.confidence:.0%})" if decision.face else result]
    if decision.mood:
        end = time.monotonic() + SONG_TIMEOUT_S
        while (song := harness.status()["song"]) in (None, previous_song) and time.monotonic() < end:
            time.sleep(POLL_INTERVAL_S)
        lit = [str(mood) for mood, level in harness.lights().items() if level > LIT]
        parts += [f"light: {', '.join(lit) or 'none'}", f"song: {song or 'none'}"]
    return "; ".join(parts)


class _RecentLines(logging.Handler):
    """Keeps the last lines of the log for the screen."""

    def __init__(self, lines: deque[str]) -> None:
        super().__init__()
        self._lines = lines

    def emit(self, record: logging.LogRecord) -> None:
        self._lines.append(time.strftime("%H:%M:%S ") + record.getMessage())


def _run_on_screen(
    box: settings.Settings, slideshow: Slideshow | None, open_camera: Callable[[], Camera]
) -> None:
    lines: deque[str] = deque(maxlen=LOG_LINES)
    logging.basicConfig(level=logging.INFO, handlers=[_RecentLines(lines)])
    logging.getLogger("mpd").setLevel(logging.WARNING)
    recorder = FrameRecorder(open_camera)
    with (
        harness_for(box, recorder) as harness,
        screen.single_keys(),
        Live(screen=True, auto_refresh=False) as live,
    ):
        while (key := screen.key(wait=KEY_TIMEOUT_S)) != "q":
            if key == " ":
                if slideshow:
                    slideshow.advance()
                _in_background(harness.press)
            elif key == "s":
                _in_background(harness.double_press)
            elif key == "h":
                _in_background(lambda: harness.press(box.panel.hold + 0.3))
            rows = screen.rows_for(live.console.height)
            live.update(render(harness, box.panel.colours, recorder, lines, rows), refresh=True)


def render(
    harness: Harness,
    colours: dict[Mood, settings.Colour],
    recorder: FrameRecorder,
    lines: deque[str],
    rows: int,
) -> RenderableType:
    """Draw the screen as the box is now; `rows` is the height of the picture."""
    decision = harness.state.decision
    view = screen.picture(recorder.frame, decision, rows)
    return screen.screen(
        view, screen.panel(harness.lights(), colours), decision, _status_text(harness), lines
    )


def _in_background(action: Callable[[], None]) -> None:
    threading.Thread(target=action, daemon=True).start()


def _status_text(harness: Harness) -> Text:
    status = harness.status()
    text = Text(f"{status['state'].replace('_', ' ')}", "bold")
    if status["mood"]:
        text.append(f"  {status['mood']} ({status['confidence']:.0%})")
    text.append(f"\n{status['song'] or 'no song'}" + ("  (paused)" if status["playing"] == "pause" else ""))
    for part, what in status["trouble"].items():
        text.append(f"\n{part}: {what}", "red")
    return text
