"""What the journal is told of a look."""

from __future__ import annotations

import logging

from device.mood import Verdict
from device.vision.observation import Look

log = logging.getLogger(__name__)


def log_look(look: Look, verdict: Verdict, seconds: float) -> None:
    """seconds: from when the look was asked for until its verdict."""
    find = 1000 * sum(g.find_time for g in look.glances) / max(1, len(look.glances))
    read = 1000 * sum(g.read_time for g in look.glances) / max(1, verdict.readings)
    log.info(
        "look: %s %.2f, %d readings of %d frames in %.2f s (find %.1f ms, read %.1f ms each)",
        verdict.mood or verdict.outcome,
        verdict.confidence,
        verdict.readings,
        len(look.glances),
        seconds,
        find,
        read,
        extra={
            "MOODBOX_VERDICT": str(verdict.outcome),
            "MOODBOX_MOOD": str(verdict.mood or ""),
            "MOODBOX_CONFIDENCE": f"{verdict.confidence:.3f}",
            "MOODBOX_READINGS": str(verdict.readings),
            "MOODBOX_SECONDS": f"{seconds:.3f}",
            "MOODBOX_FIND_MS": f"{find:.1f}",
            "MOODBOX_READ_MS": f"{read:.1f}",
        },
    )
