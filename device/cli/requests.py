"""The verbs that ask the running box: one for each command of the control socket's table."""

from __future__ import annotations

import argparse
import json
from collections.abc import Iterator
from contextlib import closing
from typing import Any

from device.config.settings import Settings
from device.control import protocol
from device.control.client import ask, subscribe
from device.control.command import Command
from device.errors import NoBoxError, SettingsError
from device.mood import Mood
from device.mood_estimate import MoodEstimate


def send(options: argparse.Namespace, settings: Settings) -> int:
    """Send the command, and print what the reply holds.

    Raises:
        SettingsError: The argument is not one that the command takes.
        ServiceError: No box runs, or it refuses.
    """
    path = settings.service.socket_path()
    command = _command(options.command, options.word)
    if isinstance(command, protocol.Subscribe):
        with closing(subscribe(path)) as replies:
            for reply in replies:
                print(json.dumps(reply) if options.json else _in_one_line(reply), flush=True)
        return 0
    try:
        reply = ask(path, command)
    except NoBoxError:
        if not isinstance(command, protocol.Camera):
            raise
        reply = _switch_without_box(command, settings)
    if options.json:
        print(json.dumps(reply))
    elif isinstance(command, protocol.Status):
        print("\n".join(_lines(reply)))
    else:
        for key, value in reply.items():
            if key != "ok":
                print(value)
    return 0


def _switch_without_box(command: protocol.Camera, settings: Settings) -> dict[str, Any]:
    """Switch the camera of the box that starts next: to do that afterwards would be too late for some."""
    from device.cli.song_affect import folder_for_command
    from device.storage.folder_owner import acting_as_owner
    from device.vision.cameras.switch import CameraSwitch

    folder = settings.service.state_path() if command.to is None else folder_for_command(settings)
    switch = CameraSwitch(folder)
    with acting_as_owner(folder):
        if command.to == "off":
            switch.turn_off()
        elif command.to == "on":
            switch.turn_on()
        return {"ok": True, "camera": "off" if switch.is_off() else "on"}


def _command(kind: type[Command], word: str | None) -> Command:
    try:
        return protocol.convert({"do": kind.name} | ({} if word is None else kind.arguments(word)))
    except protocol.RequestError as error:
        problem = str(error).rpartition(": ")[2]  # without the argument's name, which nobody has typed
        raise SettingsError(f"{kind.name} {word}: {problem} (moodbox {kind.name} {kind.word})") from error


def _lines(status: dict[str, Any]) -> Iterator[str]:
    for key, value in status.items():
        if key == "trouble":
            for part, problem in value.items():
                yield f"{'trouble':12} {part}: {problem}"
        elif key == "start":
            parts = ", ".join(f"{part} {seconds:.2f} s" for part, seconds in value.items())
            yield f"{key:12} {parts}"
        elif key == "chosen_for" and value:
            yield f"{key:12} {MoodEstimate({Mood(mood): p for mood, p in value.items()})}"
        elif isinstance(value, dict):
            numbers = (f"{100 * n:.0f} %" if isinstance(n, float) else str(n) for n in value.values())
            yield f"{key:12} {', '.join(map(' '.join, zip(value, numbers, strict=True))) or '-'}"
        elif isinstance(value, bool):
            yield f"{key:12} {'yes' if value else 'no'}"
        else:
            yield f"{key:12} {'-' if value is None else value}"


def _in_one_line(status: dict[str, Any]) -> str:
    values = [status["state"], status["mood"], status["playing"], status["song"]]
    trouble = [f"{part}: {problem}" for part, problem in status["trouble"].items()]
    return "  ".join([status["since"], *("-" if value is None else value for value in values), *trouble])
