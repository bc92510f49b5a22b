"""What the journal is told of a look."""

from __future__ import annotations

import logging

from device.mood import Decision
from device.vision.observation import Observation

log = logging.getLogger(__name__)


def log_observation(look: Observation, decision: Decision, seconds: float) -> None:
    """seconds: from when the look was asked for until its verdict."""
    find = 1000 * sum(g.detect_time for g in look.results) / max(1, len(look.results))
    read = 1000 * sum(g.classify_time for g in look.results) / max(1, decision.readings)
    log.info(
        "look: %s %.2f, %d readings of %d frames in %.2f s (find %.1f ms, read %.1f ms each)",
        decision.mood or decision.outcome,
        decision.confidence,
        decision.readings,
        len(look.results),
        seconds,
        find,
        read,
        extra={
            "MOODBOX_VERDICT": str(decision.outcome),
            "MOODBOX_MOOD": str(decision.mood or ""),
            "MOODBOX_CONFIDENCE": f"{decision.confidence:.3f}",
            "MOODBOX_READINGS": str(decision.readings),
            "MOODBOX_SECONDS": f"{seconds:.3f}",
            "MOODBOX_FIND_MS": f"{find:.1f}",
            "MOODBOX_READ_MS": f"{read:.1f}",
        },
    )
