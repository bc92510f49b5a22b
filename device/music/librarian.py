"""Reads MPD's library into the catalogue, in the background and in chunks: nobody waits for it.

What its songs sound like comes last.
"""

from __future__ import annotations

import json
import logging
import sqlite3
import threading
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from time import monotonic
from typing import Any

import mpd

from device import settings
from device.errors import MemoryFileError, PlayerError, SoundError
from device.music.catalogue import DONE, Catalogue, Heard
from device.music.hearing import listen, music_folder, with_sound
from device.music.link import connected
from device.music.places import LONGEST_TAG, Atlas, Place, place_of
from device.music.shelf import Shelf, Song
from device.sound.features import Features
from device.sound.feeling import FORMULA, feeling_of
from device.sound.listener import Listener
from device.sqlite import is_damage

log = logging.getLogger(__name__)

CHUNK = 250  # songs that MPD is asked for at once
COMMENTS = 50  # files whose raw comments are read before they are kept
LEAST_PAUSE = 0.01  # seconds between two chunks; they are as long as the chunk took
SHOWN = 60.0  # seconds after which what was heard meanwhile is shown
SLOW = 5.0  # seconds that a file's comments may take: a slow disk is no MPD that hangs
TAGS = ("Artist", "Genre", "Mood")
ALL = "(modified-since '1970-01-01T00:00:00Z')"


@dataclass(frozen=True)
class ShelfFilled:
    """The songs as they are known now. complete: the whole library was read."""

    shelf: Shelf
    complete: bool


class Librarian:
    """Runs on a thread of its own, with a connection of its own to MPD; wakes when it is told to.

    It leaves half of the time to others. A low priority would not do: such a thread may hold Python's lock
    while it waits for a processor, and the box's own thread would wait with it.
    """

    def __init__(
        self, music: settings.Music, atlas: Atlas, folder: Path | None, post: Callable[[ShelfFilled], None]
    ) -> None:
        """folder: None if nothing can be kept."""
        self._music = music
        self._atlas = atlas
        self._folder = folder
        self._post = post
        self._awake = threading.Event()
        self._changed = threading.Event()
        self._closed = threading.Event()
        self._posted = 0
        self._listener = Listener()
        self._deaf = ""  # why songs are not listened to
        self._thread = threading.Thread(target=self._run, name="librarian", daemon=True)

    def start(self) -> None:
        self._thread.start()

    def wake(self, changed: bool = False) -> None:
        """MPD is there, or its library has `changed`: what is not known yet is read."""
        if changed:
            self._changed.set()
        self._awake.set()

    def close(self) -> None:
        self._closed.set()
        self._awake.set()
        self._listener.close()
        if self._thread.is_alive():
            self._thread.join(timeout=0.5)  # it may wait for an MPD that hangs; then it dies with us

    def _run(self) -> None:
        while not self._closed.is_set():
            catalogue = self._open()
            try:
                self._serve(catalogue)
            except sqlite3.Error as error:
                # Damage was said and mended as it was found; a disk that takes nothing costs the file.
                if not is_damage(error):
                    log.warning("the catalogue of songs is lost (%s): it is made again", error)
                    self._folder = None
                self._awake.set()
            finally:
                catalogue.close()

    def _open(self) -> Catalogue:
        if self._folder is None:
            return Catalogue.of_this_run()
        try:
            return Catalogue.open(self._folder)
        except MemoryFileError as error:
            log.warning("%s", error)
            return Catalogue.of_this_run()

    def _serve(self, catalogue: Catalogue) -> None:
        self._posted = 0
        if catalogue.count():
            self._show(catalogue)
        while not self._closed.is_set():
            self._awake.wait()
            self._awake.clear()
            while not self._closed.is_set():
                anew = self._changed.is_set()
                self._changed.clear()
                try:
                    folder = self._read(catalogue, anew)
                except PlayerError as error:  # the player says so, and wakes us when MPD is back
                    log.debug("reading the library: %s", error)
                    break
                if not self._changed.is_set():
                    self._listen(catalogue, folder)
                    break

    def _read(self, catalogue: Catalogue, anew: bool) -> Path | None:
        """Returns the folder of music, if its songs can be listened to."""
        with connected(self._music) as client:
            position, began = 0, monotonic()
            for _ in fill(client, catalogue, self._atlas, self._music.address, anew=anew):
                if self._closed.is_set():
                    return None
                before, position = position, catalogue.progress().position
                if position >= max(1, 2 * self._posted) or before != position == DONE:
                    self._show(catalogue)
                self._closed.wait(max(LEAST_PAUSE, monotonic() - began))
                began = monotonic()
            folder = self._folder_of(client)
        self._show(catalogue)
        return folder

    def _folder_of(self, client: mpd.MPDClient) -> Path | None:
        if not self._music.listen:
            return None
        try:
            return music_folder(client, self._music)
        except SoundError as error:
            self._cannot_listen(error)
            return None

    def _listen(self, catalogue: Catalogue, folder: Path | None) -> None:
        """Until all was heard, or something else is to be done."""
        if folder is None:
            return
        heard, shown = False, monotonic()
        try:
            for _ in listen(catalogue, folder, self._listener):
                heard = True
                if self._awake.wait(LEAST_PAUSE):
                    break
                if monotonic() - shown > SHOWN:
                    self._show(catalogue)
                    heard, shown = False, monotonic()
        except SoundError as error:
            if not self._closed.is_set():
                self._cannot_listen(error)
        self._listener.rest()
        if heard and not self._closed.is_set():
            self._show(catalogue)

    def _cannot_listen(self, error: SoundError) -> None:
        if str(error) != self._deaf:
            log.warning("songs are not listened to: %s", error)
        self._deaf = str(error)

    def _show(self, catalogue: Catalogue) -> None:
        shelf = catalogue.shelf()
        self._posted = len(shelf)
        self._post(ShelfFilled(shelf, complete=catalogue.progress().position == DONE))


def fill(
    client: mpd.MPDClient, catalogue: Catalogue, atlas: Atlas, address: str, *, anew: bool = False
) -> Iterator[None]:
    """Brings the catalogue up to MPD's library; yields after each chunk.

    anew: read it even if MPD's word for its state is the same, which it may be within a second.
    """
    # Only what is read: MPD sends all tags else. An MPD that refuses sends more, and does no harm.
    known = {tag.casefold() for tag in client.tagtypes()}
    has_moods = "mood" in known
    try:
        client.tagtypes("clear")
        client.tagtypes("enable", *(tag for tag in TAGS if tag.casefold() in known))
    except mpd.CommandError as error:
        log.debug("MPD sends all tags: %s", error)
    yield from _read_tags(client, catalogue, atlas, address, anew)
    if not has_moods:
        yield from _read_comments(client, catalogue, atlas)


def _read_tags(
    client: mpd.MPDClient, catalogue: Catalogue, atlas: Atlas, address: str, anew: bool
) -> Iterator[None]:
    stamp = _stamp(client, atlas, address)
    progress = catalogue.progress()
    if anew or progress.stamp != stamp:
        progress = catalogue.begin(stamp)
    if progress.position == DONE:
        return
    while True:
        position = catalogue.progress().position
        rows = client.find(ALL, "window", f"{position}:{position + CHUNK}")
        if not rows:
            break
        uris = [row["file"] for row in rows]
        comments, sounds = catalogue.comments(uris), catalogue.sounds(uris)
        catalogue.keep([_heard(row, comments, sounds, atlas) for row in rows])
        yield
    catalogue.finish()
    log.info("the catalogue knows %d songs", catalogue.count())
    yield


def _stamp(client: mpd.MPDClient, atlas: Atlas, address: str) -> str:
    stats = client.stats()
    library = [stats.get(key, "") for key in ("db_update", "songs", "db_playtime")]
    return json.dumps([address, atlas.fingerprint(), FORMULA, *library])


def _heard(
    row: dict[str, Any],
    comments: dict[str, tuple[str, str]],
    sounds: dict[tuple[str, str], Features],
    atlas: Atlas,
) -> Heard:
    modified = str(row.get("last-modified", ""))
    asked, comment = comments.get(row["file"], ("", ""))
    moods = [*_values(row, "mood"), *([comment] if asked == modified else [])]
    place, genre = place_of(atlas, _values(row, "genre"), moods)
    place = _sounding(place, sounds.get((row["file"], modified)))
    artist = next(iter(_values(row, "artist")), "")[:LONGEST_TAG]
    return Heard(Song(row["file"], artist, genre, place), modified)


def _sounding(place: Place, sound: Features | None) -> Place:
    return with_sound(place, feeling_of(sound)) if sound else place


def _read_comments(client: mpd.MPDClient, catalogue: Catalogue, atlas: Atlas) -> Iterator[None]:
    """Below 0.24, MPD knows MOOD only as a raw comment, which costs a question for each file."""
    client.timeout = SLOW
    found = 0
    last = ""
    while songs := catalogue.without_comment(last, COMMENTS):
        last, _ = songs[-1]
        comments = [(uri, modified, _comment(client, uri)) for uri, modified in songs]
        sounds = catalogue.sounds([uri for uri, _ in songs])
        places = [(key, place_of(atlas, (), [mood])[0]) for *key, mood in comments if mood]
        known = [
            (uri, _sounding(place, sounds.get((uri, modified))))
            for (uri, modified), place in places
            if place.sure
        ]
        catalogue.keep_comments(comments, known)
        found += len(known)
        yield
    if found:
        log.info("%d songs say their mood themselves", found)


def _comment(client: mpd.MPDClient, uri: str) -> str:
    try:
        comments = client.readcomments(uri)
    except mpd.CommandError:  # a file that MPD cannot read any more
        return ""
    return ";".join(
        value for name in comments if name.casefold() == "mood" for value in _values(comments, name)
    )[:LONGEST_TAG]


def _values(row: dict[str, Any], tag: str) -> Sequence[str]:
    """python-mpd2 makes a list of a tag that a song has more than once."""
    value = row.get(tag, [])
    return [value] if isinstance(value, str) else value
