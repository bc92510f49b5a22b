"""What should play, and what to ask of the player so that it does. Runs on the box's one consumer."""

from __future__ import annotations

import logging
import random
import sqlite3
from collections.abc import Callable, Sequence

from device import settings
from device.memory import Memory
from device.mood import Mood
from device.music import player
from device.music.chooser import choose
from device.music.librarian import Librarian, ShelfFilled
from device.music.queue import Entry, Snapshot, ahead, moved_on, own_again, played_to_end, still_own
from device.music.shelf import Shelf

log = logging.getLogger(__name__)

MOST_FAILURES = 3
EMPTY = "MPD's library has no songs: put music into its folder, then `mpc update`"


class Jukebox:
    """Holds the mood that is wanted, and which entries of MPD's queue are the box's own.

    trouble: what keeps the music from playing, by part (player, library, storage).
    snapshot: None while MPD is away.
    shelf: the library's songs as far as they are known; None until the first of them are.
    """

    def __init__(
        self,
        music: settings.Music,
        link: player.Player,
        librarian: Librarian,
        memory: Memory,
        chance: random.Random,
    ) -> None:
        self._music = music
        self._player = link
        self._librarian = librarian
        self._memory = memory
        self._chance = chance
        self._own = memory.queued()
        self._should_play = False
        self._replacing = False  # the wanted mood's songs do not play yet
        self._switching = False  # the player is at it
        self._once_more = False  # and has been asked again in the meantime
        self._filling = False  # more songs for the queue's end were asked for
        self._failures = 0  # songs in a row that MPD could not play, at the queue's end
        self.wanted: Mood | None = None
        self.snapshot: Snapshot | None = None
        self.shelf: Shelf | None = None
        self.trouble: dict[str, str] = {}

    def play(self, mood: Mood) -> None:
        """Songs for `mood` from now on, in place of what the box had queued."""
        self.wanted = mood
        self._should_play = self._replacing = True
        self._once_more = self._switching
        self._failures = 0
        self._player.find(mood)

    def toggle(self) -> None:
        """Pauses, or goes on."""
        if self.snapshot is None:
            return
        if self.snapshot.state != "stop":
            self._player.pause(self.snapshot.state == "play")
        elif self.wanted:
            self.play(self.wanted)

    def hear(self, event: player.PlayerEvent | ShelfFilled) -> None:
        """Takes what the player's and the librarian's threads have posted."""
        match event:
            case player.PlayerUp(snapshot):
                self._up(snapshot)
            case player.PlayerDown(reason):
                self._down(reason)
            case player.PlayerChanged(snapshot):
                self._changed(snapshot)
            case player.SongsFound(mood, songs):
                if mood is self.wanted:
                    self._found(mood, songs.uris, songs.source)
            case player.SongsQueued(entries):
                self._filling = False
                self._keep_own((*self._own, *entries))
            case player.SongsPlay(mood):
                self._switched(mood)
            case player.SongsRefused(reason):
                self._switching = self._filling = False
                self._cannot(reason)
            case ShelfFilled(shelf):
                self.shelf = shelf
            case player.LibraryChanged(songs):
                if songs:
                    self._librarian.wake(changed=True)
                if "library" in self.trouble and self.wanted:
                    self._player.find(self.wanted)

    def _up(self, snapshot: Snapshot) -> None:
        if self.trouble.pop("player", None):
            log.info("MPD is back")
        self._librarian.wake()
        self._keep_own(own_again(self._own, snapshot.queue))
        self._take(snapshot)
        self._switching = self._filling = False
        if self.wanted and (self._replacing or (self._should_play and snapshot.state == "stop")):
            self.play(self.wanted)

    def _down(self, reason: str) -> None:
        if self.trouble.get("player") != reason:
            log.warning("%s", reason)
        self.trouble["player"] = reason
        self.snapshot = None

    def _changed(self, snapshot: Snapshot) -> None:
        before = self.snapshot
        self._take(snapshot)
        if self._replacing or not self.wanted:
            return
        ended = self._own and before and played_to_end(before, snapshot)
        broken = snapshot.state == "stop" and snapshot.error and self._should_play
        if broken and self._failures == MOST_FAILURES:
            return
        if ended or broken:
            self._failures += bool(broken)
            self._replacing = True
            self._player.find(self.wanted)
            return
        self._should_play = snapshot.state == "play"
        if before and moved_on(before, snapshot):
            self._failures = 0
        half = (self._music.handful + 1) // 2
        short = snapshot.current in self._own and len(ahead(self._own, snapshot)) < half
        if short and not self._filling:
            self._filling = True
            self._player.find(self.wanted)

    def _take(self, snapshot: Snapshot) -> None:
        before = self.snapshot.current if self.snapshot else None
        self.snapshot = snapshot
        self._keep_own(still_own(self._own, snapshot.queue))
        if snapshot.error:
            self.trouble["player"] = f"MPD says: {snapshot.error}"
        else:
            self.trouble.pop("player", None)
        current = snapshot.current
        if current and current in self._own and current != before and self._recent()[-1:] != (current.uri,):
            log.info("song: %s", snapshot.title, extra={"MOODBOX_SONG": current.uri})
            self._keep(lambda: self._memory.keep_played(current.uri))

    def _found(self, mood: Mood, uris: Sequence[str], source: str) -> None:
        if not uris:
            self._cannot(EMPTY)
        elif self._replacing:
            self._replace(mood, uris, source)
        elif self.snapshot:
            self.trouble.pop("library", None)
            self._fill(uris, self.snapshot)

    def _cannot(self, reason: str) -> None:
        """It is tried again when the library has changed, or at the next press."""
        if self.trouble.get("library") != reason:
            log.warning("%s", reason)
        self.trouble["library"] = reason

    def _replace(self, mood: Mood, uris: Sequence[str], source: str) -> None:
        if self._switching:
            return
        self._switching, self._once_more = True, False
        chosen = choose(uris, self._recent(), self._music.handful, self._chance)
        if source == "all songs":
            log.warning("no playlist, MOOD tag or genre in the library fits %s: any song will do", mood)
        log.info("%d songs for %s, of %d by %s", len(chosen), mood, len(uris), source)
        self._player.play(mood, chosen, instead_of=self._own)

    def _switched(self, mood: Mood) -> None:
        self._switching = False
        self.trouble.pop("library", None)
        if self.wanted and (self._once_more or mood is not self.wanted):
            self._player.find(self.wanted)
        else:
            self._replacing = False

    def _fill(self, uris: Sequence[str], snapshot: Snapshot) -> None:
        coming = ahead(self._own, snapshot)
        queued = {entry.uri for entry in (*coming, snapshot.current) if entry}
        others = [uri for uri in uris if uri not in queued]
        chosen = choose(others, self._recent(), self._music.handful - len(coming), self._chance)
        self._filling = bool(chosen)
        if chosen:
            played = [entry for entry in self._own if entry not in coming and entry != snapshot.current]
            self._player.append(chosen, instead_of=played)

    def _recent(self) -> tuple[str, ...]:
        try:
            return self._memory.played(self._music.no_repeat)
        except sqlite3.Error as error:
            self._cannot_keep(error)
            return ()

    def _keep_own(self, own: tuple[Entry, ...]) -> None:
        if own != self._own:
            self._own = own
            self._keep(lambda: self._memory.keep_queued(own))

    def _keep(self, write: Callable[[], None]) -> None:
        """A full or read-only disk costs the memory, not the music; the next write that succeeds ends it."""
        try:
            write()
        except sqlite3.Error as error:
            self._cannot_keep(error)
        else:
            self.trouble.pop("storage", None)

    def _cannot_keep(self, error: sqlite3.Error) -> None:
        if "storage" not in self.trouble:
            log.warning("the box cannot remember: %s; is the disk full or read-only?", error)
        self.trouble["storage"] = f"cannot be kept: {error}"
