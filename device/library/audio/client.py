"""The box's side of the audio worker: starts the process when there is a song to analyze, and asks it."""

from __future__ import annotations

import contextlib
import json
import math
import os
import select
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path

import msgspec

import device
from device.errors import MoodboxError, SoundError, install_command
from device.library.audio.features import Features

WORKER = "device.library.audio.worker"
ANSWER_TIMEOUT_S = 120.0  # a song that takes longer counts as one that cannot be analyzed
MAX_WAIT_S = 1.0  # in one go
EXIT_TIMEOUT_S = 1.0  # for the worker to exit by itself before it is killed
MAX_CONSECUTIVE_CRASHES = 5  # so many in a row cannot all be the fault of the songs


class WorkerNotStartedError(MoodboxError, RuntimeError):
    """No process can be started at present: too many run, too many files are open, or memory is short."""


class _Status(msgspec.Struct):
    """An answer of the worker that holds no features."""

    ready: bool = False
    fault: str = ""


def check_installed() -> None:
    """Check that songs can be decoded on this machine, without loading the decoder into this process.

    Raises:
        SoundError: soundfile is not installed.
    """
    if find_spec("soundfile") is None:
        raise SoundError(f"soundfile is missing: {install_command('soundfile')}")


class AudioClient:
    """Analyzes one song at a time in a process of its own.

    `close` may be called from another thread; it ends an analysis that is in progress.
    """

    def __init__(self, timeout_s: float = ANSWER_TIMEOUT_S) -> None:
        self._timeout_s = timeout_s
        self._process: subprocess.Popen[bytes] | None = None
        self._crashes = 0
        self._closed = False

    def analyze(self, path: Path) -> Features | str:
        """Return the features of a sound file, or the reason why it cannot be analyzed.

        Raises:
            SoundError: no song can be analyzed at present, whatever its file holds.
            WorkerNotStartedError: the same, and it may be different in a moment.
        """
        try:
            answer = self._request(path)
        except BrokenPipeError:  # the worker died between two songs, so neither of them is to blame
            self.stop_worker()
            answer = self._request(path)
        if self._closed:
            self.stop_worker()
            raise SoundError("the box is shutting down")
        if not answer:
            return self._count_crash(timed_out=answer is None)
        self._crashes = 0
        if fault := _status(answer).fault:
            return fault
        try:
            return msgspec.json.decode(answer, type=Features)
        except ValueError as error:  # msgspec.DecodeError, or a UnicodeDecodeError from a key that it quotes
            self.stop_worker()  # its next line might still be the answer to this song
            return f"the audio worker gave an invalid answer: {error}"

    def start(self) -> None:
        """Start the worker now rather than at the first song.

        Raises:
            SoundError: no song can be analyzed at present.
            WorkerNotStartedError: the same, and it may be different in a moment.
        """
        if self._process is None:
            self._start_worker()

    def close(self) -> None:
        """Kill the worker and refuse all further songs."""
        self._closed = True
        if process := self._process:
            process.kill()  # the thread that waits for an answer closes the pipes
            _wait_for(process)

    def stop_worker(self) -> int | None:
        """Stop the worker, which frees its memory; the next song starts another one.

        Returns:
            The exit code of the worker, or None if none was running, or if it does not end.
        """
        process, self._process = self._process, None
        if process is None:
            return None
        assert process.stdin
        assert process.stdout
        process.stdin.close()
        _wait_for(process)
        process.kill()
        process.stdout.close()
        return _wait_for(process)

    def _request(self, path: Path) -> bytes | None:
        """Return the answer: empty if the worker died during the analysis, None after the timeout."""
        process = self._process or self._start_worker()
        assert process.stdin
        process.stdin.write(json.dumps(str(path)).encode() + b"\n")
        return _read_line(process, self._timeout_s)

    def _start_worker(self) -> subprocess.Popen[bytes]:
        if self._closed:
            raise SoundError("the box is shutting down")
        try:
            process = subprocess.Popen(
                [sys.executable, "-m", WORKER],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.DEVNULL,  # decoders print warnings there for many files
                bufsize=0,
                cwd=Path(device.__file__).parent.parent,
                env=os.environ | {"OPENBLAS_NUM_THREADS": "1"},  # each thread would reserve memory
            )
        except OSError as error:
            raise WorkerNotStartedError(f"the audio worker cannot be started ({error.strerror})") from error
        self._process = process
        status = _status(_read_line(process, ANSWER_TIMEOUT_S) or b"")
        if not status.ready:
            self.stop_worker()
            raise SoundError(status.fault or "the audio worker does not start")
        return process

    def _count_crash(self, *, timed_out: bool) -> str:
        code = self.stop_worker()
        self._crashes += 1
        if self._crashes >= MAX_CONSECUTIVE_CRASHES:
            raise SoundError("the audio worker fails on every song: is there too little memory?")
        return "the analysis takes too long" if timed_out else f"the decoder crashed on it ({code})"


def _wait_for(process: subprocess.Popen[bytes]) -> int | None:
    """Return the exit code; None if it does not end: even a killed one may wait for a disk that is away."""
    with contextlib.suppress(subprocess.TimeoutExpired):
        return process.wait(EXIT_TIMEOUT_S)
    return None


def _status(answer: bytes) -> _Status:
    """Return an empty status if the answer is anything else."""
    try:
        return msgspec.json.decode(answer, type=_Status)
    except ValueError:
        return _Status()


def _read_line(process: subprocess.Popen[bytes], timeout_s: float) -> bytes | None:
    assert process.stdout
    # In short waits: if both processes were stopped, by Ctrl-Z say, one wait is over, and not the whole time.
    waits = math.ceil(timeout_s / MAX_WAIT_S)
    if not any(select.select([process.stdout], [], [], timeout_s / waits)[0] for _ in range(waits)):
        return None
    line = process.stdout.readline()
    return line if line.endswith(b"\n") else b""
