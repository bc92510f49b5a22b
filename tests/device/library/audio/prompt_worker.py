"""The audio worker at ordinary priority: one at idle priority waits until no other test runs."""

from __future__ import annotations

import os

from device.library.audio import worker

if __name__ == "__main__":
    os.sched_setscheduler = lambda *_: None
    os.nice = lambda _: 0
    worker.main()
