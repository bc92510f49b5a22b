"""The journal's entry for an observation: a line for people, fields for scripts."""

from __future__ import annotations

import logging

from device.mood import Decision
from device.printable import percent
from device.vision.observation import Observation

log = logging.getLogger(__name__)


def log_observation(observation: Observation, decision: Decision, seconds: float) -> None:
    """Log an observation; `seconds` is the time from the request to the decision."""
    results = observation.results
    detect_ms = 1000 * sum(result.detect_time for result in results) / max(1, len(results))
    classify_ms = 1000 * sum(result.classify_time for result in results) / max(1, decision.prediction_count)
    log.info(
        "look: %s %s, a face in %d of %d frames, %.2f s (detection %.1f ms, classification %.1f ms each)",
        decision.mood or decision.outcome,
        percent(decision.confidence),
        decision.prediction_count,
        len(results),
        seconds,
        detect_ms,
        classify_ms,
        extra={
            "MOODBOX_VERDICT": str(decision.outcome),
            "MOODBOX_MOOD": str(decision.mood or ""),
            "MOODBOX_CONFIDENCE": f"{decision.confidence:.3f}",
            "MOODBOX_READINGS": str(decision.prediction_count),
            "MOODBOX_SECONDS": f"{seconds:.3f}",
            "MOODBOX_FIND_MS": f"{detect_ms:.1f}",
            "MOODBOX_READ_MS": f"{classify_ms:.1f}",
        },
    )
