"""The sandbox of moodbox.service, for a process that runs outside of it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from common import UNITS

NOT_SANDBOX = (
    "Exec",
    "NotifyAccess",
    "Restart",
    "RuntimeDirectory",
    "StartLimit",
    "Timeout",
    "Type",
    "Watchdog",
    "WorkingDirectory",
)
"""What begins so in the unit says how the service is started and ended, and where it works."""
FROM_DROP_INS = ("Environment", "EnvironmentFile", "SupplementaryGroups")
"""Keys that drop-ins may add. Of the others, they may change those of the unit."""


def properties(release: Path) -> list[str]:
    """Return the sandbox of a release's unit, with what the drop-ins on this machine change, as KEY=VALUE."""
    own = [
        line
        for line in _service_lines(release / "systemd/moodbox.service")
        if not line.startswith(NOT_SANDBOX)
    ]
    keys = {_key(line) for line in own} | set(FROM_DROP_INS)
    drop_ins = sorted((UNITS / "moodbox.service.d").glob("*.conf"))
    changes = [line for file in drop_ins for line in _service_lines(file) if _key(line) in keys]
    return own + changes


def _key(line: str) -> str:
    return line.partition("=")[0].strip()


def _service_lines(unit: Path) -> Iterator[str]:
    """Yield the lines of the section [Service]; one that ends with a backslash goes on in the next."""
    section = ""
    for line in unit.read_text().replace("\\\n", " ").splitlines():
        text = line.strip()
        if text.startswith("["):
            section = text
        elif section == "[Service]" and text and not text.startswith(("#", ";")):
            yield text
