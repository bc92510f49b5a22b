"""The music of a box that plays along with another (`room.server`): that box is asked for it.

The daemon has no network: what a press asks for goes over its control socket to the process `moodbox room`.
Its own MPD is quiet.
"""

from __future__ import annotations

from typing import Any

from device.box.commands.reply import OK, Actions, Reply, Streams
from device.control.room_commands import Looks, RoomTrouble
from device.control.server import Request
from device.health import Health, Part
from device.library.scanner import SongTableUpdated
from device.mood_estimate import MoodEstimate
from device.mpd.queue_mirror import QueueMirror
from device.playback import mpd_events as events
from device.playback.controller import PlaybackController

NOBODY_CARRIES = (
    "nothing carries a press to the box that plays: sudo systemctl restart moodbox-room;"
    " journalctl -u moodbox-room says more"
)


class PressOutlet:
    """Hands what the presses ask for to `moodbox room`, and takes from it what is wrong.

    Used by the loop's thread alone.
    """

    def __init__(self, health: Health) -> None:
        self._health = health
        self._readers: list[Request] = []

    @property
    def actions(self) -> Actions:
        """What it does for which command."""
        return {RoomTrouble: self._trouble}

    @property
    def streams(self) -> Streams:
        """What it does for which command that goes on."""
        return {Looks: self._open}

    def send(self, estimate: MoodEstimate | None, *, steer: bool = False) -> None:
        """Ask for music by this estimate; None: nobody was seen."""
        self._readers = [reader for reader in self._readers if not reader.reply.closed]
        if not self._readers:
            self._health.report(Part.ROOM, NOBODY_CARRIES)
        for reader in self._readers:
            probabilities = dict(estimate.probabilities) if estimate else {}
            reader.reply.put({"probabilities": probabilities, "steer": steer})

    def _open(self, request: Request) -> None:
        self._health.clear(Part.ROOM)
        self._readers.append(request)
        request.reply.put(OK)

    def _trouble(self, command: RoomTrouble) -> Reply:
        if command.problem:
            self._health.report(Part.ROOM, " ".join(command.problem.split()))
        else:
            self._health.clear(Part.ROOM)
        return OK


class MusicElsewhere(PlaybackController):
    """Passes on what somebody asks for by a press, and nothing that the box does by itself.

    Nothing is ever wanted of its own MPD, so that none of its songs is queued or learned from.
    """

    def __init__(self, *args: Any, outlet: PressOutlet) -> None:
        """Take what a PlaybackController takes, and where presses go."""
        super().__init__(*args)
        self._outlet = outlet

    def play(self, estimate: MoodEstimate, *, by_button: bool = True) -> None:
        """Ask for other songs, at once."""
        if by_button:
            self._outlet.send(estimate)

    def steer(self, estimate: MoodEstimate, *, by_button: bool = True) -> None:
        """Ask for other songs, after the one that plays."""
        if by_button:
            self._outlet.send(estimate, steer=True)

    def go_on(self, *, by_button: bool = True) -> None:
        """Ask for music."""
        if by_button:
            self._outlet.send(None)

    def play_again(self) -> bool:
        """Ask for music: the button was held."""
        self.go_on()
        return True

    def skip(self) -> bool:
        """There is nothing to skip here: two quick presses look again."""
        return False

    def handle(self, event: events.MpdEvent | SongTableUpdated) -> None:
        """Follow MPD, and stop what this box has queued before it played along with another."""
        super().handle(event)
        if isinstance(event, events.MpdConnected) and self._own_song("play"):
            self._mpd.ask(_stop, lambda _: None)


def _stop(mirror: QueueMirror) -> dict[str, Any]:
    mirror.client.stop()
    return {}
