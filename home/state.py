"""What Home Assistant is told of the box's status."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from device.mood import Outcome

Status = dict[str, Any]

SEEN = "seen"
"""In place of a mood by hand: the music follows what the box sees."""
MAX_TEXT = 255  # characters; Home Assistant refuses a longer state
MAX_PRESSES = 10  # of one kind that are told one by one; more at once are no presses of a person


def state_of(status: Status) -> dict[str, Any]:
    """Return the message on the topic of the state. What is not known is null."""
    named = status["verdict"] == Outcome.MOOD
    return {
        "mood": status["mood"] if named else status["verdict"],
        "confidence": _percent(status["confidence"]),
        "probabilities": status["probabilities"] or {},
        "by_hand": status["by_hand"] or SEEN,
        "style": status["style"],
        "song": _short(status["song"]),
        "playing": status["playing"],
        "volume": status["volume"],
        "camera": status["camera"],
        "sleep": status["sleep_minutes"],
        "sleep_ends": status["sleep"],
        "wake": status["wake"] or "",
        "wake_on": "on" if status["wake_on"] else "off",
        "trouble": "on" if status["trouble"] else "off",
        "what": {part: _short(problem) for part, problem in status["trouble"].items()},
        "version": status["version"],
    }


def presses_between(earlier: Status, later: Status) -> Iterator[str]:
    """Yield the kind of each press that came between two statuses of the same box: short, double or long."""
    if later["start"] != earlier["start"]:
        return  # the box has started again, and counts from 0
    for kind, count in later["presses"].items():
        yield from [kind] * min(count - earlier["presses"].get(kind, 0), MAX_PRESSES)


def _percent(share: float | None) -> float | None:
    return None if share is None else round(100 * share, 1)


def _short(text: str | None) -> str | None:
    return text if text is None or len(text) <= MAX_TEXT else f"{text[: MAX_TEXT - 1]}…"
