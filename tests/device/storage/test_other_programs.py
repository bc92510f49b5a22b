"""What other programs do with the files of a box that runs: lock them, replace them, add columns."""

from __future__ import annotations

import shutil
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from device.health import Health
from device.library.index import LibraryIndex
from device.playback.guarded_memory import GuardedMemory
from device.playback.memory import Memory
from device.storage import sqlite
from tests.device.storage.damage import change, warnings_in
from tests.device.storage.sample_files import ask_all


def busy_timeout(memory: Memory) -> int:
    (milliseconds,) = memory._database.execute("PRAGMA busy_timeout").fetchone()
    return int(milliseconds)


def test_a_file_that_another_process_has_locked_makes_one_answer_late_and_no_more(
    state: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sqlite, "BUSY_TIMEOUT_S", 0.05)
    health = Health()
    with closing(Memory.open(state)) as memory:
        guarded = GuardedMemory(memory, health)
        with closing(sqlite3.connect(state / "moodbox.db")) as other:
            other.execute("BEGIN IMMEDIATE")
            for _ in range(3):
                guarded.keep(lambda memory: memory.keep_played("a.ogg"))
                assert "locked" in health.trouble["storage"]
                assert busy_timeout(memory) == 0
        guarded.keep(lambda memory: memory.keep_played("b.ogg"))
        assert health.trouble == {}
        assert busy_timeout(memory) == 50
        assert memory.played(1) == ("b.ogg",)


@pytest.mark.parametrize("how", ["overwritten", "replaced"])
def test_junk_in_place_of_a_file_that_is_open_is_put_aside_and_the_next_play_is_kept(
    state: Path, caplog: pytest.LogCaptureFixture, how: str
) -> None:
    health, path = Health(), state / "moodbox.db"
    with closing(Memory.open(state)) as memory:
        guarded = GuardedMemory(memory, health)
        guarded.keep(lambda memory: memory.keep_played("a.ogg"))
        if how == "replaced":
            path.rename(state / "away")
        path.write_bytes(b"junk" * 5000)
        for uri in ("b.ogg", "c.ogg"):
            guarded.keep(lambda memory, uri=uri: memory.keep_played(uri))  # type: ignore[misc]
        assert guarded.played(1) == ("c.ogg",)
    assert any("moodbox.damaged" in warning for warning in warnings_in(caplog))
    assert health.trouble == {}
    with closing(Memory.open(state)) as memory:
        assert memory.played(1) == ("c.ogg",)


def test_a_file_that_another_one_has_replaced_is_the_one_that_is_used(state: Path, tmp_path: Path) -> None:
    """Whoever restores a copy while the box runs finds what is learned from then on in it."""
    shutil.copy(state / "moodbox.db", tmp_path / "copy")
    with closing(Memory.open(state)) as memory:
        memory.keep_own_affect("later.ogg", 0.5, 0.5)
        (tmp_path / "copy").replace(state / "moodbox.db")
        memory.keep_played("new.ogg")
    with closing(Memory.open(state)) as memory:
        assert memory.played(1) == ("new.ogg",)


def test_a_column_that_was_added_to_a_table_harms_nothing(
    state: Path, caplog: pytest.LogCaptureFixture
) -> None:
    for database in (Memory, LibraryIndex):
        for table in database.tables:
            if not table.name.startswith("sqlite"):
                change(state / database.file, f"ALTER TABLE {table.name} ADD COLUMN remark TEXT")
    ask_all(state)
    with closing(LibraryIndex.open(state)) as index:
        assert index.count()
    assert warnings_in(caplog) == []
