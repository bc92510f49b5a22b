"""Carries what a box has learned to another one, as JSON."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

import msgspec

from device.config.settings import Settings
from device.errors import MemoryFileError
from device.mood import Mood
from device.personal_data.no_box import while_no_box_runs
from device.playback.memory import Memory
from device.playback.memory.schema import BiasCount, CountKind, Plays
from device.storage.regular_file import read_regular_file
from device.storage.rows import Share

MAX_BYTES = 64 << 20
TABLES = ("tallies", "words", "excluded", "mood_bias")


class PlayCounts(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """How often a song, by its URI, or a genre was played through or skipped in a mood."""

    mood: Mood
    kind: CountKind
    name: str
    completed: Plays
    skipped: Plays


class OwnAffect(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Where somebody has put a song."""

    uri: str
    valence: Share
    energy: Share


class Learned(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What a box has learned, as far as it is not about its place or its queue.

    Attributes:
        version: Of this format.
        play_counts: From songs that were played through or skipped.
        affects: What was said with `moodbox mood`.
        never: URIs, from `moodbox never`.
        mood_bias: A count for each mood, from corrections.
    """

    version: Literal[1]
    play_counts: tuple[PlayCounts, ...]
    affects: tuple[OwnAffect, ...]
    never: tuple[str, ...]
    mood_bias: dict[Mood, BiasCount]

    @property
    def text(self) -> str:
        """The JSON, with a line for each entry, so that two of them can be compared."""
        return msgspec.json.format(msgspec.json.encode(self), indent=1).decode()


def export(folder: Path) -> Learned:
    """Read what a box has learned, which may run.

    Args:
        folder: The box's, with its files.

    Raises:
        MemoryFileError: Its memory cannot be read.
    """
    with Memory.opened_for_command(folder) as memory:
        plays, affects, never, bias = (memory.rows_of(table) for table in TABLES)
    return Learned(
        1,
        tuple(PlayCounts(*row) for row in plays),
        tuple(OwnAffect(*row) for row in affects),
        tuple(uri for (uri,) in never),
        dict(bias),
    )


def read(path: Path) -> Learned:
    """Read a file that `export` made, and check it like any other input.

    Raises:
        MemoryFileError: It cannot be read, or contains something else.
    """
    try:
        return msgspec.json.decode(read_regular_file(path, MAX_BYTES), type=Learned)
    except OSError as error:
        raise MemoryFileError(f"{path}: {error.strerror}") from error
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise MemoryFileError(f"{path}: not what `moodbox export` prints: {error}") from error


def replace(settings: Settings, folder: Path, learned: Learned) -> None:
    """Put it in the place of what this box has learned.

    Raises:
        ServiceError: A box runs, which would not notice it.
        MemoryFileError: It cannot be written; nothing was changed then.
    """
    rows = (
        [msgspec.structs.astuple(counts) for counts in learned.play_counts],
        [msgspec.structs.astuple(affect) for affect in learned.affects],
        [(uri,) for uri in learned.never],
        list(learned.mood_bias.items()),
    )
    with (
        while_no_box_runs(settings, "would not notice it"),
        Memory.opened_for_command(folder) as memory,
    ):
        memory.replace_rows(dict(zip(TABLES, rows, strict=True)))
