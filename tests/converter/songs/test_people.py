"""Reading the pieces that people have judged."""

from __future__ import annotations

from pathlib import Path

import pytest

from converter.errors import DataError
from converter.songs.people import read_pieces

HEAD = "midi,game,valence,arousal,raters\n"


def write(folder: Path, *rows: str) -> Path:
    (folder / "midi").mkdir(exist_ok=True)
    for row in rows:
        (folder / "midi" / row.split(",")[0]).touch()
    (folder / "people.csv").write_text(HEAD + "".join(f"{row}\n" for row in rows))
    return folder


def test_pieces_are_read_in_the_order_of_the_table(tmp_path: Path) -> None:
    write(tmp_path, "b.mid,Two,-0.5,1,30", "a.mid,One,0.25,0,31", "c.mid,Three,0,0,30")
    first, second, _ = read_pieces(tmp_path)
    assert (first.name, first.group, first.valence, first.arousal) == ("b", "Two", -0.5, 1)
    assert second.midi == tmp_path / "midi" / "a.mid"


@pytest.mark.parametrize(
    "row", ["a.mid,One,2,0,30", "a.mid,One,nan,0,30", "a.mid,One,much,0,30", "a.mid,One"]
)
def test_a_damaged_table_is_named_in_one_line(tmp_path: Path, row: str) -> None:
    with pytest.raises(DataError, match=r"people\.csv: expected a table with the columns midi, game"):
        read_pieces(write(tmp_path, row))


def test_a_missing_table_or_piece_is_named(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="people"):
        read_pieces(tmp_path)
    folder = write(tmp_path, "a.mid,One,0,0,30", "b.mid,Two,0,0,30", "c.mid,Three,0,0,30")
    (folder / "midi" / "b.mid").unlink()
    with pytest.raises(DataError, match=r"b\.mid: is not there"):
        read_pieces(folder)


def test_pieces_of_two_games_are_too_few_to_try_a_model_on_others(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="fewer than three games"):
        read_pieces(write(tmp_path, "a.mid,One,0,0,30", "b.mid,Two,0,0,30"))
