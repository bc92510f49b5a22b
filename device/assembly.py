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
from device.panel.brightness import brightness_of
from device.panel.button import Button, GestureRecognizer
from device.panel.controls import open_controls
from device.panel.lights import Indication, Lights, NoLights, open_lights, without_light
from device.storage.folder_lock import held_by_box
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
    camera_of: Callable[[settings.Camera], Callable[[], Camera]] | None = None,
    health: Health | None = None,
    restart_policy: RestartPolicy = DEFAULT_RESTART_POLICY,
    settings_file: Path | None = None,
    startup: StartupTimes | None = None,
) -> Iterator[Box]:
    """Yield a box that is ready to run. Its lights go out at the end, even after an error.

    Without panel, disk, model or something else that the settings name, the box runs all the same, and shows
    trouble.

    Args:
        chosen: The settings.
        events: The box's one queue.
        camera_of: Used in place of `camera_factory`.
        health: The problems that are known already; none by default.
        restart_policy: When parts that fail are restarted.
        settings_file: Where the settings were read; None for the default file.
        startup: What measures the start; by default since the process began.

    Raises:
        ServiceError: The control socket cannot be opened, or a box runs already.
    """
    startup = StartupTimes() if startup is None else startup
    health = Health() if health is None else health
    with ExitStack() as stack:
        path = chosen.service.socket_path()
        server = stack.enter_context(closing(ControlServer(path, events.put, restart_policy)))
        lights, is_down = _panel(chosen.panel, events, health, stack)
        controls = open_controls(chosen.panel, events.put, stack, health.report_until_restart)
        brightness = brightness_of(chosen.panel)
        lights.show(Indication.STARTING, brightness=brightness.now())
        startup.done("light")

        from device.playback.mpd_worker import MpdWorker

        player = stack.enter_context(closing(MpdWorker(chosen.music, events.put, restart_policy)))
        player.start()
        startup.done("player")
        memory = stack.enter_context(closing(_memory(chosen.service, health)))
        if Part.STORAGE not in health:
            stack.enter_context(held_by_box(chosen.service.state_path()))  # before the first row is read
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
        camera_of = camera_of or camera_factory
        lexicon = _lexicon(chosen.music, health)
        folder = None if Part.STORAGE in health else chosen.service.state_path()
        scanner = LibraryScanner(chosen.music, lexicon, folder, events.put, restart_policy)
        stack.enter_context(closing(scanner))
        scanner.start()
        startup.done("librarian")
        analyzer = _analyzer(chosen, health)
        startup.done("model")
        restart = RestartOncePerBoot(service_folder(), Part.CAMERA, events.put)
        capture = stack.enter_context(closing(Capture(camera_of(chosen.camera), events.put, restart)))
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
                | _mounting(chosen.camera, capture, camera_of),
            ).actions
            | Upkeep(chosen, health, memory, lambda: events.put(Stop())).actions
            | (outlet.actions if outlet else {}),
            more_streams=outlet.streams if outlet else None,
            controls=controls,
            plays_along_with=chosen.room.server,
            brightness=brightness,
            restart_policy=restart_policy,
        )


def _mounting(
    camera: settings.Camera, capture: Capture, camera_of: Callable[[settings.Camera], Callable[[], Camera]]
) -> dict[str, Callable[[settings.Settings], None]]:
    """Return what applies a change of the way in which the camera is mounted, by its key."""

    def remount(changed: settings.Settings) -> None:
        mounted = replace(camera, rotate=changed.camera.rotate, mirror=changed.camera.mirror)
        capture.change_camera(camera_of(mounted))

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
    """Open lights and button; one of them that cannot be used does not cost the other."""
    lights: Lights = NoLights()
    is_down: Callable[[], bool] = lambda: False  # noqa: E731
    problems = []
    try:
        lights = stack.enter_context(closing(open_lights(panel)))
    except PanelError as error:
        problems.append(str(error))
    try:
        button = stack.enter_context(closing(Button(panel.button, panel.pull_up, Part.BUTTON, events.put)))
        is_down = button.is_down
    except PanelError as error:
        problems.append(str(error))
    if problems:  # often the same for both
        health.report_until_restart(Part.PANEL, "; ".join(dict.fromkeys(problems)))
    return lights, is_down


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
        table = "panel.leds" if chosen.panel.kind == "leds" else "panel.colours"
        problem = f"{table}: the model also tells {', '.join(missing)}; add a light for each"
        health.report_until_restart(Part.SETTINGS, problem)
    return analyzer
