"""Reads MPD's library into the catalogue, in the background and in chunks: nobody waits for it.

What its songs sound like comes last.
"""

from __future__ import annotations

import json
import logging
import sqlite3
import threading
from collections.abc import Iterator, Set
from dataclasses import dataclass
from pathlib import Path
from time import monotonic

import mpd

from device.config import settings
from device.errors import MemoryFileError, PlayerError, SoundError
from device.health import Part
from device.library.audio.affect import FORMULA, audio_affect_of
from device.library.audio.client import AudioClient
from device.library.audio.features import Features
from device.library.audio_affect import blended, listen, music_folder
from device.library.chunks import Chunks
from device.library.index import DONE, LibraryIndex, TaggedSong
from device.library.table import Song, SongTable
from device.library.tag_affect import LONGEST_TAG, Affect, AffectLexicon, tag_affect_of
from device.mpd import responses as answers
from device.mpd.connection import MPD_ERRORS, Client, connected
from device.mpd.responses import LibrarySong
from device.storage.sqlite import is_damage
from device.supervision import DEFAULT_RESTART_POLICY, PartMonitor, Post, RestartPolicy, SupervisedThread

log = logging.getLogger(__name__)

COMMENTS = 50  # files whose raw comments are read before they are kept
LEAST_PAUSE = 0.01  # seconds between two chunks; they are as long as the chunk took
SHOWN = 60.0  # seconds after which what was heard meanwhile is shown


@dataclass(frozen=True)
class SongTableUpdated:
    """The songs as they are known now. complete: the whole library was read."""

    table: SongTable
    complete: bool


class LibraryScanner:
    """Runs on a thread of its own, with a connection of its own to MPD; wakes when it is told to.

    It leaves half of the time to others. A low priority would not do: such a thread may hold Python's lock
    while it waits for a processor, and the box's own thread would wait with it.
    """

    def __init__(
        self,
        music: settings.Music,
        lexicon: AffectLexicon,
        folder: Path | None,
        post: Post,
        restart_policy: RestartPolicy = DEFAULT_RESTART_POLICY,
    ) -> None:
        """folder: None if nothing can be kept. post: takes ShelfFilled."""
        self._music = music
        self._lexicon = lexicon
        self._folder = folder
        self._post = post
        self._awake = threading.Event()
        self._changed = threading.Event()
        self._posted = 0
        self._audio_client = AudioClient()
        self._deaf = ""  # why songs are not listened to
        self._listening = PartMonitor(
            Part.LISTENING, post, restart_policy
        )  # its failing costs what is heard, not what is read
        self._listen_again: float | None = None  # seconds from now
        self._supervised = SupervisedThread(PartMonitor(Part.LIBRARIAN, post, restart_policy), self._run)
        self._closed = self._supervised.closed

    def start(self) -> None:
        self._supervised.start()

    def wake(self, changed: bool = False) -> None:
        """MPD is there, or its library has `changed`: what is not known yet is read."""
        if changed:
            self._changed.set()
        self._awake.set()

    def close(self) -> None:
        self._closed.set()
        self._awake.set()
        self._audio_client.close()
        self._supervised.close()  # it may wait for an MPD that hangs; then it dies with us

    def _run(self) -> None:
        try:
            self._read_and_listen()
        except Exception:
            self._awake.set()  # so that it goes on where it was when it is started again
            raise

    def _read_and_listen(self) -> None:
        lost = False
        while not self._closed.is_set():
            index = self._open()
            try:
                self._serve(index)
            except sqlite3.Error as error:
                # Damage was said and mended as it was found; a disk that takes nothing costs the file.
                if not is_damage(error):
                    log.warning("the catalogue of songs is lost (%s): it is made again", error)
                    self._folder = None
                if lost:
                    raise  # once more at once would be without end, should making it again not help
                lost = True
                self._awake.set()
            finally:
                index.close()

    def _open(self) -> LibraryIndex:
        if self._folder is None:
            return LibraryIndex.of_this_run()
        try:
            return LibraryIndex.open(self._folder)
        except MemoryFileError as error:
            log.warning("%s", error)
            return LibraryIndex.of_this_run()

    def _serve(self, index: LibraryIndex) -> None:
        self._posted = 0
        if index.count():
            self._show(index)
        while not self._closed.is_set():
            self._awake.wait(self._listen_again)
            self._awake.clear()
            while not self._closed.is_set():
                anew = self._changed.is_set()
                self._changed.clear()
                try:
                    folder = self._read(index, anew)
                except PlayerError as error:  # the player says so, and wakes us when MPD is back
                    log.debug("reading the library: %s", error)
                    break
                except Exception:
                    if anew:
                        self._changed.set()
                    raise
                if not self._changed.is_set():
                    self._try_to_listen(index, folder)
                    break

    def _read(self, index: LibraryIndex, anew: bool) -> Path | None:
        """Returns the folder of music, if its songs can be listened to."""
        with connected(self._music) as client:
            position, began = 0, monotonic()
            for _ in fill(client, index, self._lexicon, self._music.address, anew=anew):
                if self._closed.is_set():
                    return None
                before, position = position, index.progress().position
                if position >= max(1, 2 * self._posted) or before != position == DONE:
                    self._show(index)
                self._closed.wait(max(LEAST_PAUSE, monotonic() - began))
                began = monotonic()
            folder = self._folder_of(client)
        self._show(index)
        return folder

    def _folder_of(self, client: Client) -> Path | None:
        if not self._music.listen:
            return None
        try:
            return music_folder(client, self._music)
        except SoundError as error:
            self._cannot_listen(error)
            return None

    def _try_to_listen(self, index: LibraryIndex, folder: Path | None) -> None:
        self._listen_again = None
        self._listening.mark_started()
        try:
            self._listen(index, folder)
        except sqlite3.Error:
            raise
        except Exception as error:
            self._audio_client.rest()
            self._listen_again = self._listening.report_crash(error)
        else:
            self._listening.mark_healthy()

    def _listen(self, index: LibraryIndex, folder: Path | None) -> None:
        """Until all was heard, or something else is to be done."""
        if folder is None:
            return
        heard, shown = False, monotonic()
        try:
            for _ in listen(index, folder, self._audio_client):
                heard = True
                if self._awake.wait(LEAST_PAUSE):
                    break
                if monotonic() - shown > SHOWN:
                    self._show(index)
                    heard, shown = False, monotonic()
        except SoundError as error:
            if not self._closed.is_set():
                self._cannot_listen(error)
        self._audio_client.rest()
        if heard and not self._closed.is_set():
            self._show(index)

    def _cannot_listen(self, error: SoundError) -> None:
        if str(error) != self._deaf:
            log.warning("songs are not listened to: %s", error)
        self._deaf = str(error)

    def _show(self, index: LibraryIndex) -> None:
        table = index.table()
        self._posted = len(table)
        self._post(SongTableUpdated(table, complete=index.progress().position == DONE))


def fill(
    client: Client, index: LibraryIndex, lexicon: AffectLexicon, address: str, *, anew: bool = False
) -> Iterator[None]:
    """Brings the catalogue up to MPD's library; yields after each chunk.

    anew: read it even if MPD's word for its state is the same, which it may be within a second.
    """
    known = answers.tag_types(client)
    yield from _read_tags(client, index, lexicon, address, known, anew)
    if "mood" not in known:
        yield from _read_comments(client, index, lexicon)


def _read_tags(
    client: Client, index: LibraryIndex, lexicon: AffectLexicon, address: str, known: Set[str], anew: bool
) -> Iterator[None]:
    stamp = _stamp(client, lexicon, address)
    progress = index.progress()
    if anew or progress.stamp != stamp:
        progress = index.begin(stamp)
    if progress.position == DONE:
        return
    chunks = Chunks(client, known)
    while rows := chunks.behind(index.progress().position):
        uris = [row.file for row in rows]
        comments, sounds = index.comments(uris), index.sounds(uris)
        index.keep([_heard(row, comments, sounds, lexicon) for row in rows])
        yield
    index.finish()
    log.info("the catalogue knows %d songs", index.count())
    yield


def _stamp(client: Client, lexicon: AffectLexicon, address: str) -> str:
    stats = answers.stats(client)
    library = [stats.db_update, str(stats.songs), stats.db_playtime]
    return json.dumps([address, lexicon.fingerprint(), FORMULA, *library])


def _heard(
    row: LibrarySong,
    comments: dict[str, tuple[str, str]],
    sounds: dict[tuple[str, str], Features],
    lexicon: AffectLexicon,
) -> TaggedSong:
    asked, comment = comments.get(row.file, ("", ""))
    moods = [*answers.tag_values(row.mood), *([comment] if asked == row.modified else [])]
    affect, genre = tag_affect_of(lexicon, answers.tag_values(row.genre), moods)
    affect = _sounding(affect, sounds.get((row.file, row.modified)))
    artist = next(iter(answers.tag_values(row.artist)), "")[:LONGEST_TAG]
    return TaggedSong(Song(row.file, artist, genre, affect), row.modified)


def _sounding(affect: Affect, sound: Features | None) -> Affect:
    return blended(affect, audio_affect_of(sound)) if sound else affect


def _read_comments(client: Client, index: LibraryIndex, lexicon: AffectLexicon) -> Iterator[None]:
    """Below 0.24, MPD knows MOOD only as a raw comment, which costs a question for each file."""
    found = 0
    last = ""
    while songs := index.without_comment(last, COMMENTS):
        last, _ = songs[-1]
        comments = [(uri, modified, _comment(client, uri)) for uri, modified in songs]
        sounds = index.sounds([uri for uri, _ in songs])
        affects = [(key, tag_affect_of(lexicon, (), [mood])[0]) for *key, mood in comments if mood]
        known = [
            (uri, _sounding(affect, sounds.get((uri, modified))))
            for (uri, modified), affect in affects
            if affect.confidence
        ]
        index.keep_comments(comments, known)
        found += len(known)
        yield
    if found:
        log.info("%d songs say their mood themselves", found)


def _comment(client: Client, uri: str) -> str:
    """Nothing of a file that MPD cannot read any more, or whose comments, as of a picture, it cannot send."""
    for _ in range(2):
        try:
            comments = answers.comments(client, uri)
        except mpd.CommandError:
            return ""
        except MPD_ERRORS as error:
            log.debug("%s: its comments cannot be read: %s", uri, error)
            client.reconnect()  # which fails where MPD itself has gone
        else:
            said = (words for name, words in comments.items() if name.casefold() == "mood")
            return ";".join(value for words in said for value in answers.tag_values(words))[:LONGEST_TAG]
    log.warning("%s: its comments are more than MPD sends; a MOOD among them is not known", uri)
    return ""
