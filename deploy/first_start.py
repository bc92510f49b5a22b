"""What makes a Pi run first-boot.sh at its first start, put into the files that Raspberry Pi Imager writes.

Raspberry Pi OS of Trixie runs cloud-init, which reads `user-data`. That of Bookworm runs `firstrun.sh`, which
`cmdline.txt` names. What is there stays, with its comments: only what is needed is put between.
"""

from __future__ import annotations

import json
import re
from typing import Any, NoReturn

import yaml

WRONG_USAGE, UNSUITABLE, NO_SPACE = 2, 4, 5
SCRIPT = "moodbox/first-boot.sh"
COMMAND = ["sh", f"/boot/firmware/{SCRIPT}", "start"]
HEADER = "#cloud-config"

MARK = "# moodbox"
"""Ends each line that was put into firstrun.sh, so that a second time takes its place."""
NEW_FIRST_RUN = """\
#!/bin/bash
set +e
rm -f /boot/firstrun.sh
sed -i 's| systemd.run.*||g' /boot/cmdline.txt
exit 0
"""
RUNS_IT = (
    "systemd.run=/boot/firstrun.sh systemd.run_success_action=reboot systemd.unit=kernel-command-line.target"
)
"""As Imager writes it; Raspberry Pi OS itself changes /boot to where the partition is then."""


class CardError(Exception):
    """A card, or an option, that cannot be used: an exit code, and a message of one line."""

    def __init__(self, code: int, message: str) -> None:
        super().__init__(message)
        self.code = code


def merged(text: str, name: str | None) -> str:
    """Return cloud-init's user-data with the command that begins the installation, and with the Pi's name.

    Args:
        text: The content of the file; empty if there is none.
        name: The name for the Pi; None leaves it as it is.

    Raises:
        CardError: If the text is no cloud-config, or no valid YAML.
    """
    text = text if text.strip() else f"{HEADER}\n"
    if text.split(None, 1)[0] != HEADER:
        _refuse(f"it does not begin with {HEADER}")
    before = _parsed(text)
    wanted: dict[str, Any] = {}
    commands = before.get("runcmd") or []
    if COMMAND not in commands:
        wanted["runcmd"] = [COMMAND, *commands]
    if name:
        wanted["hostname"] = name
        wanted.update({"manage_etc_hosts": True} if "manage_etc_hosts" not in before else {})
    result = _with(text, wanted)
    if _parsed(result) != {**before, **wanted}:
        _refuse("it is written in a way that cannot be changed safely")
    return result


def _parsed(text: str) -> dict[str, Any]:
    try:
        content = yaml.safe_load(text)
    except (yaml.YAMLError, ValueError, RecursionError) as error:
        mark = getattr(error, "problem_mark", None)
        where = f"line {mark.line + 1}: " if mark else ""
        _refuse(f"{where}{getattr(error, 'problem', None) or 'no valid YAML'}")
    content = {} if content is None else content
    if not isinstance(content, dict) or not isinstance(content.get("runcmd") or [], list):
        _refuse("it has another form than cloud-init reads")
    return content


def _refuse(reason: str) -> NoReturn:
    raise CardError(
        UNSUITABLE,
        f"user-data on the card cannot be used: {reason}; write the card again with Raspberry Pi Imager",
    )


def _with(text: str, wanted: dict[str, Any]) -> str:
    """Return the text with values at its top replaced or appended; of a list only the first item is new."""
    root = yaml.compose(text, Loader=yaml.SafeLoader)
    # "null" is a word to the parser, and no settings to cloud-init.
    places = {key.value: value for key, value in root.value} if isinstance(root, yaml.MappingNode) else {}
    edits, end = [], "" if text.endswith("\n") else "\n"
    for key, value in wanted.items():
        first = json.dumps(value[0]) if isinstance(value, list) else json.dumps(value)
        place = places.get(key)
        if place is None:
            end += f"{key}:\n- {first}\n" if isinstance(value, list) else f"{key}: {first}\n"
            continue
        start = place.start_mark
        if not isinstance(place, yaml.SequenceNode):  # a word, or nothing at all after the colon
            written = f"[{first}]" if isinstance(value, list) else first
            edits.append((start.index, place.end_mark.index, written if place.value else f" {written}"))
        elif place.flow_style:
            edits.append((start.index + 1, start.index + 1, f"{first}, "))
        else:
            edits.append((start.index, start.index, f"- {first}\n{' ' * start.column}"))
    for start, stop, written in sorted(edits, reverse=True):
        text = text[:start] + written + text[stop:]
    return text + end


def first_run(text: str, name: str | None) -> str:
    """Return firstrun.sh with what prepares the installation, before it deletes itself; "" is no file."""
    lines = [line for line in (text or NEW_FIRST_RUN).splitlines() if not line.endswith(MARK)]
    own = [f'sh "$(dirname "$0")/{SCRIPT}" {MARK}']
    if name:
        own.insert(0, f"/usr/lib/raspberrypi-sys-mods/imager_custom set_hostname {name} {MARK}")
    ends = [
        number for number, line in enumerate(lines) if re.match(r"rm -f /boot\S*/firstrun\.sh|exit\b", line)
    ]
    place = ends[0] if ends else len(lines)
    return "\n".join([*lines[:place], *own, *lines[place:]]) + "\n"


def command_line(text: str) -> str:
    """Return cmdline.txt, which is one line, with what runs firstrun.sh."""
    return text if "systemd.run=" in text else f"{text.strip()} {RUNS_IT}\n"
