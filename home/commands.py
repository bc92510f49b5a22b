"""What a message from Home Assistant asks the box to do."""

from __future__ import annotations

import re

from device.config.minute_of_day import minute_of
from device.control import page_commands, protocol
from device.control.command import Command
from device.control.timer_commands import MAX_MINUTES, Sleep, Wake
from device.mood import Mood
from home.state import Status

MAX_BYTES = 64
"""Of a message; every command is shorter."""


ALLOWED = {
    **dict.fromkeys(("look", "next", "pause"), "PRESS"),
    "volume": "a number from 0 to 100",
    "by_hand": f"seen, {', '.join(Mood)}",
    "style": "lift or match",
    "camera": "on or off",
    "sleep": f"minutes from 0 to {MAX_MINUTES}",
    "wake": "a time such as 7:30",
    "wake_on": "on or off",
}
"""What each topic takes, for whoever sends something else."""


class CommandError(ValueError):
    """A message that is no command; the text says why."""


def request_of(name: str, payload: bytes, status: Status) -> Command:
    """Return what to ask the box.

    Args:
        name: The command's, from the topic.
        payload: The message.
        status: The box's newest status.

    Raises:
        CommandError: There is no such command, or it does not take this message.
    """
    text = payload.decode("ascii", "replace") if len(payload) <= MAX_BYTES else ""
    match name, text:
        case ("look", "PRESS") | ("by_hand", "seen"):
            return protocol.Press()
        case "next", "PRESS":
            return protocol.Skip()
        case "pause", "PRESS":
            return protocol.Pause() if status["playing"] == "play" else protocol.Play()
        case "volume", _ if re.fullmatch(r"(100|[0-9]{1,2})(\.0+)?", text):
            return protocol.Volume(to=int(float(text)))
        case "by_hand", _ if text in set(Mood):
            return protocol.SetMood(mood=Mood(text))
        case "style", "lift" | "match":
            return page_commands.Set(key="music.style", value=text)
        case "camera", "on" | "off":
            return protocol.Camera(to="on" if text == "on" else "off")
        case "sleep", _ if re.fullmatch(r"[0-9]{1,3}(\.0+)?", text) and float(text) <= MAX_MINUTES:
            return Sleep(minutes=int(float(text)))
        case "wake", _ if minute_of(text) is not None:
            return Wake(to=text)
        case "wake_on", "on" | "off":
            return Wake(to=text)
    sent = repr(text[:20]) if text else f"{len(payload)} bytes"
    takes = f"expected {ALLOWED[name]}" if name in ALLOWED else "there is no such topic"
    raise CommandError(f"{sent} on the topic {name[:40]!r}: {takes}")
