"""The converter as a program that is killed in the second epoch of a run; it knows the small network.

It sends SIGKILL, or the signal that SIGNAL names, to itself: an epoch of the small network is so short that a
signal from outside may come too late.
"""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Mapping
from typing import Any

from converter.cli import main as cli
from converter.training import trainer
from converter.training.checkpoints import Checkpoints
from tests.converter import small_network  # noqa: F401 # the import adds it to the networks


class _KilledInSecondEpoch(Checkpoints):
    def on_train_batch_end(self, batch: int, logs: Mapping[str, Any] | None = None) -> None:
        if len(self._history) == 1 and batch == 1:
            os.kill(os.getpid(), signal.Signals[os.environ.get("SIGNAL", "SIGKILL")])


trainer.Checkpoints = _KilledInSecondEpoch  # type: ignore[attr-defined]

if __name__ == "__main__":
    sys.exit(cli.main())
