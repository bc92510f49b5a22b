"""Damage that SQLite does not notice: the rows that are valid are kept."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from device.health import Health
from device.library.index import DONE, LibraryIndex, Progress
from device.mood import Mood
from device.playback.guarded_memory import GuardedMemory
from device.playback.memory import Memory
from device.storage.database import DatabaseFile
from tests.device.estimates import certain
from tests.device.storage.damage import BAD_ROWS, BAD_SONGS, change, warnings_in
from tests.device.storage.sample_files import FEATURES, OWNERSHIP, URIS, ask_all

OTHER_MOODS = [mood for mood in Mood if mood is not Mood.HAPPY]


@pytest.mark.parametrize("script", BAD_ROWS.values(), ids=BAD_ROWS)
def test_an_invalid_row_is_lost_and_its_file_is_quarantined(
    state: Path, script: str, caplog: pytest.LogCaptureFixture
) -> None:
    path = state / "moodbox.db"
    change(path, script.replace(" AND 1", " AND name = 'Blues'"))
    damaged = path.read_bytes()
    with closing(Memory.open(state)) as memory:
        assert len(memory.own_affects()) >= 19
        assert len(memory.played(500)) >= 59
        assert len(memory.ownership().entries) >= 11
        assert all(memory.play_statistics(certain(mood)).songs for mood in OTHER_MOODS)
        memory.keep_played("new.ogg")
        memory.keep_play(certain(Mood.HAPPY), "new.ogg", "Blues", completed=True)
        assert memory.played(1) == ("new.ogg",)
        assert memory.play_statistics(certain(Mood.HAPPY)).songs["new.ogg"] == (1, 0)
    (warning,) = warnings_in(caplog)
    assert warning.startswith(f"{path}: damaged (")
    assert "moved to moodbox.damaged; the box keeps " in warning
    assert (state / "moodbox.damaged").read_bytes() == damaged
    ask_all(state)
    assert len(warnings_in(caplog)) == 1


def test_a_flipped_bit_in_a_mood_loses_only_what_was_learned_of_it(
    state: Path, caplog: pytest.LogCaptureFixture
) -> None:
    with closing(Memory.open(state)) as memory:
        before = {mood: memory.play_statistics(certain(mood)).genres for mood in OTHER_MOODS}
    path = state / "moodbox.db"
    content = path.read_bytes()
    # In the play counts of genres, not of songs, whose names begin with the same letters.
    path.write_bytes(content.replace(b"happygenre", b"haqpygenre"))
    assert path.read_bytes() != content
    with closing(Memory.open(state)) as memory:
        assert memory.ownership() == OWNERSHIP
        assert {mood: memory.play_statistics(certain(mood)).genres for mood in OTHER_MOODS} == before
        assert memory.play_statistics(certain(Mood.HAPPY)).genres == {}
        assert memory.play_statistics(certain(Mood.HAPPY)).songs
    assert "invalid enum value 'haqpy'" in warnings_in(caplog)[0].casefold()


@pytest.mark.parametrize("script", BAD_SONGS.values(), ids=BAD_SONGS)
def test_an_invalid_row_of_the_index_is_deleted_and_the_library_scanned_again(
    state: Path, script: str, caplog: pytest.LogCaptureFixture
) -> None:
    change(state / "songs.db", script.format(URIS[1]))
    with LibraryIndex.opened_for_command(state) as index:
        assert index.progress() == Progress("", 1, 0)
        assert len(index.table()) >= len(URIS) - 1
        assert len(index.features(URIS)) >= 89
        assert len(index.comments(URIS)) >= len(URIS) - 1
        assert index.begin("two").scan_number == 2
    (warning,) = warnings_in(caplog)
    assert warning.startswith(f"{state / 'songs.db'}: damaged rows (")
    assert sorted(path.name for path in state.iterdir()) == ["moodbox.db", "songs.db"]
    ask_all(state)
    assert len(warnings_in(caplog)) == 1


def test_the_caller_gets_an_error_for_a_damaged_index_and_finds_it_rebuilt(state: Path) -> None:
    change(state / "songs.db", BAD_SONGS["an unknown source"].format(URIS[1]))
    with closing(LibraryIndex.open(state)) as index:
        with pytest.raises(sqlite3.DatabaseError, match="nvalid enum value 'genrd'"):
            index.table()
        assert len(index.table()) == len(URIS) - 1
        assert index.progress().stamp == ""


def test_a_song_with_invalid_features_is_analyzed_again(state: Path) -> None:
    change(state / "songs.db", f"UPDATE sounds SET brightness = NULL WHERE uri = '{URIS[1]}'")
    with LibraryIndex.opened_for_command(state) as index:
        assert index.analysis(URIS[2]) == FEATURES
        assert index.analysis(URIS[1]) is None
        assert URIS[1] in {song.uri for song in index.unanalyzed("", 99, known=True)}


@pytest.mark.parametrize(
    "script",
    [
        "DROP TABLE words",
        "DROP TABLE server",
        "ALTER TABLE tallies RENAME COLUMN heard TO hearc",
        "ALTER TABLE played RENAME TO plaxed",
        "PRAGMA user_version = 0",
        "PRAGMA user_version = -3",
    ],
)
def test_a_wrong_table_is_made_again_and_the_others_keep_their_rows(
    state: Path, script: str, caplog: pytest.LogCaptureFixture
) -> None:
    change(state / "moodbox.db", script)
    with closing(Memory.open(state)) as memory:
        assert memory.ownership().entries == OWNERSHIP.entries
        assert bool(memory.own_affects()) is ("words" not in script)
        assert bool(memory.played(1)) is ("played" not in script)
    assert "moodbox.db: damaged (" in warnings_in(caplog)[0]
    ask_all(state)


def test_damage_found_while_the_box_runs_is_repaired_at_once(
    state: Path, caplog: pytest.LogCaptureFixture
) -> None:
    health = Health()
    with closing(Memory.open(state)) as memory:
        guarded = GuardedMemory(memory, health)
        change(state / "moodbox.db", BAD_ROWS["a text for a number"])
        play_statistics = guarded.recall(lambda memory: memory.play_statistics(certain(Mood.SAD)))
        assert play_statistics
        assert play_statistics.songs
        change(state / "moodbox.db", "DROP TABLE words")
        assert guarded.recall(Memory.own_affects) == {}
        guarded.keep(lambda memory: memory.keep_own_affect("a.ogg", 0.5, 0.5))
        assert guarded.recall(Memory.own_affects)
    assert health.trouble == {}
    assert [warning.partition("moved to ")[2][:18] for warning in warnings_in(caplog)] == [
        "moodbox.damaged; t",
        "moodbox.damaged.2;",
    ]


def test_a_failed_write_to_a_damaged_file_is_trouble_until_the_next_write_succeeds(state: Path) -> None:
    health = Health()
    with closing(Memory.open(state)) as memory:
        guarded = GuardedMemory(memory, health)
        change(state / "moodbox.db", "DROP TABLE played")
        guarded.keep(lambda memory: memory.keep_played("a.ogg"))
        assert "no such table" in health.trouble["storage"]
        guarded.keep(lambda memory: memory.keep_played("b.ogg"))
        assert health.trouble == {}
        assert guarded.played(9) == ("b.ogg",)
        assert len(memory.own_affects()) == 20


def test_each_file_declares_the_types_of_all_its_columns() -> None:
    """Without a type, a column would be neither validated nor recovered."""
    for database in (Memory, LibraryIndex):
        with closing(database.in_memory()) as fresh:
            tables = dict(_tables(fresh))
        assert {table.name: sorted(table.row_types[0]) for table in database.tables} == tables
    assert DONE == -1


def _tables(database: DatabaseFile) -> Iterator[tuple[str, list[str]]]:
    ask = database._database.execute
    for (name,) in ask("SELECT name FROM sqlite_schema WHERE type = 'table'").fetchall():
        yield name, sorted(row[1] for row in ask(f"PRAGMA table_info({name})"))
