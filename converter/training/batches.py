"""The batches of a run, as Keras reads them."""

from __future__ import annotations

import random
from collections.abc import Iterator
from types import TracebackType
from typing import Any

import keras

from converter.training.batch_maker import BatchMaker
from converter.training.workers import Workers


class BatchOrder:
    """In which order the batches of each epoch are read.

    It is what `fit` itself would draw from Python's generator. Here it is known beforehand, so that workers
    can make the next batches ahead, and so that a resumed run reads them in the same order.
    """

    def __init__(self, count: int) -> None:
        """Shuffle `count` batches in each epoch, from the present state of Python's generator on."""
        self._count = count
        self._generator = random.Random()  # noqa: S311 # not a secret
        self._generator.setstate(random.getstate())
        self._orders: list[list[int]] = []

    def of(self, epoch: int) -> list[int]:
        """Return the indices of the batches of `epoch`, counted from 0."""
        while len(self._orders) <= epoch:
            order = list(range(self._count))
            self._generator.shuffle(order)
            self._orders.append(order)
        return self._orders[epoch]


class Batches(keras.utils.PyDataset):  # type: ignore[misc]  # Keras has no types
    """Shuffled, augmented batches of an epoch, and of those that follow.

    `fit` has to be told not to shuffle them again.
    """

    def __init__(self, maker: BatchMaker, order: BatchOrder, epoch: int, workers: int = 1) -> None:
        """Start with `epoch`, counted from 0.

        Args:
            maker: makes the batches.
            order: of the batches.
            epoch: the first one.
            workers: number of processes that make them; if it is 1, this process does.
        """
        super().__init__()
        self._maker = maker
        self._order = order
        self._first = epoch
        self._epoch = epoch - 1  # `fit` ends an epoch before it begins the first one
        self._pool = Workers(maker, workers, self._reading_order(epoch)) if workers > 1 else None

    def _reading_order(self, epoch: int) -> Iterator[tuple[int, int]]:
        while True:
            for index in self._order.of(epoch):
                yield epoch + 1, index
            epoch += 1

    def __len__(self) -> int:
        return self._maker.count

    def __getitem__(self, position: int) -> tuple[Any, ...]:
        """Images, targets by output, and, with candidates, weights by output."""
        make = self._pool.batch if self._pool else self._maker.make
        epoch = max(self._first, self._epoch)  # before the first epoch `fit` looks at the shapes
        return make(epoch + 1, self._order.of(epoch)[position])

    def on_epoch_end(self) -> None:
        """Go on to the next epoch."""
        self._epoch += 1

    def __enter__(self) -> Batches:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, where: TracebackType | None
    ) -> None:
        if self._pool:
            self._pool.close()
