"""Pieces of music that people have judged: MIDI files, and what people felt while they played."""

from __future__ import annotations

import csv
from dataclasses import dataclass
from pathlib import Path

from converter.errors import DataError

PEOPLE_FILE, MIDI_FOLDER = "people.csv", "midi"
COLUMNS = ("midi", "game", "valence", "arousal")


@dataclass(frozen=True)
class JudgedPiece:
    """A piece and the mean judgement of its listeners, from -1 to 1.

    `group` names pieces that belong together, such as those of one game: a model is never tried on a piece of
    a group that it was fitted to.
    """

    midi: Path
    group: str
    valence: float
    arousal: float

    @property
    def name(self) -> str:
        """The file's name without its extension."""
        return self.midi.stem


def read_pieces(folder: Path) -> tuple[JudgedPiece, ...]:
    """Read the pieces of a folder with `people.csv` and `midi/`, in the order of the table.

    Raises:
        DataError: the table is missing or damaged, or one of its pieces is not there.
    """
    table = folder / PEOPLE_FILE
    try:
        with table.open(encoding="utf-8", newline="") as file:
            pieces = tuple(_piece(row, folder) for row in csv.DictReader(file))
    except (OSError, KeyError, TypeError, ValueError) as error:
        raise DataError(
            f"{table}: expected a table with the columns {', '.join(COLUMNS)} ({error})"
        ) from error
    for piece in pieces:
        if not piece.midi.is_file():
            raise DataError(f"{piece.midi}: is not there, but {PEOPLE_FILE} names it")
    if len({piece.group for piece in pieces}) < 3:
        raise DataError(
            f"{table}: has pieces of fewer than three games: nothing could be tried on another game"
        )
    return pieces


def _piece(row: dict[str, str], folder: Path) -> JudgedPiece:
    valence, arousal = float(row["valence"]), float(row["arousal"])
    if not (-1 <= valence <= 1 and -1 <= arousal <= 1):
        raise ValueError(f"{row['midi']}: judgements are from -1 to 1")
    return JudgedPiece(folder / MIDI_FOLDER / Path(row["midi"]).name, row["game"], valence, arousal)
