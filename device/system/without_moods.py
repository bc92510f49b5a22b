"""Keeps moods out of the log, which is a diary otherwise: who was how, and when."""

from __future__ import annotations

import logging

from device.mood import Mood
from device.mood_estimate import MoodEstimate

MOODS = frozenset(map(str, Mood))
IN_PLACE = "a mood"
FIELDS = "MOODBOX_"


class WithoutMoods(logging.Filter):
    """Replaces each mood in a record: values that are one, and texts that end with one."""

    def filter(self, record: logging.LogRecord) -> bool:
        """Change the record; it is logged in any case."""
        if isinstance(record.args, tuple):
            record.args = tuple(map(_without, record.args))
        for name, value in vars(record).items():
            if name.startswith(FIELDS) and value in MOODS:
                setattr(record, name, "")
        return True


def _without(value: object) -> object:
    if isinstance(value, Mood | MoodEstimate):
        return IN_PLACE
    if isinstance(value, str):
        words, space, last = value.rpartition(" ")
        return f"{words}{space}{IN_PLACE}" if last in MOODS else value
    return value
