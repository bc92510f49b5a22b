"""The journal's last lines about the box, and the releases that are installed."""

from __future__ import annotations

import asyncio
from collections import Counter
from pathlib import Path

from device.mood import Mood

UNITS = ("moodbox.service", "mpd.service", "moodbox-window.service", "moodbox-home.service")
LINES = 80
TIMEOUT_S = 6.0
MAX_BYTES = 256 << 10
RELEASES = Path("/opt/moodbox/releases")


async def last_lines() -> list[str]:
    """Return the last lines, the newest last; none where there is no journal."""
    options = [f"--lines={LINES}", "--output=short-iso", "--no-pager", "--quiet", "--no-hostname"]
    return await _read(*(f"--unit={unit}" for unit in UNITS), *options)


async def _read(*options: str) -> list[str]:
    try:
        process = await asyncio.create_subprocess_exec(
            "journalctl",
            *options,
            stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.DEVNULL,
        )
    except (OSError, RuntimeError):  # no such program; no process or thread can be started
        return []
    output = b""
    try:
        assert process.stdout
        async with asyncio.timeout(TIMEOUT_S):
            while len(output) < MAX_BYTES and (part := await process.stdout.read(MAX_BYTES - len(output))):
                output += part
            if len(output) < MAX_BYTES:
                # It ends by itself, and would be in the way of whoever kills it meanwhile.
                await process.wait()
    except TimeoutError:
        return []
    finally:
        if process.returncode is None:
            process.kill()
        await process.wait()
    lines = output.decode(errors="replace").splitlines()
    return ["".join(letter if letter.isprintable() else "?" for letter in line)[:500] for line in lines]


async def moods_today() -> dict[str, int] | None:
    """Count today's looks by mood; None where the journal has none, as without `service.log_moods`."""
    options = ["--since=today", "--output=cat", "--output-fields=MOODBOX_MOOD", "--quiet"]
    found = await _read("--unit=moodbox.service", "MOODBOX_VERDICT=mood", *options)
    counts = Counter(line for line in found if line in set(Mood))
    return dict(counts) or None


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
