"""`moodbox demo`: songs, server, stage and screen put together; without a terminal, a line for each look."""

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
from device.demo.slideshow import Slideshow, Watched
from device.demo.songs import SONGS, make_library
from device.errors import CameraError
from device.mood import Mood
from device.vision.camera import Camera, camera_factory, source_path
from device.vision.pictures import find_pictures

PICTURES = Path(__file__).resolve().parent.parent / "pictures"
LOOK = 10.0  # seconds that a look may take, with the camera's opening
FIRST_SONG = 5.0  # seconds
"""How long the printed demo waits before it says that nothing came."""


def show(camera: str | None) -> int:
    """Runs until `q`, or, without a terminal, through one look of every picture."""
    on_terminal = sys.stdin.isatty() and sys.stdout.isatty()
    slideshow, open_camera = _analyzer(camera)
    with _box() as box:
        if on_terminal:
            _on_screen(box, slideshow, open_camera)
            return 0
        return 0 if _in_lines(box, slideshow, open_camera) else 1


@contextmanager
def _box() -> Iterator[settings.Settings]:
    """The settings of a box in a folder of its own, with songs that an MPD of its own can play."""
    with tempfile.TemporaryDirectory(prefix="moodbox-demo-") as name:
        folder = Path(name)
        print(f"making {len(SONGS)} songs …", flush=True)
        make_library(folder / "music")
        with PrivateMpd(folder, sound_output()) as server:
            songs = server.update()
            heard = "silently: no sound card here" if server.output == "null" else f"through {server.output}"
            print(f"MPD plays them {heard} ({songs} songs in its library)", flush=True)
            yield settings.Settings(
                music=server.link, service=settings.Service(socket=f"{name}/control.sock", state=name)
            )


def draw(path: Path) -> None:
    """Draws what the demo's screen shows once the box has seen a face and plays, as SVG."""
    lines: deque[str] = deque(maxlen=5)
    logging.basicConfig(level=logging.INFO, handlers=[_Lines(lines)])
    logging.getLogger("mpd").setLevel(logging.WARNING)
    slideshow = Slideshow(list(find_pictures(PICTURES)))
    watched = Watched(slideshow.open)
    console = Console(record=True, width=104, file=io.StringIO(), color_system="truecolor")
    with _box() as box, harness_for(box, watched) as harness:
        harness.wait_for_decision(LOOK)
        _summary(harness, song_before=None)
        console.print(drawn(harness, box.panel.colours, watched, lines, screen.ROWS))
    svg = console.export_svg(title="make demo")
    # The reader's own font will do: a picture of this box should fetch nothing from anywhere.
    path.write_text(re.sub(r"@font-face \{.*?\}", "", svg, flags=re.DOTALL), encoding="utf-8")


def _analyzer(camera: str | None) -> tuple[Slideshow | None, Callable[[], Camera]]:
    """Pictures as an album, one for each look; else the camera that was asked for, or is there."""
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


def _in_lines(box: settings.Settings, slideshow: Slideshow | None, open_camera: Callable[[], Camera]) -> bool:
    """One look of every picture, or one through the camera: what was seen, shown and played.

    Whether each look came to a verdict.
    """
    all_seen = True
    logging.basicConfig(level=logging.INFO, stream=sys.stdout, format="    %(message)s")
    logging.getLogger("mpd").setLevel(logging.WARNING)
    with harness_for(box, open_camera) as harness:
        for number in range(len(slideshow) if slideshow else 1):
            if slideshow:
                print(f"picture {number + 1}: {slideshow.shown.name}", flush=True)
            before = harness.status()["song"]
            if number:
                harness.press()
                harness.wait_for_look(LOOK)
            if harness.wait_for_decision(LOOK):
                print(f"  {_summary(harness, before)}", flush=True)
            else:
                all_seen = False
                print(f"  {harness.status()['trouble'].get('camera', 'nothing seen in time')}", flush=True)
            if slideshow:
                slideshow.turn()
    return all_seen


def _summary(harness: Harness, song_before: str | None) -> str:
    decision = harness.state.decision
    if decision is None:
        return "nothing"
    seen = decision.mood or decision.outcome.replace("_", " ")
    words = [f"{seen} ({decision.confidence:.0%})" if decision.face else seen]
    if decision.mood:
        end = time.monotonic() + FIRST_SONG
        while (song := harness.status()["song"]) in (None, song_before) and time.monotonic() < end:
            time.sleep(0.02)
        lit = [str(mood) for mood, level in harness.lights().items() if level > 0.5]
        words += [f"light: {', '.join(lit) or 'none'}", f"song: {song or 'none'}"]
    return "; ".join(words)


class _Lines(logging.Handler):
    """Keeps the log's last lines for the screen."""

    def __init__(self, lines: deque[str]) -> None:
        super().__init__()
        self._lines = lines

    def emit(self, record: logging.LogRecord) -> None:
        self._lines.append(time.strftime("%H:%M:%S ") + record.getMessage())


def _on_screen(
    box: settings.Settings, slideshow: Slideshow | None, open_camera: Callable[[], Camera]
) -> None:
    lines: deque[str] = deque(maxlen=5)
    logging.basicConfig(level=logging.INFO, handlers=[_Lines(lines)])
    logging.getLogger("mpd").setLevel(logging.WARNING)
    watched = Watched(open_camera)
    with (
        harness_for(box, watched) as harness,
        screen.single_keys(),
        Live(screen=True, auto_refresh=False) as live,
    ):
        while (key := screen.key(wait=0.08)) != "q":
            if key == " ":
                if slideshow:
                    slideshow.turn()
                _in_background(harness.press)
            elif key == "s":
                _in_background(harness.press_twice)
            elif key == "h":
                _in_background(lambda: harness.press(box.panel.hold + 0.3))
            rows = screen.rows_for(live.console.height)
            live.update(drawn(harness, box.panel.colours, watched, lines, rows), refresh=True)


def drawn(
    harness: Harness, colours: dict[Mood, settings.Colour], watched: Watched, lines: deque[str], rows: int
) -> RenderableType:
    decision = harness.state.decision
    view = screen.picture(watched.frame, decision, rows)
    return screen.screen(view, screen.panel(harness.lights(), colours), decision, _words(harness), lines)


def _in_background(action: Callable[[], None]) -> None:
    threading.Thread(target=action, daemon=True).start()


def _words(harness: Harness) -> Text:
    status = harness.status()
    text = Text(f"{status['state'].replace('_', ' ')}", "bold")
    if status["mood"]:
        text.append(f"  {status['mood']} ({status['confidence']:.0%})")
    text.append(f"\n{status['song'] or 'no song'}" + ("  (paused)" if status["playing"] == "pause" else ""))
    for part, what in status["trouble"].items():
        text.append(f"\n{part}: {what}", "red")
    return text
