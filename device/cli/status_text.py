"""What `moodbox status` prints for people: a label and a plain sentence or value for each line."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Any

from device.mood import Mood
from device.mood_estimate import MoodEstimate
from device.printable import percents

LIGHTS = {
    "starting": "breathe: the box is starting",
    "looking": "flicker: the box is looking",
    "mood": "one light: the mood",
    "unsure": "all glow dimly: a face, but no clear mood",
    "no_face": "a flash every two seconds: nobody is there",
    "by_hand": "one light, with a wink every two seconds: a mood that was chosen by hand",
    "proposed": "one light winks: the mood that counts, unless the button 'correct' is pressed again",
    "refused": "out for a moment: there was nothing to correct",
    "trouble": "blink: something is wrong",
    "paused": "breathe slowly: the music is paused",
    "camera_off": "a soft glow every five seconds: the camera is switched off",
    "asked": "wink on and off: a press of the button lets a browser in, or shows it the picture",
    "watched": "all lit, with a wink every second: somebody watches through the camera",
    "pressed": "half lit: the button is down",
    "held": "all lit: let go of the button, and the music pauses or resumes",
    "going_off": "all wink: the box switches off, or will once the button is let go",
    "off": "off",
}
LOOKS = {"unsure": "unsure: a face, but no clear mood", "no_face": "nobody was seen", None: "not known"}
PLAYING = {"play": "plays", "pause": "is paused", "stop": "stopped"}
REASONS = {
    "mood": "what was seen",
    "unsure": "what was seen, not clearly",
    "correction": "the mood that somebody has said was right",
    "hand": "the mood that was chosen by hand",
    "room": "a press in another room",
    "last": "what was played last",
    "neutral": "no mood, since nothing was played before",
}
YIELDED = "somebody else has taken over, and the box leaves it alone until its button is pressed"


def lines(status: Mapping[str, Any], plays_along_with: str = "") -> Iterator[str]:
    """Yield the lines for a box's answer, as docs/scripts.md describes it, the most urgent ones first.

    Args:
        status: The answer. A box of an older version may lack some of the keys.
        plays_along_with: `room.server`: the box whose music is heard there; "" if it is its own.
    """
    for label, value in _values(defaultdict(lambda: None, status), plays_along_with):
        if value is not None:
            yield f"{label:10} {value}"


def _values(status: Mapping[str, Any], plays_along_with: str) -> Iterator[tuple[str, object]]:
    for part, problem in (status["trouble"] or {}).items():
        yield "trouble", f"{part}: {problem}"
    since = f" (since {_local(status['since']):%H:%M:%S on %A, %-d %B})" if status["since"] else ""
    yield "lights", f"{LIGHTS.get(status['state'], status['state'])}{since}"
    yield from _mood(status)
    yield "music", f"plays along with {plays_along_with}" if plays_along_with else _music(status)
    if (by := status["chosen_by"]) and (shares := status["chosen_for"]):
        estimate = MoodEstimate({Mood(mood): share for mood, share in shares.items()})
        own = ", for the songs that the box would play" if status["stepped_back"] else ""
        yield "chosen by", f"{REASONS.get(by, by)} ({estimate}){own}"
    yield "style", status["style"]
    if status["playing"] and not plays_along_with:
        yield "volume", "MPD has none" if status["volume"] is None else f"{status['volume']} %"
    yield "camera", status["camera"]
    if faces := status["furniture"]:
        yield "ignored", f"{faces} {'face' if faces == 1 else 'faces'} that did not move for a day: furniture"
    yield "sleep", f"the music pauses at {_local(status['sleep']):%H:%M}" if status["sleep"] else "off"
    yield "wake", _wake(status)
    yield "version", f"{status['version']}, protocol {status['protocol']}"


def _mood(status: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    if status["by_hand"]:
        yield "mood", f"{status['by_hand']}, chosen by hand until the next press"
    elif status["corrected"]:
        yield "mood", f"{status['mood']}, as somebody has said"
    else:
        yield "mood", status["mood"] or LOOKS.get(status["verdict"], status["verdict"])
    if shares := status["probabilities"]:
        seen = ", ".join(f"{mood} {share}" for mood, share in percents(shares).items())
        yield "seen", f"{seen}, before it was corrected to {status['mood']}" if status["corrected"] else seen


def _music(status: Mapping[str, Any]) -> str:
    playing = PLAYING.get(status["playing"])
    if playing is None:
        return "MPD does not answer"
    song = f"{playing}: {status['song']}" if status["song"] else playing
    return f"{song}; {YIELDED}" if status["stepped_back"] else song


def _wake(status: Mapping[str, Any]) -> str:
    if status["wake"] is None:
        return "off"
    often = "once" if status["wake_once"] else "every day"
    return f"{status['wake']} {often}" if status["wake_on"] else f"off (it was {status['wake']})"


def _local(moment: str) -> datetime:
    return datetime.fromisoformat(moment).astimezone()
