"""The verbs that ask the running box: one for each command of the control socket's table."""

from __future__ import annotations

import argparse
import json
import os
import shlex
from collections.abc import Iterator
from contextlib import closing, suppress
from datetime import datetime
from pathlib import Path
from typing import Any

from device.cli import status_text
from device.config.settings import Settings
from device.control import protocol, timer_commands
from device.control.client import ask, subscribe
from device.control.command import Command
from device.errors import NoBoxError, ServiceError, SettingsError
from device.printable import printable


def send(options: argparse.Namespace, settings: Settings) -> int:
    """Send the command, and print what the reply holds.

    Raises:
        SettingsError: The argument is not one that the command takes.
        ServiceError: No box runs, or it refuses.
    """
    path = settings.service.socket_path()
    switches = {name: True for name in options.command.switches if getattr(options, name)}
    command = _command(options.command, options.word, switches, settings)
    if isinstance(command, protocol.Subscribe):
        with closing(subscribe(path)) as replies:
            for reply in replies:
                print(json.dumps(reply) if options.json else _in_one_line(reply), flush=True)
        return 0
    try:
        reply = ask(path, command)
    except NoBoxError as error:
        if not isinstance(command, protocol.Camera):
            raise NoBoxError(f"{error}{_demo_hint()}") from error
        reply = _switch_without_box(command, settings)
    if options.json:
        print(json.dumps(reply))
    elif isinstance(command, protocol.Status):
        print("\n".join(status_text.lines(reply, settings.room.server)))
    elif isinstance(command, timer_commands.Sleep | timer_commands.Wake):
        print("\n".join(_timer_lines(reply)))
    elif isinstance(command, protocol.Like):
        print(f"liked: {reply['song']}")
    elif isinstance(command, protocol.Never):
        print(
            f"never again: {reply['song']} (moodbox mood {shlex.quote(reply['uri'])} --unsay takes it back)"
        )
    elif isinstance(command, protocol.Was):
        print(reply.get("note", f"the music is for {command.mood} now"))
    elif isinstance(command, protocol.SetMood):
        print(f"the music is for {command.mood} until the next press")
    else:
        for key, value in reply.items():
            if key != "ok":
                print(value)
    return 0


def _demo_hint() -> str:
    """Name the command of this user's demo that runs beside, since its box is not the one of the settings."""
    import tempfile

    for command in Path(tempfile.gettempdir()).glob("moodbox-demo-*/moodbox"):
        with suppress(ServiceError, OSError):  # a demo that was killed, or is just ending
            if command.stat().st_uid == os.geteuid() and ask(command.with_name("control.sock"), "status"):
                return f"; the demo's box is asked by {command}"
    return ""


def _switch_without_box(command: protocol.Camera, settings: Settings) -> dict[str, Any]:
    """Switch the camera of the box that starts next: to do that afterwards would be too late for some."""
    from device.cli.songs.affect import folder_for_command
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


def _command(kind: type[Command], word: str | None, switches: dict[str, bool], settings: Settings) -> Command:
    try:
        given = {} if word is None else kind.arguments(printable(word))  # it may not be UTF-8
        return protocol.convert({"do": kind.name, **given, **switches})
    except protocol.RequestError as error:
        problem = str(error).rpartition(": ")[2]  # without the argument's name, which nobody has typed
        if word is not None and kind in (protocol.Was, protocol.SetMood):
            problem = _mood_hint(kind, word, settings)
        typed = " ".join([kind.name, *([] if word is None else [word])])
        raise SettingsError(f"{typed}: {problem} (moodbox {kind.name} {kind.word})") from error


def _mood_hint(kind: type[Command], word: str, settings: Settings) -> str:
    """Name the mood that was meant, or all that the box takes: `was` only those that its model tells."""
    from device.cli.songs.estimate import mood_hint
    from device.vision.model_card import read_card

    return mood_hint(
        settings, word, read_card(settings.model.file()).labels if kind is protocol.Was else None
    )


def _in_one_line(status: dict[str, Any]) -> str:
    values = [status["state"], status["mood"], status["playing"], status["song"]]
    trouble = [f"{part}: {problem}" for part, problem in status["trouble"].items()]
    return "  ".join([status["since"], *("-" if value is None else value for value in values), *trouble])


def _timer_lines(reply: dict[str, Any]) -> Iterator[str]:
    """Yield the lines for a reply of the box; times are local."""
    if "sleep" in reply:
        end = reply["sleep"]
        yield f"the music pauses at {datetime.fromisoformat(end).astimezone():%H:%M}" if end else "off"
    elif reply["wake_on"]:
        begins = datetime.fromisoformat(reply["wake_next"]).astimezone()
        often = "once" if reply["wake_once"] else "every day"
        yield f"{reply['wake']} {often}, next on {begins:%A, %-d %B}"
    else:
        yield "off" + (f" (it was {reply['wake']})" if reply["wake"] else "")
    for note in reply["notes"]:
        yield f"note: {note}"
