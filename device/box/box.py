"""The box itself: one queue of events, one consumer, one state. Only here do the parts meet.

Button, camera, MPD, control socket and signals only put events into the queue. The lights are a function
of the state.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from datetime import UTC, datetime
from queue import SimpleQueue
from time import monotonic
from typing import Any

from device.box.commands.camera import CameraControl
from device.box.commands.consent import Consent
from device.box.commands.correct_button import CorrectButton
from device.box.commands.correction import Corrector
from device.box.commands.library import LibraryRequests
from device.box.commands.live_view import LiveView
from device.box.commands.mood import GivenMood
from device.box.commands.reply import GOING_OFF, OK, Actions, Reply, Streams
from device.box.commands.songs import SongOpinions
from device.box.commands.tone import ToneRequest
from device.box.control_events import ControlEvents
from device.box.furniture import FurnitureLearner
from device.box.light_control import LightControl
from device.box.loop import Loop, Stop
from device.box.music_response import respond
from device.box.observer import Observer
from device.box.part_failures import PartFailures
from device.box.requests import RequestHandler
from device.box.state import Activity, State, StateHolder, indication_of
from device.box.status import headline_of, status_of
from device.box.timers.on_demand import TimersOnDemand
from device.config import settings
from device.control import protocol
from device.control.server import ENDING, Request
from device.health import Health, Part, PartFailed, PartRecovered, ThreadDied
from device.library.scanner import SongTableUpdated
from device.panel.brightness import ALWAYS_BRIGHT, Brightness
from device.panel.button import Edge, Gesture, GestureRecognizer
from device.panel.controls import NO_CONTROLS, ControlPressed, Controls, VolumeTurned
from device.panel.encoder import EncoderEdge
from device.panel.lights import Lights
from device.playback.controller import PlaybackController
from device.playback.guarded_memory import GuardedMemory
from device.playback.memory import Memory
from device.playback.mpd_events import MpdEvent
from device.supervision import (
    DEFAULT_RESTART_POLICY,
    EXIT_INTERNAL_ERROR,
    RestartPolicy,
)
from device.system.power import Power, PowerOffFailed
from device.system.startup_times import StartupTimes
from device.system.systemd import Notifier
from device.vision.cameras.capture import Capture, CaptureEnded, FrameCaptured
from device.vision.cameras.switch import CameraSwitch
from device.vision.observation import FaceAnalyzer

log = logging.getLogger(__name__)

Event = (
    Edge | Stop | Request | FrameCaptured | CaptureEnded | MpdEvent | SongTableUpdated | PowerOffFailed
    | PartFailed | PartRecovered | ThreadDied | EncoderEdge | ControlPressed | VolumeTurned
)  # fmt: skip


class Box:
    """The loop's handlers. `assembly.open_box` puts a box together.

    Without an analyzer (there is a problem with its model) it is a box with a button and music alone.
    """

    def __init__(
        self,
        *,
        events: SimpleQueue[Event],
        rules: settings.Look,
        gesture_recognizer: GestureRecognizer,
        is_down: Callable[[], bool],
        lights: Lights,
        analyzer: FaceAnalyzer | None,
        capture: Capture,
        camera_switch: CameraSwitch,
        playback: PlaybackController,
        memory: Memory,
        power: Power,
        notifier: Notifier,
        startup: StartupTimes,
        health: Health,
        more_actions: Actions | None = None,
        more_streams: Streams | None = None,
        controls: Controls = NO_CONTROLS,
        plays_along_with: str = "",
        brightness: Brightness = ALWAYS_BRIGHT,
        restart_policy: RestartPolicy = DEFAULT_RESTART_POLICY,
    ) -> None:
        """Take the parts; nothing starts yet.

        Args:
            events: The box's one queue.
            rules: When an observation ends.
            gesture_recognizer: Turns the button's edges into gestures.
            is_down: Whether the button is down now.
            lights: The lights.
            analyzer: Finds and classifies faces.
            capture: Gives frames.
            camera_switch: Whether the box may use its camera.
            playback: Decides what plays.
            memory: Keeps furniture, excluded songs, and what was learned from corrections.
            power: Switches the machine off.
            notifier: Tells systemd.
            startup: How long each part of the start took.
            health: The problems of all parts, with those that were found at the start.
            more_actions: For requests that do not concern the box's state.
            more_streams: For those of them that go on.
            controls: The controls beside the button.
            plays_along_with: The box whose music is heard here; "" if it is this one's.
            brightness: How bright the lights are at each time of the day.
            restart_policy: When lights that failed are tried again.
        """
        self._loop = Loop(events)
        self._state = StateHolder(State(trouble=tuple(health.trouble.items())))
        self._health = health
        self._gesture_recognizer = gesture_recognizer
        self._is_down = is_down
        self._lights = LightControl(lights, brightness, self._state, self._loop, events.put, restart_policy)
        self._part_failures = PartFailures(self._loop, health, self._lights, self._fail)
        self._controls = ControlEvents(self._loop, controls, events.put)
        self._capture = capture
        self._playback = playback
        self._power = power
        self._notifier = notifier
        self._startup = startup
        guarded = GuardedMemory(memory, health)
        self._observer = Observer(
            loop=self._loop,
            state=self._state,
            health=health,
            rules=rules,
            analyzer=analyzer,
            capture=capture,
            furniture=FurnitureLearner(guarded, self._state),
            bias=guarded.mood_bias,
            on_look=lambda look: respond(playback, look),
        )
        corrector = Corrector(self._state, guarded, playback, self._observer.rest)
        self._correct_button = CorrectButton(self._loop, self._state, corrector)
        camera = CameraControl(camera_switch, self._loop, self._state, health, self._observer, capture)
        songs = SongOpinions(playback, guarded).actions | LibraryRequests(playback, guarded).actions
        actions: Actions = {protocol.Press: lambda _: self._press(), **(more_actions or {}), **camera.actions}
        actions |= GivenMood(self._state, playback, self._observer.rest).actions | corrector.actions | songs
        self._live_view = LiveView(
            self._loop, self._state, capture, analyzer, rules.min_face, guarded.mood_bias
        )
        self._consent = Consent(self._loop, self._state, self._live_view.allow)
        self._timers = TimersOnDemand(
            guarded, lambda kind: kind(self._loop, self._state, playback, guarded, plays_along_with)
        )
        actions |= self._timers.actions | ToneRequest(playback).actions
        actions |= self._live_view.actions | self._consent.actions
        streams = self._live_view.streams | self._consent.streams | (more_streams or {})
        self._requests = RequestHandler(playback, self._status, actions, streams)

    @property
    def state(self) -> State:
        """The present state; any thread may read it."""
        return self._state.value

    def run(self) -> int:
        """Run until a Stop comes or an error ends the box.

        Returns:
            The exit code: 0 after a Stop, EXIT_INTERNAL_ERROR after an error of moodbox's own.
        """
        try:
            self._run_loop()
        except BaseException:  # including SystemExit, which would choose an exit code of its own
            log.critical("the box ends by an error of moodbox's own in its loop", exc_info=True)
            self._end(EXIT_INTERNAL_ERROR)
        finally:
            self._notifier.notify("STOPPING=1")
            self._capture.stop()
        return self.state.exit_code

    def _run_loop(self) -> None:
        self._notifier.notify("READY=1")
        self._startup.done("rest")
        log.info("start: ready after %s", self._startup)
        if self._notifier.watchdog_s:
            self._feed_watchdog()
        self._observer.start()
        while not self._is_stopping():
            self._loop.handle_events(self._handle)
            if self._is_stopping():
                self._loop.cancel_all()  # a timer could begin something new
            self._loop.run_due_timers()
            self._show()

    def _is_stopping(self) -> bool:
        return self.state.activity is Activity.STOPPING

    def _end(self, exit_code: int) -> None:
        self._state.change(activity=Activity.STOPPING, exit_code=exit_code)

    def _fail(self) -> None:
        self._end(EXIT_INTERNAL_ERROR)

    def _handle(self, event: Event) -> None:
        if self._is_stopping():
            if isinstance(event, Request):
                event.reply.put(ENDING)
            return  # an event after the Stop could begin something new
        self._timers.notice(event)
        match event:
            case Edge(button=Part.BUTTON):
                self._handle_gestures(self._gesture_recognizer.on_edge(event))
            case Edge() | EncoderEdge():
                self._controls.handle(event)
            case ControlPressed(Part.NEXT):
                self._skip()
            case ControlPressed():
                self._correct_button.press()
            case VolumeTurned(stops):
                self._playback.controls.change_volume(stops)
            case FrameCaptured() | CaptureEnded():
                self._live_view.handle_event(event, self._observer.handle_event(event))
            case Request():
                self._requests.handle(event)
            case Stop():
                self._end(0)
            case PowerOffFailed(reason):
                self._power_off_failed(reason)
            case PartFailed() | PartRecovered() | ThreadDied():
                self._part_failures.handle(event)
            case _:
                self._playback.handle(event)

    # The button

    def _sample_button(self) -> None:
        self._handle_gestures(self._gesture_recognizer.sample(self._is_down(), monotonic()))

    def _handle_gestures(self, gestures: list[Gesture]) -> None:
        for gesture in gestures:
            # While the button is down only the lights change: they show what releasing it now will do.
            down = gesture in (Gesture.DOWN, Gesture.HOLD, Gesture.LONG_HOLD)
            self._state.change(gesture=gesture if down else None, presses=self.state.presses.after(gesture))
            self._timers.notice(gesture)
            match gesture:
                case Gesture.SINGLE_PRESS | Gesture.DOUBLE_PRESS if self._consent.take_press():
                    pass
                case Gesture.SINGLE_PRESS:
                    self._press()
                case Gesture.DOUBLE_PRESS:
                    self._skip()
                case Gesture.HOLD_RELEASED:
                    self._playback.controls.toggle()
                case Gesture.LONG_HOLD_RELEASED:
                    self._switch_off()
        if self._gesture_recognizer.next_sample is None:
            self._loop.cancel(self._sample_button)
        else:
            self._loop.schedule(self._sample_button, self._gesture_recognizer.next_sample)

    def _skip(self) -> None:
        if not self._playback.skip():
            self._press()  # somebody who goes on although nothing plays wants music

    def _press(self) -> Reply:
        if self.state.activity is Activity.POWERING_OFF:
            return GOING_OFF
        self._health.clear(Part.POWER)  # whoever pressed has seen it on the lights
        self._state.change(decision=None)
        self._observer.start(by_press=True)
        return OK

    def _switch_off(self) -> None:
        if self.state.activity is Activity.POWERING_OFF:
            return
        log.info("the button was held for long: asking logind to switch off")
        self._health.clear(Part.POWER)
        self._observer.rest()
        self._state.change(activity=Activity.POWERING_OFF)
        self._power.off()

    def _power_off_failed(self, reason: str) -> None:
        self._health.report(Part.POWER, reason)
        if self.state.activity is Activity.POWERING_OFF:
            self._observer.rest()

    # What it shows

    def _show(self) -> None:
        """Bring the lights, and what systemd knows, up to date with the state."""
        self._timers.follow()
        snapshot = self._playback.snapshot
        paused = snapshot is not None and snapshot.state == "pause"
        self._state.change(paused=paused, trouble=tuple(self._health.trouble.items()))
        shown = indication_of(self.state)
        if shown != self.state.shown:
            self._state.change(shown=shown, shown_since=datetime.now(UTC))
            self._lights.show()
            self._notifier.notify(f"STATUS={headline_of(self.state)}")
        self._requests.publish()

    def _status(self) -> dict[str, Any]:
        self._state.change(trouble=tuple(self._health.trouble.items()))  # of this turn of the loop, too
        return status_of(
            self.state,
            self._playback.snapshot,
            estimate=self._playback.state.estimate,
            stepped_back=self._playback.state.has_yielded,
            style=self._playback.planner.style,
            startup_s=self._startup.parts,
        )

    def _feed_watchdog(self) -> None:
        self._notifier.notify("WATCHDOG=1")
        self._loop.schedule_in(self._feed_watchdog, self._notifier.watchdog_s or 3600)
