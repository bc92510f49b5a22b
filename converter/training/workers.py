"""Makes batches in worker processes, ahead of their use."""

from __future__ import annotations

import contextlib
import multiprocessing
import signal
from collections.abc import Iterator
from concurrent.futures import Future, ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from itertools import islice
from typing import Any

from converter.errors import RunError
from converter.training.batch_maker import BatchMaker

AHEAD = 3  # batches for each worker

_maker: BatchMaker  # in a worker process


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
        """
        self._pool = ProcessPoolExecutor(count, multiprocessing.get_context("spawn"), _start, (maker,))
        self._order = order
        self._made: dict[tuple[int, int], Future[tuple[Any, ...]]] = {}
        self._upcoming = AHEAD * count

    def _make_upcoming(self, count: int) -> None:
        for epoch, index in islice(self._order, count):
            self._made[epoch, index] = self._pool.submit(_make, epoch, index)

    def batch(self, epoch: int, index: int) -> tuple[Any, ...]:
        """Return a batch, and wait for it if it is not made yet.

        One that is asked for out of order, or a second time, is made then.

        Raises:
            RunError: a process was killed.
        """
        with _reported():
            self._make_upcoming(self._upcoming - len(self._made))
            made = self._made.pop((epoch, index), None) or self._pool.submit(_make, epoch, index)
            return made.result()

    def close(self) -> None:
        """End the processes."""
        self._pool.shutdown(cancel_futures=True)


@contextlib.contextmanager
def _reported() -> Iterator[None]:
    try:
        yield
    except BrokenProcessPool as error:
        raise RunError("--workers: one was killed, perhaps for lack of memory; ask for fewer") from error


def _start(maker: BatchMaker) -> None:
    global _maker  # noqa: PLW0603 # what stays the same is sent to a process only once
    _maker = maker
    # Ctrl-C reaches every process of a terminal. The first one ends the others.
    signal.signal(signal.SIGINT, signal.SIG_IGN)


def _make(epoch: int, index: int) -> tuple[Any, ...]:
    return _maker.make(epoch, index)
