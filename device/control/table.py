"""The table of commands as docs/scripts.md shows it. `make settings` writes it there.

Run as a module, it replaces the table in the page that is named.
"""

from __future__ import annotations

import re
import sys
from pathlib import Path
from typing import Any

import msgspec

from device.control.protocol import COMMANDS

HEADING = "| `do` | arguments | reply | on the command line |\n|---|---|---|---|\n"


def as_markdown() -> str:
    """Return the table, with one row for each command."""
    rows = []
    for command in COMMANDS:
        types = msgspec.json.schema(command)["$defs"]
        fields = [field for field in types[command.__name__]["properties"].items() if field[0] != "do"]
        arguments = "; ".join(_argument(name, _resolved(schema, types)) for name, schema in fields)
        words = [command.name, command.word, *(f"[--{switch}]" for switch in command.switches)]
        usage = "`" + " ".join(["moodbox", *filter(None, words)]).replace("|", "\\|") + "`"
        explained = f"{usage if command.on_command_line else 'only on the socket'}: {command.summary}"
        rows.append(f"| `{command.name}` | {arguments or 'none'} | {command.sends} | {explained} |\n")
    return HEADING + "".join(rows)


def _resolved(schema: dict[str, Any], types: dict[str, Any]) -> dict[str, Any]:
    """The schema of a type that has a name, such as an enumeration."""
    name = schema.get("$ref", "").rpartition("/")[2]
    return {"enum": types[name]["enum"]} if name else schema


def _argument(name: str, schema: dict[str, Any]) -> str:
    kind = schema.get("anyOf", [schema])[0]
    values = [f"`{value}`" for value in kind.get("enum", ())]
    values += [f"{kind['minimum']} to {kind['maximum']}"] if "minimum" in kind else []
    described = schema.get("description") or kind.get("description", "")
    return " ".join(filter(None, [f"`{name}`:", ", ".join(values), described]))


if __name__ == "__main__":
    page = Path(sys.argv[1])
    old = re.escape(HEADING) + r"(\|.*\n)*"
    page.write_text(re.sub(old, lambda _: as_markdown(), page.read_text(), count=1))
