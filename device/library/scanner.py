"""Keeps the library index up to date in the background: scans MPD's library, then analyzes its songs."""

from __future__ import annotations

import logging
import sqlite3
import threading
from dataclasses import dataclass
from pathlib import Path
from time import monotonic

from device.config import settings
from device.errors import MemoryFileError, MoodboxError, PlayerError, SoundError
from device.health import Part
from device.library.audio.client import AudioClient, check_installed
from device.library.audio_affect import analyze_songs
from device.library.index import DONE, LibraryIndex
from device.library.music_folder import music_folder
from device.library.scan import scan
from device.library.spoken_word import LeftOut
from device.library.table import SongTable
from device.library.tag_affect import AffectLexicon
from device.mpd.connection import MPD_ERRORS, Client, connected, explain
from device.storage.sqlite import is_damage
from device.supervision import DEFAULT_RESTART_POLICY, PartMonitor, Post, RestartPolicy, SupervisedThread

log = logging.getLogger(__name__)

MIN_PAUSE_S = 0.01  # the shortest pause after a chunk; the pause is otherwise as long as the chunk took
PUBLISH_INTERVAL_S = 60.0  # while songs are analyzed
UNREADABLE = "MPD's library cannot be read"


@dataclass(frozen=True)
class SongTableUpdated:
    """An event: the songs as they are known now.

    Attributes:
        table: the songs.
        complete: whether the whole library was scanned.
    """

    table: SongTable
    complete: bool


class LibraryUnreadableError(MoodboxError, LookupError):
    """MPD can be reached, and does not give its library: it has no database, or is another program."""


def _why_unreadable(error: Exception, music: settings.Music) -> str:
    remedy = "; give mpd.conf a music_directory and a db_file" if "No database" in str(error) else ""
    return f"{UNREADABLE}: {explain(error, music)}{remedy}"


class LibraryScanner:
    """Scans and analyzes on a thread of its own, with a connection to MPD of its own, when it is woken.

    It pauses for as long as it works. A low priority would not be enough: such a thread may hold Python's
    lock while it waits for a processor, and the main thread would wait with it.
    """

    def __init__(
        self,
        music: settings.Music,
        lexicon: AffectLexicon,
        folder: Path | None,
        post: Post,
        restart_policy: RestartPolicy = DEFAULT_RESTART_POLICY,
    ) -> None:
        """Make a scanner that is not started yet.

        Args:
            music: how to reach MPD, and whether songs are analyzed.
            lexicon: the affects of genres and moods.
            folder: where the index is stored; None to keep it in memory.
            post: is called with SongTableUpdated, and with the supervision's events, on the scanner's thread.
            restart_policy: how failures are retried.
        """
        self._music = music
        self._lexicon = lexicon
        self._folder = folder
        self._post = post
        self._awake = threading.Event()
        self._changed = threading.Event()
        self._published_count = 0
        self._audio_client = AudioClient()
        self._obstacle = ""  # why songs are not analyzed
        # A part of its own: when the analysis fails, the scan goes on.
        self._analysis_monitor = PartMonitor(Part.LISTENING, post, restart_policy)
        self._analysis_retry_s: float | None = None
        self._scan_monitor = PartMonitor(Part.LIBRARY, post, restart_policy)
        self._scan_retry_s: float | None = None
        self._supervised = SupervisedThread(PartMonitor(Part.LIBRARIAN, post, restart_policy), self._run)
        self._closed = self._supervised.closed

    def start(self) -> None:
        """Start the thread."""
        self._supervised.start()

    def wake(self, changed: bool = False) -> None:
        """Scan what is not known yet: MPD can be reached, or its library has `changed`."""
        if changed:
            self._changed.set()
        self._awake.set()

    def close(self) -> None:
        """Stop the thread and the audio worker."""
        self._closed.set()
        self._awake.set()
        self._audio_client.close()
        self._supervised.close()  # the thread may be waiting for an MPD that hangs; it ends with the process

    def _run(self) -> None:
        try:
            self._open_and_serve()
        except Exception:
            self._awake.set()  # so that it continues at once when it is restarted
            raise

    def _open_and_serve(self) -> None:
        failed_before = False
        while not self._closed.is_set():
            index = self._open()
            try:
                self._serve(index)
            except sqlite3.Error as error:
                # Damage was logged and repaired where it was found. After another error, such as a full disk,
                # the index is kept in memory.
                if not is_damage(error):
                    log.warning("the index of songs cannot be stored (%s): it is rebuilt in memory", error)
                    self._folder = None
                if failed_before:
                    raise  # rebuilding did not help; retrying at once would never end
                failed_before = True
                self._awake.set()
            finally:
                index.close()

    def _open(self) -> LibraryIndex:
        if self._folder is None:
            return LibraryIndex.in_memory()
        try:
            return LibraryIndex.open(self._folder)
        except MemoryFileError as error:
            log.warning("%s", error)
            return LibraryIndex.in_memory()

    def _serve(self, index: LibraryIndex) -> None:
        self._published_count = 0
        if index.count():
            self._publish(index)
        while not self._closed.is_set():
            pauses = [pause for pause in (self._analysis_retry_s, self._scan_retry_s) if pause is not None]
            self._awake.wait(min(pauses, default=None))
            self._scan_retry_s = None
            self._awake.clear()
            while not self._closed.is_set():
                rescan = self._changed.is_set()
                self._changed.clear()
                try:
                    folder = self._scan(index, rescan)
                except Exception as error:
                    if rescan:
                        self._changed.set()
                    if not isinstance(error, PlayerError | LibraryUnreadableError):
                        raise
                    self._scan_retry_s = self._report_unreadable(error)
                    break
                if not self._changed.is_set():
                    self._try_to_analyze(index, folder)
                    break

    def _report_unreadable(self, error: MoodboxError) -> float | None:
        """Return the seconds until the scan should be tried again; None if the MPD worker wakes this thread.

        That reports an MPD that does not run, and notices when it does again. It does not notice that MPD has
        no time or no place for this thread's connection.
        """
        if isinstance(error, PlayerError):
            if isinstance(error.__cause__, FileNotFoundError | ConnectionRefusedError):
                log.debug("scanning the library: %s", error)
                return None
            error = LibraryUnreadableError(f"{UNREADABLE}: {error}")
        return self._scan_monitor.report_failure(error)

    def _scan(self, index: LibraryIndex, rescan: bool) -> Path | None:
        """Return the folder of music if its songs are to be analyzed, and can be.

        Raises:
            PlayerError: MPD cannot be reached.
            LibraryUnreadableError: it can, and does not give its library.
        """
        with connected(self._music) as client:
            try:
                folder, obstacle = self._music_folder(client)
                self._scan_over(client, index, folder, rescan)
            except MPD_ERRORS as error:
                if isinstance(error, MoodboxError):
                    raise
                raise LibraryUnreadableError(_why_unreadable(error, self._music)) from error
        self._scan_monitor.mark_healthy()
        if self._closed.is_set():
            return None
        self._publish(index)
        if self._music.listen and obstacle:
            self._report_obstacle(obstacle)
        return folder if self._music.listen and not obstacle else None

    def _scan_over(self, client: Client, index: LibraryIndex, folder: Path | None, rescan: bool) -> None:
        """Scan over this connection, and publish what is known by and by."""
        position, started = 0, monotonic()
        rules, address = LeftOut.of(self._music), self._music.address
        for _ in scan(client, index, self._lexicon, address, folder, left_out=rules, rescan=rescan):
            if self._closed.is_set():
                return
            before, position = position, index.progress().position
            if position >= max(1, 2 * self._published_count) or before != position == DONE:
                self._publish(index)
            self._closed.wait(max(MIN_PAUSE_S, monotonic() - started))
            started = monotonic()

    def _music_folder(self, client: Client) -> tuple[Path | None, SoundError | None]:
        """Return the folder if its files can be read, and why songs cannot be analyzed."""
        folder = None
        try:
            folder = music_folder(client, self._music)
            check_installed()
        except SoundError as error:
            return folder, error
        return folder, None

    def _try_to_analyze(self, index: LibraryIndex, folder: Path | None) -> None:
        self._analysis_retry_s = None
        self._analysis_monitor.mark_started()
        try:
            self._analyze(index, folder)
        except sqlite3.Error:
            raise
        except Exception as error:
            self._audio_client.stop_worker()
            self._analysis_retry_s = self._analysis_monitor.report_crash(error)
        else:
            self._analysis_monitor.mark_healthy()

    def _analyze(self, index: LibraryIndex, folder: Path | None) -> None:
        """Analyze songs until none is left, or the thread is woken for something else."""
        if folder is None:
            return
        unpublished, published_at = False, monotonic()
        try:
            for analyzed in analyze_songs(index, folder, self._audio_client):
                unpublished = unpublished or analyzed
                if self._awake.wait(MIN_PAUSE_S):
                    break
                if unpublished and monotonic() - published_at > PUBLISH_INTERVAL_S:
                    self._publish(index)
                    unpublished, published_at = False, monotonic()
        except SoundError as error:
            if not self._closed.is_set():
                self._report_obstacle(error)
        self._audio_client.stop_worker()
        if unpublished and not self._closed.is_set():
            self._publish(index)

    def _report_obstacle(self, error: SoundError) -> None:
        if str(error) != self._obstacle:
            log.warning("songs are not analyzed: %s", error)
        self._obstacle = str(error)

    def _publish(self, index: LibraryIndex) -> None:
        table = index.table()
        self._published_count = len(table)
        self._post(SongTableUpdated(table, complete=index.progress().position == DONE))
