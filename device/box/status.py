"""The box's state in the words of `moodbox status` and of systemd."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict
from typing import Any

from device import __version__
from device.box.state import State
from device.config.settings import Style
from device.control.protocol import PROTOCOL_VERSION
from device.mood import Decision
from device.mood_estimate import MoodEstimate
from device.mpd.snapshot import Snapshot
from device.timers.words import status_words


def status_of(
    state: State,
    snapshot: Snapshot | None,
    *,
    estimate: MoodEstimate | None,
    stepped_back: bool,
    style: Style,
    startup_s: Mapping[str, float],
) -> dict[str, Any]:
    """Return the answer to `moodbox status`, as docs/scripts.md describes it.

    Args:
        state: The box's state.
        snapshot: MPD's state; None while MPD is not reachable.
        estimate: What the music is chosen for; None before the first.
        stepped_back: Whether another client has taken over the music.
        style: Where the music leads.
        startup_s: Seconds that each part of the start took.
    """
    indication, _ = state.shown
    return {
        "state": str(indication),
        "mood": state.mood,
        "confidence": round(state.decision.confidence, 3) if state.decision else None,
        "corrected": state.decision is not None and state.decision.corrected,
        "verdict": str(state.decision.outcome) if state.decision else None,
        "probabilities": _rounded(state.decision),
        "by_hand": state.by_hand,
        "playing": snapshot.state if snapshot else None,
        "song": snapshot.title if snapshot and snapshot.state != "stop" else None,
        "chosen_by": estimate.chosen_by if estimate else None,
        "chosen_for": dict(estimate.probabilities) if estimate else None,
        "stepped_back": stepped_back,
        "volume": snapshot.volume if snapshot else None,
        "style": style,
        "presses": asdict(state.presses),
        "camera": state.camera,
        **status_words(state.timers),
        "since": state.shown_since.isoformat(timespec="seconds"),
        "furniture": state.furniture,
        "start": {part: round(seconds, 3) for part, seconds in startup_s.items()},
        "version": __version__,
        "protocol": PROTOCOL_VERSION,
        "trouble": dict(state.trouble),
    }


def _rounded(decision: Decision | None) -> dict[str, float] | None:
    """The probabilities of the last look; None before the first, and without a face."""
    if decision is None or decision.probabilities is None:
        return None
    return {mood: round(float(share), 3) for mood, share in decision.probabilities.items()}


def headline_of(state: State) -> str:
    """Return one line for `systemctl status`: the mood or indication, and what is wrong."""
    indication, mood = state.shown
    return "; ".join([str(mood or indication), *(f"{part}: {problem}" for part, problem in state.trouble)])
