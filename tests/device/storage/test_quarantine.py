"""Files that are quarantined, files that are not, and who owns the new ones."""

from __future__ import annotations

import os
import shutil
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest

from device.config.settings import Settings
from device.errors import MemoryFileError
from device.library.index import LibraryIndex
from device.mood import Mood
from device.playback.memory import Memory
from device.playback.memory.schema import MIGRATIONS
from device.storage.quarantine import MAX_QUARANTINED
from tests.device.cli.commands import moodbox_process
from tests.device.estimates import certain
from tests.device.storage.damage import BAD_ROWS, change, warnings_in
from tests.device.storage.sample_files import OWNERSHIP, ask_all


def test_a_file_of_a_newer_version_is_quarantined_and_its_known_rows_are_kept(
    state: Path, caplog: pytest.LogCaptureFixture
) -> None:
    newer = len(MIGRATIONS) + 1
    more = "CREATE TABLE dreams (uri TEXT); ALTER TABLE words ADD COLUMN why TEXT;"
    change(state / "moodbox.db", f"{more} PRAGMA user_version = {newer}")
    with closing(Memory.open(state)) as memory:
        assert memory.ownership() == OWNERSHIP
        assert len(memory.own_affects()) == 20
        assert memory.play_statistics(certain(Mood.HAPPY)).songs
    (warning,) = warnings_in(caplog)
    assert (
        f"of a newer moodbox (version {newer}; this moodbox knows {newer - 1}), moved to moodbox.newer"
        in warning
    )
    with closing(sqlite3.connect(state / "moodbox.newer")) as aside:
        assert aside.execute("PRAGMA user_version").fetchone() == (newer,)
        aside.execute("SELECT uri FROM dreams")
    ask_all(state)
    assert len(warnings_in(caplog)) == 1


def test_the_first_quarantined_files_are_never_replaced(tmp_path: Path) -> None:
    path = tmp_path / "moodbox.db"
    for number in range(MAX_QUARANTINED + 2):
        path.write_bytes(b"not a database %d" % number * 100)
        with closing(Memory.open(tmp_path)) as memory:
            memory.keep_played("a")
    aside = {file.name: file.read_bytes()[15:16] for file in tmp_path.glob("*.damaged*")}
    assert aside == {"moodbox.damaged": b"0", "moodbox.damaged.2": b"1", "moodbox.damaged.3": b"4"}


def test_the_content_of_sqlites_log_is_quarantined_with_its_file(state: Path, tmp_path: Path) -> None:
    left = tmp_path / "left"
    with closing(Memory.open(state)) as memory:
        memory.keep_own_affect("last.ogg", 0.5, 0.5)
        shutil.copytree(state, left)
    with (left / "moodbox.db").open("r+b") as file:
        file.write(b"not a database")  # where SQLite's log has nothing
    Memory.open(left).close()
    with (left / "moodbox.damaged").open("r+b") as file:
        file.write(b"SQLite format 3\0"[:14])
    with closing(sqlite3.connect(left / "moodbox.damaged")) as repaired:
        assert repaired.execute("SELECT uri FROM words WHERE uri = 'last.ogg'").fetchall()


def test_a_file_that_another_process_has_open_is_not_renamed(
    settings_file: Path, settings: Settings, caplog: pytest.LogCaptureFixture
) -> None:
    state = settings.service.state_path()
    with closing(Memory.open(state)) as memory:
        memory.keep_own_affect("a.ogg", 0.5, 0.5)
        change(state / "moodbox.db", "UPDATE words SET valence = 'x'")
        asked = moodbox_process("forget", "--settings", settings_file)
        assert asked.returncode == 1
        (line,) = asked.stderr.splitlines()
        assert (
            "moodbox.db: damaged, and the running box has it open: `sudo systemctl restart moodbox`" in line
        )
        assert sorted(path.name for path in state.iterdir())[0] == "moodbox.db"
        memory.keep_own_affect("b.ogg", 0.5, 0.5)
        assert list(memory.own_affects()) == ["b.ogg"]  # the process that has it open can repair it
    assert moodbox_process("forget", "--settings", settings_file).returncode == 0


@pytest.mark.parametrize("beside", ["", "-wal", "-shm", "-journal"])
@pytest.mark.parametrize("kind", ["folder", "pipe", "link to nowhere"])
def test_anything_but_a_file_at_a_files_path_is_quarantined(state: Path, beside: str, kind: str) -> None:
    for database in (Memory, LibraryIndex):
        path = state / f"{database.file}{beside}"
        path.unlink(missing_ok=True)
        if kind == "folder":
            path.mkdir()
            (path / "something").touch()
        elif kind == "pipe":
            os.mkfifo(path)
        else:
            path.symlink_to(state / "nowhere" / "at all")
    ask_all(state)
    assert os.path.lexists(state / f"moodbox.damaged{beside}")
    if beside:
        with closing(Memory.open(state)) as memory:
            assert memory.ownership() == OWNERSHIP


@pytest.mark.parametrize("beside", ["", "-wal", "-shm", "-journal"])
def test_an_empty_file_is_used_as_a_new_one(
    state: Path, beside: str, caplog: pytest.LogCaptureFixture
) -> None:
    (state / f"moodbox.db{beside}").write_bytes(b"")
    (state / f"songs.db{beside}").write_bytes(b"")
    ask_all(state)
    with closing(Memory.open(state)) as memory:
        assert len(memory.own_affects()) == (20 if beside else 0)
    assert not warnings_in(caplog)


@contextmanager
def another_user() -> Iterator[None]:
    """Run the block as another user if the tests run as root, who can read every file."""
    root = os.getuid() == 0
    if root:
        os.setresuid(65534, 65534, 0)
    try:
        yield
    finally:
        if root:
            os.setresuid(0, 0, 0)


def test_an_error_names_an_unreadable_file_and_the_remedy() -> None:
    with TemporaryDirectory() as name:  # pytest's own is for its user alone
        folder = Path(name)
        folder.chmod(0o777)
        Memory.open(folder).close()
        (folder / "moodbox.db").chmod(0)
        match = r"may not be read and written .*`sudo chown "
        with another_user(), pytest.raises(MemoryFileError, match=match):
            Memory.open(folder)
        assert [path.name for path in folder.iterdir()] == ["moodbox.db"]


def test_a_power_failure_between_the_two_renames_loses_nothing(
    state: Path, caplog: pytest.LogCaptureFixture
) -> None:
    (state / "moodbox.db").rename(state / "moodbox.db.new")
    with closing(Memory.open(state)) as memory:
        assert memory.ownership() == OWNERSHIP
    assert not warnings_in(caplog)


def test_a_full_disk_leaves_the_damaged_file_in_place(state: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = state / "moodbox.db"
    change(path, BAD_ROWS["a text for a number"])
    before = path.read_bytes()
    full = "PRAGMA max_page_count = 1; CREATE TABLE more (x); INSERT INTO more VALUES (zeroblob(100000));"
    with monkeypatch.context() as patch:
        patch.setattr(Memory, "after_recovery", full)  # SQLite then raises its own error for a full disk
        with pytest.raises(MemoryFileError, match="disk is full"):
            Memory.open(state)
    assert path.read_bytes() == before
    assert not list(state.glob("*.damaged*"))
    with closing(Memory.open(state)) as memory:
        assert memory.ownership() == OWNERSHIP


def test_processes_that_create_a_file_at_the_same_time_find_no_damage(tmp_path: Path) -> None:
    code = (
        "import sys; from pathlib import Path; from device.playback.memory import Memory\n"
        "print(flush=True); sys.stdin.readline(); Memory.open(Path(sys.argv[1])).keep_played('a')"
    )
    command = [sys.executable, "-c", code, tmp_path]
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "stderr": subprocess.PIPE}
    processes = [subprocess.Popen(command, text=True, **pipes) for _ in range(6)]  # type: ignore[call-overload]
    for process in processes:
        process.stdout.readline()
    for process in processes:
        process.stdin.write("\n")
        process.stdin.flush()
    errors = [process.communicate(timeout=60)[1] for process in processes]
    assert not any("damaged" in error for error in errors)
    assert not list(tmp_path.glob("*.damaged*"))
    with closing(Memory.open(tmp_path)) as memory:
        assert memory.played(9)


@pytest.mark.parametrize("kind", [Memory, LibraryIndex])
@pytest.mark.parametrize("beside", ["", "-wal", "-shm", "-journal"])
def test_check_reports_a_pipe_and_does_not_open_it(
    state: Path, kind: type[Memory | LibraryIndex], beside: str
) -> None:
    occupied = state / f"{kind.file}{beside}"
    occupied.unlink(missing_ok=True)
    os.mkfifo(occupied)
    with pytest.raises(MemoryFileError, match=r"is not a file.*moves it aside"):
        kind.check(state)


@pytest.mark.parametrize("kind", [Memory, LibraryIndex])
def test_a_damaged_file_is_repaired_whatever_folders_are_in_the_way(
    state: Path, kind: type[Memory | LibraryIndex]
) -> None:
    (state / kind.file).write_bytes(b"not a database" * 1000)
    names = ["damaged", *(f"damaged.{number}" for number in range(2, MAX_QUARANTINED + 1))]
    folders = [state / f"{kind.file}.new", *((state / kind.file).with_suffix(f".{name}") for name in names)]
    for folder in folders:
        (folder / "something").mkdir(parents=True)
    kind.open(state).close()
    assert kind.check(state) == ""
    assert len(list(state.glob("*/something"))) == len(folders)
