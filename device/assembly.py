"""Puts a box together from its settings, and takes it apart again.

Whatever loads slowly comes after the first light. MPD is spoken to before that: it may have to be started.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, closing, contextmanager, suppress
from queue import Empty, SimpleQueue
from typing import TYPE_CHECKING, Any

from device.config import settings
from device.errors import MemoryFileError, ModelError, PanelError, SettingsError
from device.panel.button import Button, Presses
from device.panel.lights import Indication, Lights, NoLights, open_lights, without_light
from device.supervision import PATIENCE, Patience
from device.system.control_socket import ENDING, Control, Notifier, Question
from device.system.startup_times import StartupTimes

if TYPE_CHECKING:
    from device.box.box import Box, Event
    from device.library.tag_affect import AffectLexicon
    from device.playback.memory import Memory
    from device.vision.camera import Camera
    from device.vision.observation import FaceAnalyzer

log = logging.getLogger(__name__)

NONE_YET: Mapping[str, str] = {}


@contextmanager
def open_box(
    chosen: settings.Settings,
    events: SimpleQueue[Event],
    open_camera: Callable[[], Camera] | None = None,
    trouble: Mapping[str, str] = NONE_YET,
    patience: Patience = PATIENCE,
) -> Iterator[Box]:
    """A box that is ready to run; its lights go out in the end, however it ends.

    open_camera: instead of the camera that the settings name. trouble: what is known already, by part.
    patience: with parts that fail. Raises ServiceError. Without panel, disk, model or what the settings name,
    the box comes up all the same, and says so.
    """
    start = StartupTimes()
    trouble = dict(trouble)
    with ExitStack() as stack:
        path = chosen.service.socket_path()
        control = stack.enter_context(closing(Control(path, events.put, patience)))
        lights, is_down = _panel(chosen.panel, events, trouble, stack)
        lights.show(Indication.STARTING)
        start.done("light")

        from device.playback.mpd_worker import MpdWorker

        player = stack.enter_context(closing(MpdWorker(chosen.music, events.put, patience)))
        player.start()
        start.done("player")
        memory = stack.enter_context(closing(_memory(chosen.service, trouble)))
        start.done("memory")

        import numpy as np

        from device.box.box import Box  # loads OpenCV and numpy
        from device.library.scanner import LibraryScanner
        from device.playback.controller import PlaybackController
        from device.system.power import Power
        from device.vision.camera import camera_factory
        from device.vision.capture import Capture

        start.done("libraries")
        lexicon = _lexicon(chosen.music, trouble)
        kept = None if "storage" in trouble else chosen.service.state_path()
        scanner = LibraryScanner(chosen.music, lexicon, kept, events.put, patience)
        stack.enter_context(closing(scanner))
        scanner.start()
        start.done("librarian")
        analyzer = _analyzer(chosen, trouble)
        start.done("model")
        capture = stack.enter_context(
            closing(Capture(open_camera or camera_factory(chosen.camera), events.put))
        )
        stack.callback(_refuse_questions, control, events)
        yield Box(
            events=events,
            rules=chosen.look,
            presses=Presses(
                chosen.panel.debounce, chosen.panel.hold, chosen.panel.double_press, chosen.panel.off
            ),
            is_down=is_down,
            lights=lights,
            analyzer=analyzer,
            capture=capture,
            playback=PlaybackController(chosen.music, player, scanner, memory, np.random.default_rng()),
            power=Power(events.put),
            notifier=Notifier(),
            start=start,
            trouble=trouble,
            patience=patience,
        )


def _refuse_questions(control: Control, events: SimpleQueue[Any]) -> None:
    """The loop has ended: who asks while the parts are closed does not wait for an answer."""
    control.refuse()
    with suppress(Empty):
        while True:
            event = events.get_nowait()
            if isinstance(event, Question):
                event.answer.put(ENDING)


def _panel(
    panel: settings.Panel, events: SimpleQueue[Any], trouble: dict[str, str], stack: ExitStack
) -> tuple[Lights, Callable[[], bool]]:
    lights: Lights = NoLights()
    try:
        lights = stack.enter_context(closing(open_lights(panel)))
        button = stack.enter_context(closing(Button(panel, events.put)))
    except PanelError as error:
        log.warning("panel: %s", error)
        trouble["panel"] = str(error)
        return lights, lambda: False
    return lights, button.is_down


def _memory(service: settings.Service, trouble: dict[str, str]) -> Memory:
    from device.playback.memory import Memory

    try:
        return Memory.open(service.state_path())
    except MemoryFileError as error:
        log.warning("%s", error)
        trouble["storage"] = str(error)
        return Memory.in_memory()


def _lexicon(music: settings.Music, trouble: dict[str, str]) -> AffectLexicon:
    from device.library.tag_affect import read_lexicon

    try:
        return read_lexicon(music.places)
    except SettingsError as error:
        _in_trouble("settings", f"{error}; until then moodbox's own table holds", trouble)
        return read_lexicon()


def _analyzer(chosen: settings.Settings, trouble: dict[str, str]) -> FaceAnalyzer | None:
    from device.vision.observation import FaceAnalyzer

    try:
        analyzer = FaceAnalyzer(chosen.model, chosen.look)
    except ModelError as error:
        _in_trouble("model", str(error), trouble)
        return None
    if missing := without_light(analyzer.card.labels, chosen.panel):
        table = "panel.colours" if chosen.panel.kind == "rgb" else "panel.leds"
        what = f"{table}: the model knows {', '.join(missing)} too; name a light for each"
        _in_trouble("settings", what, trouble)
    return analyzer


def _in_trouble(part: str, what: str, trouble: dict[str, str]) -> None:
    log.warning("%s: %s", part, what)
    trouble.setdefault(part, what)
