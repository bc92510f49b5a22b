"""Puts a box together from its settings, and takes it apart again.

Modules that load slowly are imported after the first light. MPD is connected to before them, because
systemd may have to start it first.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing, contextmanager, suppress
from functools import partial
from pathlib import Path
from queue import Empty, SimpleQueue
from typing import TYPE_CHECKING, Any

from msgspec.structs import replace

from device.config import settings
from device.config.last_good import service_folder
from device.config.overlay import SettingsOverlay
from device.control.server import ENDING, ControlServer, Request
from device.errors import MemoryFileError, ModelError, PanelError, SettingsError
from device.health import Health, Part
from device.panel.button import Button, GestureRecognizer
from device.panel.controls import open_controls
from device.panel.lights import Indication, Lights, NoLights, open_lights, without_light
from device.supervision import DEFAULT_RESTART_POLICY, RestartPolicy
from device.system.restart import RestartOncePerBoot
from device.system.startup_times import StartupTimes
from device.system.systemd import Notifier

if TYPE_CHECKING:
    from device.box.box import Box, Event
    from device.library.tag_affect import AffectLexicon
    from device.playback.memory import Memory
    from device.vision.camera import Camera
    from device.vision.cameras.capture import Capture
    from device.vision.observation import FaceAnalyzer


@contextmanager
def open_box(
    chosen: settings.Settings,
    events: SimpleQueue[Event],
    open_camera: Callable[[], Camera] | None = None,
    health: Health | None = None,
    restart_policy: RestartPolicy = DEFAULT_RESTART_POLICY,
    settings_file: Path | None = None,
) -> Iterator[Box]:
    """Yield a box that is ready to run. Its lights go out at the end, even after an error.

    Without panel, disk, model or something else that the settings name, the box runs all the same, and shows
    trouble.

    Args:
        chosen: The settings.
        events: The box's one queue.
        open_camera: Used in place of the camera that the settings name.
        health: The problems that are known already; none by default.
        restart_policy: When parts that fail are restarted.
        settings_file: Where the settings were read; None for the default file.

    Raises:
        ServiceError: The control socket cannot be opened, or a box runs already.
    """
    startup = StartupTimes()
    health = Health() if health is None else health
    with ExitStack() as stack:
        path = chosen.service.socket_path()
        server = stack.enter_context(closing(ControlServer(path, events.put, restart_policy)))
        lights, is_down = _panel(chosen.panel, events, health, stack)
        controls = open_controls(chosen.panel, events.put, stack, health.report_until_restart)
        lights.show(Indication.STARTING)
        startup.done("light")

        from device.playback.mpd_worker import MpdWorker

        player = stack.enter_context(closing(MpdWorker(chosen.music, events.put, restart_policy)))
        player.start()
        startup.done("player")
        memory = stack.enter_context(closing(_memory(chosen.service, health)))
        startup.done("memory")

        import numpy as np

        from device.box.box import Box  # loads OpenCV and numpy
        from device.box.commands.settings import SettingsRequests
        from device.box.commands.upkeep import Upkeep
        from device.box.loop import Stop
        from device.library.scanner import LibraryScanner
        from device.playback.controller import PlaybackController
        from device.system.power import Power
        from device.vision.camera import camera_factory
        from device.vision.cameras.capture import Capture
        from device.vision.cameras.switch import CameraSwitch

        startup.done("libraries")
        lexicon = _lexicon(chosen.music, health)
        folder = None if Part.STORAGE in health else chosen.service.state_path()
        scanner = LibraryScanner(chosen.music, lexicon, folder, events.put, restart_policy)
        stack.enter_context(closing(scanner))
        scanner.start()
        startup.done("librarian")
        analyzer = _analyzer(chosen, health)
        startup.done("model")
        restart = RestartOncePerBoot(service_folder(), Part.CAMERA, events.put)
        capture = stack.enter_context(
            closing(Capture(open_camera or camera_factory(chosen.camera), events.put, restart))
        )
        outlet = None
        playback_of: Callable[..., PlaybackController] = PlaybackController
        if chosen.room.server:
            from device.box.rooms.music_elsewhere import MusicElsewhere, PressOutlet

            outlet = PressOutlet(health)
            playback_of = partial(MusicElsewhere, outlet=outlet)
        playback = playback_of(chosen.music, player, scanner, memory, np.random.default_rng(), health)
        stack.callback(_refuse_requests, server, events)
        yield Box(
            events=events,
            rules=chosen.look,
            gesture_recognizer=GestureRecognizer(
                chosen.panel.debounce, chosen.panel.hold, chosen.panel.double_press, chosen.panel.off
            ),
            is_down=is_down,
            lights=lights,
            analyzer=analyzer,
            capture=capture,
            camera_switch=CameraSwitch(chosen.service.state_path()),
            playback=playback,
            memory=memory,
            power=Power(events.put),
            notifier=Notifier(),
            startup=startup,
            health=health,
            more_actions=SettingsRequests(
                SettingsOverlay(settings_file, chosen.service.state_path()),
                {"music.style": lambda changed: playback.change_style(changed.music.style)}
                | ({} if open_camera else _mounting(chosen.camera, capture)),
            ).actions
            | Upkeep(chosen, health, memory, lambda: events.put(Stop())).actions
            | (outlet.actions if outlet else {}),
            more_streams=outlet.streams if outlet else None,
            controls=controls,
            debounce=chosen.panel.debounce,
            restart_policy=restart_policy,
        )


def _mounting(camera: settings.Camera, capture: Capture) -> dict[str, Callable[[settings.Settings], None]]:
    """Return what applies a change of the way in which the camera is mounted, by its key."""
    from device.vision.camera import camera_factory

    def remount(changed: settings.Settings) -> None:
        mounted = replace(camera, rotate=changed.camera.rotate, mirror=changed.camera.mirror)
        capture.change_camera(camera_factory(mounted))

    return {"camera.rotate": remount, "camera.mirror": remount}


def _refuse_requests(server: ControlServer, events: SimpleQueue[Any]) -> None:
    """The loop has ended: a client that asks while the parts are closed has not to wait for its reply."""
    server.refuse_requests()
    with suppress(Empty):
        while True:
            event = events.get_nowait()
            if isinstance(event, Request):
                event.reply.put(ENDING)


def _panel(
    panel: settings.Panel, events: SimpleQueue[Any], health: Health, stack: ExitStack
) -> tuple[Lights, Callable[[], bool]]:
    lights: Lights = NoLights()
    try:
        lights = stack.enter_context(closing(open_lights(panel)))
        button = stack.enter_context(closing(Button(panel.button, panel.pull_up, Part.BUTTON, events.put)))
    except PanelError as error:
        health.report_until_restart(Part.PANEL, str(error))
        return lights, lambda: False
    return lights, button.is_down


def _memory(service: settings.Service, health: Health) -> Memory:
    from device.playback.memory import Memory

    try:
        return Memory.open(service.state_path())
    except MemoryFileError as error:
        health.report_until_restart(Part.STORAGE, str(error))
        return Memory.in_memory()


def _lexicon(music: settings.Music, health: Health) -> AffectLexicon:
    from device.library.tag_affect import read_lexicon

    try:
        return read_lexicon(music.places)
    except SettingsError as error:
        health.report_until_restart(
            Part.SETTINGS,
            f"{error}; until then moodbox's own table is used",
        )
        return read_lexicon()


def _analyzer(chosen: settings.Settings, health: Health) -> FaceAnalyzer | None:
    from device.vision.observation import FaceAnalyzer

    try:
        analyzer = FaceAnalyzer(chosen.model, chosen.look)
    except ModelError as error:
        health.report_until_restart(Part.MODEL, str(error))
        return None
    if missing := without_light(analyzer.card.labels, chosen.panel):
        table = "panel.colours" if chosen.panel.kind == "rgb" else "panel.leds"
        problem = f"{table}: the model also tells {', '.join(missing)}; add a light for each"
        health.report_until_restart(Part.SETTINGS, problem)
    return analyzer
