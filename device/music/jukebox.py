"""What should play, and what to ask of the player so that it does. Runs on the box's one consumer."""

from __future__ import annotations

import logging
import sqlite3
from collections.abc import Callable, Mapping
from time import monotonic
from typing import TypeVar

import numpy as np

from device import settings
from device.memory import Memory
from device.mood import Mood
from device.music import player
from device.music.chooser import Choice, Wish, choose
from device.music.course import course_for
from device.music.librarian import Librarian, ShelfFilled
from device.music.listening import Listening, Reception, break_off, follow
from device.music.queue import Entry, Snapshot, ahead, moved_on, own_again, played_to_end, still_own
from device.music.shelf import EMPTY_SHELF, Shelf
from device.music.taste import NO_TASTE, with_likes

T = TypeVar("T")
log = logging.getLogger(__name__)

MOST_FAILURES = 3
REMEMBERED = 500  # songs back: longer ago is as good as never
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
        chance: np.random.Generator,
    ) -> None:
        self._music = music
        self._player = link
        self._librarian = librarian
        self._memory = memory
        self._chance = chance
        self._own = memory.queued()
        self._moods = memory.queued_for()
        self._listening: Listening | None = None
        self._likes: Mapping[str, bool] = {}
        self._complete = False  # the whole library is on the shelf
        self._should_play = False
        self._replacing = False  # the wanted mood's songs do not play yet
        self._switching = False  # the player is at it
        self._once_more = False  # and has been asked again in the meantime
        self._filling = False  # more songs for the queue's end were asked for
        self._waiting = False  # no song is known yet
        self._step = 0  # of the wanted mood's course: how many of its songs were queued
        self._failures = 0  # songs in a row that MPD could not play, at the queue's end
        self.wanted: Mood | None = None
        self.snapshot: Snapshot | None = None
        self.shelf: Shelf | None = None
        self.trouble: dict[str, str] = {}

    def play(self, mood: Mood) -> None:
        """Songs for `mood` from now on, in place of what the box had queued."""
        self._break_off()
        self.wanted = mood
        self._step = 0
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

    def skip(self) -> bool:
        """The next song, and that plays even if this one was paused. False if there is none to skip.

        A song of somebody else is skipped as well, and nothing is learned from it.
        """
        current = self.snapshot.current if self.snapshot and self.snapshot.state != "stop" else None
        if current is None:
            return False
        self._break_off(skipped=True)
        self._player.skip(current)
        return True

    def hear(self, event: player.PlayerEvent | ShelfFilled) -> None:
        """Takes what the player's and the librarian's threads have posted."""
        match event:
            case player.PlayerUp(snapshot):
                self._up(snapshot)
            case player.PlayerDown(reason):
                self._down(reason)
            case player.PlayerChanged(snapshot):
                self._changed(snapshot)
            case player.SongsFound(mood, picked, likes):
                self._likes = likes
                if mood is self.wanted:
                    self._found(mood, picked)
            case player.SongsQueued(mood, entries):
                self._filling = False
                self._moods |= {entry.uri: mood for entry in entries}
                self._keep_own((*self._own, *entries))
            case player.SongsPlay(mood):
                self._switched(mood)
            case player.SongsRefused(reason):
                self._switching = self._filling = False
                if self._replacing:
                    self._step = 0
                self._cannot(reason)
            case ShelfFilled(shelf, complete):
                self.shelf, self._complete = shelf, complete
                self._look_again()
            case player.LibraryChanged(songs):
                if songs:
                    self._librarian.wake(changed=True)
                self._look_again()

    def _look_again(self) -> None:
        """Songs that could not be had may be there now."""
        if self.wanted and (self._waiting or "library" in self.trouble):
            self._waiting = False
            self._player.find(self.wanted)

    def _up(self, snapshot: Snapshot) -> None:
        if self.trouble.pop("player", None):
            log.info("MPD is back")
        self._librarian.wake()
        self._keep_own(own_again(self._own, snapshot.queue))
        self._take(snapshot, joined=True)
        self._switching = self._filling = False
        if self.wanted and (self._replacing or (self._should_play and snapshot.state == "stop")):
            self.play(self.wanted)

    def _down(self, reason: str) -> None:
        if self.trouble.get("player") != reason:
            log.warning("%s", reason)
        self.trouble["player"] = reason
        self.snapshot = None
        self._listening = None

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

    def _take(self, snapshot: Snapshot, *, joined: bool = False) -> None:
        self._listen(snapshot, joined)
        before = self.snapshot.current if self.snapshot else None
        self.snapshot = snapshot
        self._keep_own(still_own(self._own, snapshot.queue))
        if snapshot.error:
            self.trouble["player"] = f"MPD says: {snapshot.error}"
        else:
            self.trouble.pop("player", None)
        current = snapshot.current
        if current and current in self._own and current != before and self._played(1) != (current.uri,):
            log.info("song: %s", snapshot.title, extra={"MOODBOX_SONG": current.uri})
            self._keep(lambda: self._memory.keep_played(current.uri))

    def _found(self, mood: Mood, picked: tuple[str, ...]) -> None:
        shelf = self.shelf
        if picked:
            shelf = (shelf or EMPTY_SHELF).only(picked)
        if not shelf:
            self._filling = False
            if self._complete:
                self._cannot(EMPTY)
            else:
                self._waiting = True  # for the librarian, who has just begun
        elif self._replacing:
            self._replace(mood, shelf, bool(picked))
        elif self.snapshot:
            self.trouble.pop("library", None)
            self._fill(mood, shelf, bool(picked), self.snapshot)

    def _cannot(self, reason: str) -> None:
        """It is tried again when the library has changed, or at the next press."""
        if self.trouble.get("library") != reason:
            log.warning("%s", reason)
        self.trouble["library"] = reason

    def _replace(self, mood: Mood, shelf: Shelf, picked: bool) -> None:
        if self._switching:
            return
        self._switching, self._once_more = True, False
        chosen = self._choose(mood, shelf, picked, self._music.handful, ())
        source = f"the playlist {mood}" if picked else "the library"
        log.info("%d songs for %s, of %d in %s", len(chosen), mood, len(shelf), source)
        self._player.play(mood, [choice.uri for choice in chosen], instead_of=self._own)

    def _switched(self, mood: Mood) -> None:
        self._switching = False
        self.trouble.pop("library", None)
        if self.wanted and (self._once_more or mood is not self.wanted):
            self._step = 0
            self._player.find(self.wanted)
        else:
            self._replacing = False

    def _fill(self, mood: Mood, shelf: Shelf, picked: bool, snapshot: Snapshot) -> None:
        coming = ahead(self._own, snapshot)
        chosen = self._choose(mood, shelf, picked, self._music.handful - len(coming), coming)
        self._filling = bool(chosen)
        if chosen:
            played = [entry for entry in self._own if entry not in coming and entry != snapshot.current]
            self._player.append(mood, [choice.uri for choice in chosen], instead_of=played)

    def _choose(
        self, mood: Mood, shelf: Shelf, picked: bool, count: int, coming: tuple[Entry, ...]
    ) -> tuple[Choice, ...]:
        queued = [entry.uri for entry in coming]
        current = self.snapshot.current if self.snapshot and not self._replacing else None
        wish = Wish(
            course_for(mood, self._music),
            count,
            step=self._step,
            before=(*self._played(REMEMBERED), *queued),
            taken=frozenset([*queued, *([current.uri] if current else [])]),
            fresh=self._music.no_repeat,
            taste=with_likes(self._recall(lambda: self._memory.taste(mood)) or NO_TASTE, self._likes),
        )
        words = self._recall(self._memory.words)
        chosen = choose(shelf.with_words(words or {}), wish, self._chance, anywhere=picked)
        self._step += len(chosen)
        return chosen

    def _listen(self, snapshot: Snapshot, joined: bool) -> None:
        before = self._listening
        self._listening, reception = follow(before, snapshot, self._own, monotonic(), joined=joined)
        if before and reception:
            self._learn(before.entry, reception)

    def _break_off(self, *, skipped: bool = False) -> None:
        before = self._listening
        self._listening, reception = break_off(before, monotonic(), skipped=skipped)
        if before and reception:
            self._learn(before.entry, reception)

    def _learn(self, entry: Entry, reception: Reception) -> None:
        """To the credit of the mood in which the song was queued."""
        mood = self._moods.get(entry.uri)
        if mood is None:
            return
        row = self.shelf.rows.get(entry.uri) if self.shelf else None
        genre = self.shelf.song(row).genre if self.shelf and row is not None else ""
        log.info("%s: %s, for %s", reception, entry.uri, mood)
        heard = reception is Reception.HEARD
        self._player.count(entry.uri, heard=heard)
        self._keep(lambda: self._memory.keep_reception(mood, entry.uri, genre, heard=heard))

    def _played(self, last: int) -> tuple[str, ...]:
        return self._recall(lambda: self._memory.played(last)) or ()

    def _recall(self, read: Callable[[], T]) -> T | None:
        try:
            return read()
        except sqlite3.Error as error:
            self._cannot_keep(error)
            return None

    def _keep_own(self, own: tuple[Entry, ...]) -> None:
        if own != self._own:
            self._own = own
            self._moods = {entry.uri: self._moods[entry.uri] for entry in own if entry.uri in self._moods}
            self._keep(lambda: self._memory.keep_queued(own, self._moods))

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
