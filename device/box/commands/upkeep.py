"""What keeps a box in order from afar: how it is, a restart, what was learned, and to forget that."""

from __future__ import annotations

import logging
import os
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from time import monotonic

from device import __version__
from device.box.commands.reply import OK, Actions, Reply
from device.config.settings import Settings
from device.control import page_commands as page
from device.health import Health, Part
from device.playback.guarded_memory import GuardedMemory
from device.playback.memory import Memory
from device.system.machine import memory_mb, temperature

log = logging.getLogger(__name__)

SHORTEST_RUN = timedelta(minutes=2)
"""systemd gives up on a box that starts eight times in 15 minutes."""
NOT_FORGOTTEN = "the box cannot write its memory: `moodbox status` says why"
NOT_READ = "the box cannot read its memory: `moodbox status` says why"
MOST_GENRES = 60  # that are told, of all moods together
NO_SYSTEMD = "nothing would start this box again: it was not started by systemd"
CHECKED = (
    Part.SETTINGS, Part.MODEL, Part.CAMERA, Part.PANEL, Part.PLAYER, Part.LIBRARY, Part.STORAGE,
)  # fmt: skip


class Upkeep:
    """Carries out `health`, `restart`, `learned` and `forget`. Used by the loop's thread alone."""

    def __init__(self, chosen: Settings, health: Health, memory: Memory, end: Callable[[], None]) -> None:
        """Take what is asked about.

        Args:
            chosen: The settings that the box runs with.
            health: The problems of all parts.
            memory: What is forgotten.
            end: Ends the box as a signal does.
        """
        self._settings = chosen
        self._health = health
        self._memory = GuardedMemory(memory, health)
        self._end = end
        self._since = datetime.now(UTC)
        self._started = monotonic()  # the clock may be set while the box runs

    @property
    def actions(self) -> Actions:
        """What it does for which command."""
        return {
            page.HealthReport: lambda _: self._report(),
            page.Restart: lambda _: self._restart(),
            page.Learned: lambda _: self._memory.recall(_learned) or {"error": NOT_READ},
            page.Forget: lambda _: self._forget(),
        }

    def _report(self) -> Reply:
        """Nothing is opened for it: what works is known from its work."""
        trouble = self._health.trouble
        works = {
            Part.SETTINGS: "every key is known and in range",
            Part.MODEL: self._settings.model.file().stem,
            Part.CAMERA: self._settings.camera.source,
            Part.PANEL: f"lights and a button at GPIO{self._settings.panel.button}",
            Part.PLAYER: f"MPD at {self._settings.music.address}",
            Part.LIBRARY: "there are songs",
            Part.STORAGE: str(self._settings.service.state_path()),
        }
        parts = [*CHECKED, *sorted(trouble.keys() - {str(part) for part in CHECKED})]
        return {
            "parts": [
                {
                    "part": str(part),
                    "well": str(part) not in trouble,
                    "what": trouble.get(str(part)) or works.get(Part(part), ""),
                }
                for part in parts
            ],
            "temperature": temperature(),
            "memory": memory_mb(),
            "version": __version__,
            "since": self._since.isoformat(timespec="seconds"),
        }

    def _forget(self) -> Reply:
        if not self._memory.keep(Memory.forget):
            return {"error": NOT_FORGOTTEN}
        log.info("what was learned and played is forgotten")
        return OK

    def _restart(self) -> Reply:
        if "NOTIFY_SOCKET" not in os.environ:
            return {"error": NO_SYSTEMD}
        wait = SHORTEST_RUN.total_seconds() - (monotonic() - self._started)
        if wait > 0:
            return {"error": f"the box has just started: try again in {int(wait) + 1} s"}
        self._end()
        return OK


def _learned(memory: Memory) -> Reply:
    songs, heard, skipped = memory.counts()
    genres = sorted(memory.counted_genres(), key=lambda row: -(row[2] + row[3]))[:MOST_GENRES]
    bias = memory.mood_bias()
    return {
        "songs": songs,
        "heard": round(heard),
        "skipped": round(skipped),
        "genres": [
            {"mood": str(mood), "genre": genre, "heard": round(heard, 1), "skipped": round(skipped, 1)}
            for mood, genre, heard, skipped in genres
        ],
        "moods": {str(mood): round(bias.factor(mood), 2) for mood in bias.counts},
    }
