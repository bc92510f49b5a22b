"""Makes batches in worker processes, ahead of their use.

The arrays come back in files that are read and deleted at once, so they hardly ever reach a disk: a pipe, in
which `concurrent.futures` sends what a process returns, takes 64 kB at a time, and a GPU would wait for it.
"""

from __future__ import annotations

import contextlib
import multiprocessing
import pickle
import tempfile
from collections.abc import Iterator
from concurrent.futures import Future, ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from itertools import islice
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from converter.ending import end_with_parent, temporary_folder
from converter.errors import RunError
from converter.training.batch_maker import BatchMaker
from device.vision.opencv import cv2

AHEAD = 3  # batches for each worker

# In a worker process.
_maker: BatchMaker
_folder: Path


class _Made(NamedTuple):
    """A batch: all but the content of its arrays, and the file with that, one array after another."""

    pickled: bytes
    sizes: list[int]
    path: str


class Workers:
    """Worker processes that make batches in a given order, ahead of their use.

    They are started anew and not forked: a process with TensorFlow or JAX in it has threads, and a fork would
    leave the locks that these hold locked for ever.
    """

    def __init__(self, maker: BatchMaker, count: int, order: Iterator[tuple[int, int]]) -> None:
        """Start `count` processes.

        Args:
            maker: makes the batches; each process gets a copy.
            count: number of processes.
            order: epoch and index of the batches to make; it may go on for ever.

        Raises:
            RunError: there is no folder for the files.
        """
        self._stack = contextlib.ExitStack()
        with _reported("batches cannot be kept", "name another folder in TMPDIR"):
            self._folder = self._stack.enter_context(temporary_folder())
        self._pool = ProcessPoolExecutor(
            count, multiprocessing.get_context("spawn"), _start, (maker, self._folder)
        )
        self._order = order
        self._made: dict[tuple[int, int], Future[_Made]] = {}
        self._upcoming = AHEAD * count

    def _make_upcoming(self, count: int) -> None:
        for epoch, index in islice(self._order, count):
            self._made[epoch, index] = self._pool.submit(_make, epoch, index)

    def batch(self, epoch: int, index: int) -> tuple[Any, ...]:
        """Return a batch, and wait for it if it is not made yet.

        One that is asked for out of order, or a second time, is made then.

        Raises:
            RunError: a process cannot be started, or was killed, or there is no room for its files.
        """
        with _reported("one cannot be started", "ask for fewer"):
            self._make_upcoming(self._upcoming - len(self._made))
            made = self._made.pop((epoch, index), None) or self._pool.submit(_make, epoch, index)
        with _reported(
            f"batches cannot be kept in {self._folder}",
            "make room there, or name another folder in TMPDIR",
        ):
            return _read(made.result())

    def close(self) -> None:
        """End the processes."""
        self._pool.shutdown(cancel_futures=True)
        self._stack.close()


@contextlib.contextmanager
def _reported(what: str, remedy: str) -> Iterator[None]:
    try:
        yield
    except BrokenProcessPool as error:
        raise RunError("--workers: one was killed, perhaps for lack of memory; ask for fewer") from error
    except OSError as error:
        raise RunError(f"--workers: {what}: {error.strerror}; {remedy}") from error


def _start(maker: BatchMaker, folder: Path) -> None:
    global _maker, _folder  # what stays the same is sent to a process only once
    _maker, _folder = maker, folder
    end_with_parent(folder)
    cv2.setNumThreads(1)  # there are as many processes as processors


def _make(epoch: int, index: int) -> _Made:
    arrays: list[pickle.PickleBuffer] = []
    pickled = pickle.dumps(_maker.make(epoch, index), protocol=5, buffer_callback=arrays.append)
    with tempfile.NamedTemporaryFile(dir=_folder, delete=False) as file:
        sizes = [file.write(array.raw()) for array in arrays]
    return _Made(pickled, sizes, file.name)


def _read(made: _Made) -> tuple[Any, ...]:
    arrays = [np.empty(size, np.uint8) for size in made.sizes]
    path = Path(made.path)
    with path.open("rb") as file:
        for array in arrays:
            file.readinto(array.data)
    path.unlink()
    batch: tuple[Any, ...] = pickle.loads(made.pickled, buffers=arrays)  # noqa: S301 # of our own process
    return batch
