"""Damage to the files of a box, for tests, and what is reported of it."""

from __future__ import annotations

import logging
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest


def change(file: Path, script: str) -> None:
    with closing(sqlite3.connect(file)) as database:
        database.executescript(script)


def warnings_in(caplog: pytest.LogCaptureFixture) -> list[str]:
    return [record.getMessage() for record in caplog.records if record.levelno >= logging.WARNING]


BAD_ROWS = {
    "an unknown mood": "UPDATE tallies SET mood = 'haqpy' WHERE mood = 'happy'",
    "an unknown mood of a queued song": "UPDATE queued SET mood = 'haqpy' WHERE position = 3",
    "a mood of bytes of a requested song": "UPDATE asked SET mood = x'68' WHERE position = 1",
    "an unknown kind of play count": "UPDATE tallies SET kind = 'sonf' WHERE mood = 'happy'",
    "a text for a number": "UPDATE tallies SET heard = 'one' WHERE mood = 'happy'",
    "a count below zero": "UPDATE tallies SET heard = -0.5 WHERE mood = 'happy'",
    "a negative number": "UPDATE tallies SET skipped = -4 WHERE mood = 'happy'",
    "a number that is too large": f"UPDATE tallies SET skipped = {2**62} WHERE mood = 'happy'",
    "bytes for a text": "UPDATE tallies SET name = CAST(name AS BLOB) WHERE mood = 'happy'",
    "a text that is not UTF-8": "UPDATE tallies SET name = CAST(x'c328' AS TEXT) WHERE mood = 'happy' AND 1",
    "a valence out of range": "UPDATE words SET valence = 1.5 WHERE valence = 0.5",
    "an infinite energy": "UPDATE words SET energy = 9e999 WHERE valence = 0.5",
    "a negative id": "UPDATE queued SET id = -1 WHERE position = 3",
    "no row of the server": "DELETE FROM server",
    "two rows instead of one": "INSERT INTO server (above, started, version) VALUES (0, 0, 0)",
    "an infinite start time": "UPDATE server SET started = 9e999",
    "the largest number of a played song": f"UPDATE played SET number = {2**63 - 1} WHERE number = 9",
    "a sequence at its largest number": f"UPDATE sqlite_sequence SET seq = {2**63 - 1}",
    "a text for a sequence": "UPDATE sqlite_sequence SET seq = 'many'",
}


BAD_SONGS = {
    "an energy out of range": "UPDATE songs SET energy = -0.5 WHERE uri = '{}'",
    "an infinite valence": "UPDATE songs SET valence = 9e999 WHERE uri = '{}'",
    "an unknown source": "UPDATE songs SET source = 'genrd' WHERE uri = '{}'",
    "bytes for a text": "UPDATE songs SET artist = x'00' WHERE uri = '{}'",
    "a text that is not UTF-8": "UPDATE songs SET genre = CAST(x'c328' AS TEXT) WHERE uri = '{}'",
    "a missing brightness": "UPDATE sounds SET brightness = NULL WHERE uri = '{}'",
    "an infinite loudness": "UPDATE sounds SET loudness = 9e999 WHERE uri = '{}'",
    "a tempo of zero": "UPDATE sounds SET tempo = 0 WHERE uri = '{}'",
    "a text for a feature": "UPDATE sounds SET mode = 'minor' WHERE uri = '{}'",
    "a comment of bytes": "UPDATE comments SET mood = x'00' WHERE uri = '{}'",
    "no row of the progress": "DELETE FROM progress",
    "two rows instead of one": "INSERT INTO progress (stamp, reading, position) VALUES ('one', 1, -1)",
    "a position that is too small": "UPDATE progress SET position = -2",
    "a position that is too large": f"UPDATE progress SET position = {2**40}",
    "a text for the number of the scan": "UPDATE progress SET reading = 'first'",
}
