"""The box's end of the process that listens, which is begun when there is something to hear."""

from __future__ import annotations

import contextlib
import json
import os
import select
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path

import msgspec

import device
from device.errors import SoundError
from device.sound.features import Features

PATIENCE = 120.0  # seconds without an answer after which a song counts as one that cannot be heard
GRACE = 1.0  # seconds for a process to end by itself
MOST_DEATHS = 5  # in a row, of which one must be no song's fault
MISSING = "soundfile is missing: pip install 'moodbox[sound]'"


class _Word(msgspec.Struct):
    """What the process says that is no measure."""

    ready: bool = False
    fault: str = ""


def check_installed() -> None:
    """Raises SoundError if no song can be listened to here. Loads nothing: the box itself stays small."""
    if find_spec("soundfile") is None:
        raise SoundError(MISSING)


class Listener:
    """One song at a time. `close` may come from another thread, and ends a wait."""

    def __init__(self, patience: float = PATIENCE) -> None:
        self._patience = patience
        self._process: subprocess.Popen[bytes] | None = None
        self._deaths = 0
        self._closed = False

    def hear(self, path: Path) -> Features | str:
        """What is heard in the file, or why nothing can be. Raises SoundError if none can be listened to."""
        try:
            answer = self._ask(path)
        except BrokenPipeError:  # it died while nothing was asked of it: no song's fault
            self._end()
            answer = self._ask(path)
        if self._closed:
            self._end()
            raise SoundError("the box ends")
        if not answer:
            return self._died(hung=answer is None)
        self._deaths = 0
        if fault := _word(answer).fault:
            return fault
        try:
            return msgspec.json.decode(answer, type=Features)
        except ValueError as error:  # msgspec.DecodeError, or the UnicodeDecodeError of a name in its words
            self._end()  # what comes next from it might be the answer to this song
            return f"what was measured in it makes no sense: {error}"

    def close(self) -> None:
        self._closed = True
        if process := self._process:
            process.kill()  # its pipes are the other thread's
            process.wait()

    def rest(self) -> None:
        """Gives back the memory of the process until there is a song again."""
        self._end()

    def _ask(self, path: Path) -> bytes | None:
        """The answer; empty if the process has died of it, None if it takes too long."""
        process = self._process or self._begin()
        assert process.stdin
        process.stdin.write(json.dumps(str(path)).encode() + b"\n")
        return _line(process, self._patience)

    def _begin(self) -> subprocess.Popen[bytes]:
        if self._closed:
            raise SoundError("the box ends")
        self._process = process = subprocess.Popen(
            [sys.executable, "-m", "device.sound.ear"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,  # decoders complain there of each file
            bufsize=0,
            cwd=Path(device.__file__).parent.parent,
            env=os.environ | {"OPENBLAS_NUM_THREADS": "1"},  # each thread would reserve memory
        )
        word = _word(_line(process, PATIENCE) or b"")
        if not word.ready:
            self._end()
            raise SoundError(word.fault or "the process that listens does not start")
        return process

    def _died(self, *, hung: bool) -> str:
        code = self._end()
        self._deaths += 1
        if self._deaths >= MOST_DEATHS:
            raise SoundError("the process that listens dies of every song: is there too little memory?")
        return "it takes too long" if hung else f"the decoder died of it ({code})"

    def _end(self) -> int | None:
        """Returns how the process ended."""
        process, self._process = self._process, None
        if process is None:
            return None
        assert process.stdin
        assert process.stdout
        process.stdin.close()
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.wait(GRACE)
        process.kill()
        process.stdout.close()
        return process.wait()


def _word(answer: bytes) -> _Word:
    """An empty one if the answer is something else."""
    try:
        return msgspec.json.decode(answer, type=_Word)
    except ValueError:
        return _Word()


def _line(process: subprocess.Popen[bytes], patience: float) -> bytes | None:
    assert process.stdout
    if not select.select([process.stdout], [], [], patience)[0]:
        return None
    line = process.stdout.readline()
    return line if line.endswith(b"\n") else b""
