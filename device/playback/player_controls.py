"""What somebody does with the music that plays: pause it, make it louder, like it, ask about it."""

from __future__ import annotations

from collections.abc import Callable

from device.mpd.queue_mirror import QueueMirror
from device.mpd.snapshot import Snapshot
from device.mpd.volume import stepped
from device.playback.mpd_worker import MpdWorker
from device.playback.tasks import Answer


class PlayerControls:
    """Passes on to MPD what the button, the knob and the control socket ask for."""

    def __init__(
        self,
        mpd: MpdWorker,
        highest: int,
        snapshot: Callable[[], Snapshot | None],
        play_again: Callable[[], bool],
    ) -> None:
        """Take what they need.

        Args:
            mpd: Does what is asked.
            highest: The highest volume that is ever set, in percent.
            snapshot: Returns MPD's state; None while MPD is not reachable.
            play_again: Starts the music that was stopped. Returns False if there was none.
        """
        self._mpd = mpd
        self._highest = highest
        self._snapshot = snapshot
        self._play_again = play_again

    def toggle(self) -> None:
        """Pause the music, or go on with it."""
        if not self._is("play"):
            self.resume()
        else:
            self.pause()

    def pause(self) -> bool:
        """Pause the music. Returns False if none plays or is paused."""
        if not self._is("play", "pause"):
            return False
        self._mpd.pause(True)
        return True

    def resume(self) -> bool:
        """Go on with the music that was paused or stopped. Returns False if there is none to go on with."""
        if self._is("stop"):
            return self._play_again()
        if self._is("pause"):
            self._mpd.pause(False)
        return self._is("play", "pause")

    def set_volume(self, percent: int) -> int | None:
        """Set MPD's volume, at most to the highest.

        Returns:
            The volume that was asked for; None if MPD is not reachable or has no mixer.
        """
        if self._volume is None:
            return None
        allowed = min(percent, self._highest)
        self._mpd.set_volume(allowed)
        return allowed

    def change_volume(self, steps: int) -> int | None:
        """Make the music louder by so many steps, or quieter by a negative number; steps sound equally large.

        A rotary encoder calls it with one step a detent. No step is lost, however fast they come.

        Returns:
            The percentage that follows from the last one known; None if MPD is not reachable or has no mixer.
        """
        before = self._volume
        if before is None:
            return None
        self._mpd.change_volume(steps)
        return stepped(before, steps, self._highest)

    def like(self, uri: str, done: Callable[[str], None]) -> None:
        """Like a song of MPD's library, for MPD's other clients, too.

        done: Called on the MPD worker's thread, with "" or with why it is not liked.
        """
        self._mpd.like(uri, done)

    def ask(self, read: Callable[[QueueMirror], Answer], done: Callable[[Answer], None]) -> None:
        """Have `read` ask MPD something; `done` is called on the MPD worker's thread."""
        self._mpd.ask(read, done)

    @property
    def _volume(self) -> int | None:
        snapshot = self._snapshot()
        return snapshot.volume if snapshot else None

    def _is(self, *states: str) -> bool:
        snapshot = self._snapshot()
        return snapshot is not None and snapshot.state in states
