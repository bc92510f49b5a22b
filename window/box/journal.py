"""The journal's last lines about the box, and the releases that are installed."""

from __future__ import annotations

import asyncio
from pathlib import Path

UNITS = ("moodbox.service", "mpd.service", "moodbox-window.service")
LINES = 80
TIMEOUT_S = 6.0
MAX_BYTES = 256 << 10
RELEASES = Path("/opt/moodbox/releases")


async def last_lines() -> list[str]:
    """Return the last lines, the newest last; none where there is no journal."""
    units = [word for unit in UNITS for word in ("--unit", unit)]
    options = [f"--lines={LINES}", "--output=short-iso", "--no-pager", "--quiet", "--no-hostname"]
    try:
        process = await asyncio.create_subprocess_exec(
            *("journalctl", *units, *options),
            stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.DEVNULL,
        )
    except OSError:
        return []
    try:
        assert process.stdout
        async with asyncio.timeout(TIMEOUT_S):
            output = await process.stdout.read(MAX_BYTES)
    except TimeoutError:
        return []
    finally:
        if process.returncode is None:
            process.kill()
        await process.wait()
    lines = output.decode(errors="replace").splitlines()
    return ["".join(letter if letter.isprintable() else "?" for letter in line)[:500] for line in lines]


def releases() -> list[str]:
    """Return the names of the releases that work, the newest first."""
    marks = []
    for mark in RELEASES.glob("*/.proven"):
        try:
            number = int(mark.read_text()[:9] or 0)
        except (OSError, ValueError):
            number = 0
        marks.append((number, mark.parent.name))
    return [name for _, name in sorted(marks, reverse=True)]
