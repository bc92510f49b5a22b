"""What each command of the control socket does; `device.control.protocol` has their table."""

from __future__ import annotations

import logging
from collections.abc import Callable

from device.box.commands.reply import NO_MPD, OK, Actions, Reply, Streams
from device.control import protocol
from device.control.command import Command
from device.control.server import Request
from device.playback.controller import PlaybackController
from device.printable import printable

log = logging.getLogger(__name__)

NO_VOLUME = "MPD has no volume: give its audio_output a mixer_type in mpd.conf"


class RequestHandler:
    """Replies to requests, and keeps subscribers informed. Used by the loop's thread alone."""

    def __init__(
        self,
        playback: PlaybackController,
        status: Callable[[], Reply],
        actions: Actions,
        streams: Streams | None = None,
    ) -> None:
        """Take what requests act on.

        Args:
            playback: Decides what plays.
            status: Returns the box's present status.
            actions: The commands that the box itself carries out.
            streams: Those that are answered later, or more than once.
        """
        controls = playback.controls
        self._playback = playback
        self._status = status
        self._subscribers: list[Request] = []
        self._published: Reply = {}
        self._streams: Streams = {protocol.Subscribe: self._subscribe, **(streams or {})}
        self._actions: Actions = {
            protocol.Status: lambda _: status(),
            protocol.Skip: lambda _: _ok(playback.skip(), "no song plays that could be skipped"),
            protocol.Pause: lambda _: _ok(controls.pause(), "no song plays that could be paused"),
            protocol.Play: lambda _: _ok(
                playback.controls.resume(), "no music to go on with: press the button"
            ),
            protocol.Volume: self._volume,
            **actions,
        }

    def handle(self, request: Request) -> None:
        """Carry out a request, and reply to it.

        What the system refuses meanwhile, such as another open file, costs this request and not the box. So
        does a module that is loaded only now, and is not there.
        """
        try:
            self._carry_out(request)
        except OSError as error:
            name, reason = request.command.name, printable(error.strerror or error)
            log.warning("%s failed: %s", name, reason)
            request.reply.put({"error": f"{name} failed ({reason}): try again in a moment"})
        except ImportError as error:
            name, reason = request.command.name, printable(error)
            log.exception("%s failed", name)
            request.reply.put({"error": f"{name} failed ({reason}): install moodbox again"})

    def _carry_out(self, request: Request) -> None:
        if stream := self._streams.get(type(request.command)):
            stream(request)
        else:
            action = self._actions.get(type(request.command), _refuse)
            reply = action(request.command)
            if callable(reply):
                reply(request.reply.put)
            else:
                request.reply.put(reply)

    def _subscribe(self, request: Request) -> None:
        status = self._status()
        self._send(status)  # the earlier subscribers may not know it yet
        request.reply.put(status)
        self._subscribers.append(request)

    def publish(self) -> None:
        """Send the status to every subscriber, if it has changed."""
        self._subscribers = [s for s in self._subscribers if not s.reply.closed]
        if self._subscribers:
            self._send(self._status())

    def _send(self, status: Reply) -> None:
        if status != self._published:
            for subscriber in self._subscribers:
                subscriber.reply.put(status)
        self._published = status

    def _volume(self, command: protocol.Volume) -> Reply:
        if self._playback.snapshot is None:
            return {"error": NO_MPD}
        if command.to is not None:
            volume = self._playback.controls.set_volume(command.to)
        elif command.steps is not None:
            volume = self._playback.controls.change_volume(command.steps)
        else:
            volume = self._playback.snapshot.volume
        return {"error": NO_VOLUME} if volume is None else {"ok": True, "volume": volume}


def _refuse(command: Command) -> Reply:
    return {"error": f"{command.name}: this box's settings do not ask for it; if they do, restart the box"}


def _ok(done: bool, problem: str) -> Reply:
    return OK if done else {"error": problem}
