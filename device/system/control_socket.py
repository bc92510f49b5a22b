"""The box as a service: what it tells systemd, and the socket where `moodbox status` and the like ask it."""

from __future__ import annotations

import contextlib
import errno
import json
import logging
import os
import socket
import socketserver
import sys
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from queue import Empty, SimpleQueue
from time import monotonic
from typing import Any

from device.errors import NoBoxError, ServiceError
from device.supervision import PATIENCE as RESTART_PATIENCE
from device.supervision import Part, Patience, Post, Supervised

try:
    from systemd import daemon, journal  # type: ignore[attr-defined,unused-ignore]
except ImportError:  # a laptop; on a Pi it is apt's python3-systemd
    daemon = journal = None

log = logging.getLogger(__name__)

LONGEST_LINE = 256  # bytes of a question
PATIENCE = 2.0  # seconds for a question to come in, and for the box to answer it
AT_ONCE = 8  # questions
POLL = 0.5  # seconds after which the listening thread looks whether it is to end


@dataclass(frozen=True)
class Question:
    """One word from the control socket; the box puts its answer into `answer`."""

    verb: str
    answer: SimpleQueue[dict[str, Any]] = field(default_factory=SimpleQueue, compare=False)


@dataclass(frozen=True)
class Stop:
    """The box is to end (SIGTERM, SIGINT)."""


VERBS = frozenset({"status", "press", "skip"})
ENDING: dict[str, Any] = {"error": "the box is ending"}


class Control:
    """Listens on a Unix socket of mode 660: a line with one word in, a line of JSON out.

    Anything else gets an error in JSON, and harms nothing. A listening socket that fails, or whose file is
    removed, is made anew at the same path. Raises ServiceError if a box listens already.
    """

    def __init__(self, path: Path, post: Post, patience: Patience = RESTART_PATIENCE) -> None:
        """post: takes Questions."""
        self.path = path
        self._post = post
        self._refusing = threading.Event()
        self._room = threading.BoundedSemaphore(AT_ONCE)
        self._questions = Part("questions", post, patience)
        self._opened: _Listening | None = self._open()
        self._supervised = Supervised(Part("control", post, patience), self._listen)
        self._supervised.start()

    def refuse(self) -> None:
        """From now on questions are answered with ENDING: nobody takes events from the queue any more."""
        self._refusing.set()

    def close(self) -> None:
        self._supervised.close(wait=10 * POLL)

    def answer(self, verb: str) -> dict[str, Any]:
        if verb not in VERBS:
            return {"error": f"expected one of {', '.join(sorted(VERBS))}"}
        question = Question(verb)
        if not self._refusing.is_set():
            self._post(question)
        # Looked at once more: who refuses may have emptied the queue just before the question came in.
        if self._refusing.is_set():
            return ENDING
        try:
            return question.answer.get(timeout=PATIENCE)
        except Empty:
            return {"error": "the box does not answer"}

    def _open(self) -> _Listening:
        try:
            self.path.parent.mkdir(mode=0o750, parents=True, exist_ok=True)
            if self.path.is_socket():
                _remove_stale(self.path)
            before = os.umask(0o117)
            try:
                return _Listening(self.path, self.answer, self._room, self._questions)
            finally:
                os.umask(before)
        except OSError as error:
            if isinstance(error, ServiceError):
                raise
            raise ServiceError(
                f"{self.path}: cannot listen there ({error.strerror or error}); "
                "service.socket names another place"
            ) from error

    def _listen(self) -> None:
        opened, self._opened = self._opened, None
        with contextlib.closing(opened or self._open()) as listening:
            while not self._supervised.closed.is_set():
                listening.handle_request()
                if listening.failure:
                    raise listening.failure
                if not listening.is_ours():
                    raise ServiceError(f"{self.path} was removed by another program")


class _Listening(socketserver.ThreadingMixIn, socketserver.UnixStreamServer):
    """One listening socket; a thread for each visitor.

    failure: why no visitor can be heard at it any more.
    """

    daemon_threads = True
    request_queue_size = 32  # beyond it, connecting fails at once instead of waiting
    timeout = POLL

    def __init__(
        self,
        path: Path,
        answer: Callable[[str], dict[str, Any]],
        room: threading.BoundedSemaphore,
        questions: Part,
    ) -> None:
        self.answer = answer
        self.questions = questions
        self.failure: ServiceError | None = None
        self._room = room
        self._path = path
        super().__init__(str(path), _Handler)
        self._inode = path.stat().st_ino

    def is_ours(self) -> bool:
        """Whether the socket at the path is still this one."""
        with contextlib.suppress(OSError):
            return self._path.stat().st_ino == self._inode
        return False

    def close(self) -> None:
        self.server_close()
        if self.is_ours():
            self._path.unlink(missing_ok=True)

    def get_request(self) -> Any:
        try:
            return super().get_request()
        except OSError as error:
            # socketserver would try again at once, and for ever, where there are too many open files.
            if error.errno not in (errno.ECONNABORTED, errno.EAGAIN):  # these: the visitor has gone
                self.failure = ServiceError(f"{self._path}: nobody can be heard there ({error.strerror})")
            raise

    def process_request(self, request: Any, client_address: Any) -> None:
        if not self._room.acquire(blocking=False):
            self.shutdown_request(request)
            return
        try:
            super().process_request(request, client_address)
        except BaseException:  # no thread could be started
            self._room.release()
            raise

    def process_request_thread(self, request: Any, client_address: Any) -> None:
        try:
            super().process_request_thread(request, client_address)
        finally:
            self._room.release()

    def handle_error(self, request: Any, client_address: Any) -> None:
        error = sys.exception()
        if error is None or isinstance(error, OSError):
            log.debug("control socket", exc_info=True)  # the visitor has gone, or is too slow
        else:
            self.questions.lost(error)


class _Handler(socketserver.StreamRequestHandler):
    server: _Listening

    def handle(self) -> None:
        line, end = b"", monotonic() + PATIENCE
        while not line.endswith(b"\n") and len(line) < LONGEST_LINE:
            self.connection.settimeout(max(0.001, end - monotonic()))
            if not (part := self.connection.recv(LONGEST_LINE - len(line))):
                break
            line += part
        answer = self.server.answer(line.strip().decode("ascii", "replace"))
        self.wfile.write(json.dumps(answer).encode() + b"\n")
        self.server.questions.well()


def _remove_stale(path: Path) -> None:
    with contextlib.closing(socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)) as probe:
        try:
            probe.connect(str(path))
        except ConnectionRefusedError:
            path.unlink()  # left behind by a box that was killed
        else:
            raise ServiceError(f"{path}: a box runs already; ask it with `moodbox status`")


def ask(path: Path, verb: str) -> dict[str, Any]:
    """The running box's answer. Raises ServiceError."""
    with contextlib.closing(socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)) as connection:
        connection.settimeout(PATIENCE + 1)
        try:
            connection.connect(str(path))
            connection.sendall(f"{verb}\n".encode())
            with connection.makefile("rb") as lines:
                line = lines.readline()
        except (FileNotFoundError, ConnectionRefusedError) as error:
            raise NoBoxError(
                f"no box runs here ({path}): start one with `moodbox run` or `sudo systemctl start moodbox`"
            ) from error
        except PermissionError as error:
            raise ServiceError(f"{path}: permission denied; add your user to the group moodbox") from error
        except OSError as error:
            raise ServiceError(f"{path}: the box does not answer: {error}") from error
    if not line:
        raise ServiceError(f"{path}: the box is busy; ask again")
    try:
        answer: dict[str, Any] = json.loads(line)
    except ValueError as error:
        raise ServiceError(f"{path}: this is not moodbox's socket; see service.socket") from error
    if "error" in answer:
        raise ServiceError(answer["error"])
    return answer


class Notifier:
    """Tells systemd how the box is, where systemd wants to know (NOTIFY_SOCKET)."""

    def __init__(self) -> None:
        wanted = "NOTIFY_SOCKET" in os.environ
        if wanted and daemon is None:
            log.warning("systemd waits for a word, and python3-systemd is missing: sudo apt install it")
        self._daemon = daemon if wanted else None

    @property
    def watchdog(self) -> float | None:
        """Seconds between two signs of life that systemd wants to see, halved; None if it does not."""
        usec = os.environ.get("WATCHDOG_USEC", "")
        meant = os.environ.get("WATCHDOG_PID", str(os.getpid())) == str(os.getpid())
        return int(usec) / 2e6 if self._daemon and meant and usec.isdecimal() else None

    def tell(self, word: str) -> None:
        """READY=1, STATUS=..., WATCHDOG=1, STOPPING=1: see sd_notify(3)."""
        if self._daemon:
            with contextlib.suppress(OSError):  # nobody listens any more: no reason to stop the music
                self._daemon.notify(word)


def set_up_log(level: int) -> None:
    """To the journal with its fields where systemd runs us, else to stderr for a person."""
    root = logging.getLogger()
    root.setLevel(level)
    for talkative in ("mpd", "picamera2"):  # every connect and disconnect; each step of opening a camera
        logging.getLogger(talkative).setLevel(logging.WARNING)
    stderr = os.fstat(2)
    # A terminal may hand the variable on; only if it names our stderr is that the journal: systemd.exec(5).
    if journal is not None and os.environ.get("JOURNAL_STREAM") == f"{stderr.st_dev}:{stderr.st_ino}":
        root.addHandler(journal.JournalHandler(SYSLOG_IDENTIFIER="moodbox"))
        return
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(logging.Formatter("%(asctime)s %(levelname)-7s %(message)s", "%H:%M:%S"))
    root.addHandler(handler)
