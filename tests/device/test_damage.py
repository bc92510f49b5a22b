"""Damage that SQLite does not see, and files of another version: what is still good is not lost by it."""

from __future__ import annotations

import hashlib
import logging
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

from device.aside import MOST
from device.database import Kept
from device.errors import MemoryFileError
from device.memory import STEPS, Memory
from device.mood import Mood
from device.music.catalogue import DONE, Catalogue, Progress
from device.music.notebook import Notebook
from device.music.places import Source
from device.music.taste import NO_TASTE
from device.settings import Settings
from tests.device.kept import HELD, SOUND, URIS, ask_all, fill
from tests.device.test_cli import moodbox

OTHER_MOODS = [mood for mood in Mood if mood is not Mood.HAPPY]


@pytest.fixture
def state(tmp_path: Path) -> Path:
    """What a box keeps that was told to end."""
    folder = tmp_path / "state"
    with closing(Memory.open(folder)) as memory, closing(Catalogue.open(folder)) as catalogue:
        fill(memory, catalogue)
    return folder


def change(file: Path, script: str) -> None:
    with closing(sqlite3.connect(file)) as database:
        database.executescript(script)


def words(caplog: pytest.LogCaptureFixture) -> list[str]:
    return [record.getMessage() for record in caplog.records if record.levelno >= logging.WARNING]


def digest(folder: Path) -> dict[str, str]:
    return {
        path.name: hashlib.sha256(path.read_bytes()).hexdigest()
        for path in folder.iterdir()
        if path.is_file() and not path.name.endswith(("-shm", "-wal"))
    }


BAD_ROWS = {
    "a mood that there is not": "UPDATE tallies SET mood = 'haqpy' WHERE mood = 'happy'",
    "a mood that there is not, of a queued song": "UPDATE queued SET mood = 'haqpy' WHERE position = 3",
    "one of a song that was asked for": "UPDATE asked SET mood = x'68' WHERE position = 1",
    "a kind of tally that there is not": "UPDATE tallies SET kind = 'sonf' WHERE mood = 'happy'",
    "a text for a number": "UPDATE tallies SET heard = 'one' WHERE mood = 'happy'",
    "a part of a number": "UPDATE tallies SET heard = 0.5 WHERE mood = 'happy'",
    "a negative number": "UPDATE tallies SET skipped = -4 WHERE mood = 'happy'",
    "a number without end": f"UPDATE tallies SET skipped = {2**62} WHERE mood = 'happy'",
    "bytes for a text": "UPDATE tallies SET name = CAST(name AS BLOB) WHERE mood = 'happy'",
    "a text that is no UTF-8": "UPDATE tallies SET name = CAST(x'c328' AS TEXT) WHERE mood = 'happy' AND 1",
    "a valence out of range": "UPDATE words SET valence = 1.5 WHERE valence = 0.5",
    "an infinite energy": "UPDATE words SET energy = 9e999 WHERE valence = 0.5",
    "a negative id": "UPDATE queued SET id = -1 WHERE position = 3",
    "no row of the server": "DELETE FROM server",
    "two of them": "INSERT INTO server (above, started, version) VALUES (0, 0, 0)",
    "a server that was started never": "UPDATE server SET started = 9e999",
    "a number of a played song at the end of all": f"UPDATE played SET number = {2**63 - 1} WHERE number = 9",
    "a sequence at its end": f"UPDATE sqlite_sequence SET seq = {2**63 - 1}",
    "a sequence of a text": "UPDATE sqlite_sequence SET seq = 'many'",
}


@pytest.mark.parametrize("script", BAD_ROWS.values(), ids=BAD_ROWS)
def test_a_row_that_cannot_be_read_costs_that_row_and_the_file_is_put_aside(
    state: Path, script: str, caplog: pytest.LogCaptureFixture
) -> None:
    path = state / "moodbox.db"
    change(path, script.replace(" AND 1", " AND name = 'Blues'"))
    damaged = path.read_bytes()
    with closing(Memory.open(state)) as memory:
        assert len(memory.words()) >= 19
        assert len(memory.played(500)) >= 59
        assert len(memory.holding().entries) >= 11
        assert all(memory.taste(mood).songs for mood in OTHER_MOODS)
        memory.keep_played("new.ogg")
        memory.keep_reception(Mood.HAPPY, "new.ogg", "Blues", heard=True)
        assert memory.played(1) == ("new.ogg",)
        assert memory.taste(Mood.HAPPY).songs["new.ogg"] == (1, 0)
    (word,) = words(caplog)
    assert word.startswith(f"{path}: damaged (")
    assert "put aside as moodbox.damaged; the box goes on with " in word
    assert (state / "moodbox.damaged").read_bytes() == damaged
    ask_all(state)
    assert len(words(caplog)) == 1


def test_one_flipped_bit_in_a_mood_costs_what_was_learned_of_it_and_no_more(
    state: Path, caplog: pytest.LogCaptureFixture
) -> None:
    with closing(Memory.open(state)) as memory:
        before = {mood: memory.taste(mood).genres for mood in OTHER_MOODS}
    path = state / "moodbox.db"
    content = path.read_bytes()
    # Where the genres of that mood are, and not the songs that begin with the same word.
    path.write_bytes(content.replace(b"happygenre", b"haqpygenre"))
    assert path.read_bytes() != content
    with closing(Memory.open(state)) as memory:
        assert memory.holding() == HELD
        assert {mood: memory.taste(mood).genres for mood in OTHER_MOODS} == before
        assert memory.taste(Mood.HAPPY).genres == {}
        assert memory.taste(Mood.HAPPY).songs
    assert "invalid enum value 'haqpy'" in words(caplog)[0].casefold()


BAD_SONGS = {
    "a place out of range": "UPDATE songs SET energy = -0.5 WHERE uri = '{}'",
    "an infinite place": "UPDATE songs SET valence = 9e999 WHERE uri = '{}'",
    "a source that there is not": "UPDATE songs SET source = 'genrd' WHERE uri = '{}'",
    "bytes for a text": "UPDATE songs SET artist = x'00' WHERE uri = '{}'",
    "a text that is no UTF-8": "UPDATE songs SET genre = CAST(x'c328' AS TEXT) WHERE uri = '{}'",
    "a brightness that is none": "UPDATE sounds SET brightness = NULL WHERE uri = '{}'",
    "an infinite loudness": "UPDATE sounds SET loudness = 9e999 WHERE uri = '{}'",
    "a tempo of nothing": "UPDATE sounds SET tempo = 0 WHERE uri = '{}'",
    "a text for a measure": "UPDATE sounds SET mode = 'minor' WHERE uri = '{}'",
    "a comment of bytes": "UPDATE comments SET mood = x'00' WHERE uri = '{}'",
    "no row of the progress": "DELETE FROM progress",
    "two of them": "INSERT INTO progress (stamp, reading, position) VALUES ('one', 1, -1)",
    "a position before all": "UPDATE progress SET position = -2",
    "a position behind all": f"UPDATE progress SET position = {2**40}",
    "a reading of a text": "UPDATE progress SET reading = 'first'",
}


@pytest.mark.parametrize("script", BAD_SONGS.values(), ids=BAD_SONGS)
def test_a_row_of_the_songs_that_cannot_be_read_is_left_out_and_the_library_read_again(
    state: Path, script: str, caplog: pytest.LogCaptureFixture
) -> None:
    change(state / "songs.db", script.format(URIS[1]))
    with Catalogue.at_hand(state) as catalogue:
        assert catalogue.progress() == Progress("", 1, 0)
        assert len(catalogue.shelf()) >= len(URIS) - 1
        assert len(catalogue.sounds(URIS)) >= 89
        assert len(catalogue.comments(URIS)) >= len(URIS) - 1
        assert catalogue.begin("two").reading == 2
    (word,) = words(caplog)
    assert word.startswith(f"{state / 'songs.db'}: damaged rows (")
    assert sorted(path.name for path in state.iterdir()) == ["moodbox.db", "songs.db"]
    ask_all(state)
    assert len(words(caplog)) == 1


def test_who_makes_the_songs_known_is_told_of_damage_and_finds_it_mended(state: Path) -> None:
    change(state / "songs.db", BAD_SONGS["a source that there is not"].format(URIS[1]))
    with closing(Catalogue.open(state)) as catalogue:
        with pytest.raises(sqlite3.DatabaseError, match="nvalid enum value 'genrd'"):
            catalogue.shelf()
        assert len(catalogue.shelf()) == len(URIS) - 1
        assert catalogue.progress().stamp == ""


def test_a_song_whose_measures_were_no_numbers_is_listened_to_again(state: Path) -> None:
    change(state / "songs.db", f"UPDATE sounds SET brightness = NULL WHERE uri = '{URIS[1]}'")
    with Catalogue.at_hand(state) as catalogue:
        assert catalogue.sound(URIS[2]) == SOUND
        assert catalogue.sound(URIS[1]) is None
        assert URIS[1] in {song.uri for song in catalogue.unheard("", 99, known=True)}


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
def test_tables_that_are_not_as_the_box_has_made_them_are_made_again_with_what_is_in_the_others(
    state: Path, script: str, caplog: pytest.LogCaptureFixture
) -> None:
    change(state / "moodbox.db", script)
    with closing(Memory.open(state)) as memory:
        assert memory.holding().entries == HELD.entries
        assert bool(memory.words()) is ("words" not in script)
        assert bool(memory.played(1)) is ("played" not in script)
    assert "moodbox.db: damaged (" in words(caplog)[0]
    ask_all(state)


def test_what_is_kept_by_a_newer_version_is_put_aside_and_what_is_understood_of_it_goes_on(
    state: Path, caplog: pytest.LogCaptureFixture
) -> None:
    newer = len(STEPS) + 1
    more = "CREATE TABLE dreams (uri TEXT); ALTER TABLE words ADD COLUMN why TEXT;"
    change(state / "moodbox.db", f"{more} PRAGMA user_version = {newer}")
    with closing(Memory.open(state)) as memory:
        assert memory.holding() == HELD
        assert len(memory.words()) == 20
        assert memory.taste(Mood.HAPPY).songs
    (word,) = words(caplog)
    assert (
        f"of a newer moodbox (version {newer}; this one knows {newer - 1}), put aside as moodbox.newer"
        in word
    )
    with closing(sqlite3.connect(state / "moodbox.newer")) as aside:
        assert aside.execute("PRAGMA user_version").fetchone() == (newer,)
        aside.execute("SELECT uri FROM dreams")
    ask_all(state)
    assert len(words(caplog)) == 1


def test_the_first_files_that_were_put_aside_are_never_replaced(tmp_path: Path) -> None:
    path = tmp_path / "moodbox.db"
    for number in range(MOST + 2):
        path.write_bytes(b"not a database %d" % number * 100)
        with closing(Memory.open(tmp_path)) as memory:
            memory.keep_played("a")
    aside = {file.name: file.read_bytes()[15:16] for file in tmp_path.glob("*.damaged*")}
    assert aside == {"moodbox.damaged": b"0", "moodbox.damaged.2": b"1", "moodbox.damaged.3": b"4"}


def test_what_was_only_in_sqlites_log_is_put_aside_with_its_file(state: Path, tmp_path: Path) -> None:
    left = tmp_path / "left"
    with closing(Memory.open(state)) as memory:
        memory.keep_word("last.ogg", 0.5, 0.5)
        shutil.copytree(state, left)
    with (left / "moodbox.db").open("r+b") as file:
        file.write(b"not a database")  # where SQLite's log has nothing
    Memory.open(left).close()
    with (left / "moodbox.damaged").open("r+b") as file:
        file.write(b"SQLite format 3\0"[:14])
    with closing(sqlite3.connect(left / "moodbox.damaged")) as mended:
        assert mended.execute("SELECT uri FROM words WHERE uri = 'last.ogg'").fetchall()


def test_a_file_that_another_process_has_open_is_not_taken_from_under_it(
    settings_file: Path, settings: Settings, caplog: pytest.LogCaptureFixture
) -> None:
    state = settings.service.state_path()
    with closing(Memory.open(state)) as memory:
        memory.keep_word("a.ogg", 0.5, 0.5)
        change(state / "moodbox.db", "UPDATE words SET valence = 'x'")
        asked = moodbox("forget", "--settings", settings_file)
        assert asked.returncode == 1
        (line,) = asked.stderr.splitlines()
        assert (
            "moodbox.db: damaged, and a box that runs has it open: `sudo systemctl restart moodbox`" in line
        )
        memory.keep_word("b.ogg", 0.5, 0.5)
        assert sorted(path.name for path in state.iterdir())[0] == "moodbox.db"
        assert list(memory.words()) == ["b.ogg"]  # who has it open mends it, too
    assert moodbox("forget", "--settings", settings_file).returncode == 0


def test_damage_that_shows_while_the_box_runs_is_mended_at_once(
    state: Path, caplog: pytest.LogCaptureFixture
) -> None:
    trouble: dict[str, str] = {}
    with closing(Memory.open(state)) as memory:
        notebook = Notebook(memory, trouble)
        change(state / "moodbox.db", BAD_ROWS["a text for a number"])
        taste = notebook.recall(lambda memory: memory.taste(Mood.SAD))
        assert taste
        assert taste.songs
        change(state / "moodbox.db", "DROP TABLE words")
        assert notebook.recall(Memory.words) == {}
        notebook.keep(lambda memory: memory.keep_word("a.ogg", 0.5, 0.5))
        assert notebook.recall(Memory.words)
    assert trouble == {}
    assert [word.partition("put aside as ")[2][:18] for word in words(caplog)] == [
        "moodbox.damaged; t",
        "moodbox.damaged.2;",
    ]


def test_a_write_into_a_damaged_file_is_trouble_until_the_next_which_goes_into_another(state: Path) -> None:
    trouble: dict[str, str] = {}
    with closing(Memory.open(state)) as memory:
        notebook = Notebook(memory, trouble)
        change(state / "moodbox.db", "DROP TABLE played")
        notebook.keep(lambda memory: memory.keep_played("a.ogg"))
        assert "no such table" in trouble["storage"]
        notebook.keep(lambda memory: memory.keep_played("b.ogg"))
        assert trouble == {}
        assert notebook.played(9) == ("b.ogg",)
        assert len(memory.words()) == 20


@pytest.mark.parametrize("beside", ["", "-wal", "-shm", "-journal"])
@pytest.mark.parametrize("kind", ["folder", "pipe", "link to nowhere"])
def test_what_is_no_file_in_the_place_of_one_is_put_aside(state: Path, beside: str, kind: str) -> None:
    for kept in (Memory, Catalogue):
        place = state / f"{kept.file}{beside}"
        place.unlink(missing_ok=True)
        if kind == "folder":
            place.mkdir()
            (place / "something").touch()
        elif kind == "pipe":
            os.mkfifo(place)
        else:
            place.symlink_to(state / "nowhere" / "at all")
    ask_all(state)
    assert os.path.lexists(state / f"moodbox.damaged{beside}")
    if beside:
        with closing(Memory.open(state)) as memory:
            assert memory.holding() == HELD


@pytest.mark.parametrize("beside", ["", "-wal", "-shm", "-journal"])
def test_an_empty_file_is_one_to_begin_with(
    state: Path, beside: str, caplog: pytest.LogCaptureFixture
) -> None:
    (state / f"moodbox.db{beside}").write_bytes(b"")
    (state / f"songs.db{beside}").write_bytes(b"")
    ask_all(state)
    with closing(Memory.open(state)) as memory:
        assert len(memory.words()) == (20 if beside else 0)
    assert not words(caplog)


@contextmanager
def another_user() -> Iterator[None]:
    """Nothing is unreadable for root."""
    root = os.getuid() == 0
    if root:
        os.setresuid(65534, 65534, 0)
    try:
        yield
    finally:
        if root:
            os.setresuid(0, 0, 0)


def test_a_file_that_may_not_be_read_is_named_with_what_to_do() -> None:
    with TemporaryDirectory() as name:  # pytest's own is for its user alone
        folder = Path(name)
        folder.chmod(0o777)
        Memory.open(folder).close()
        (folder / "moodbox.db").chmod(0)
        match = r"may not be read and written .*`sudo chown "
        with another_user(), pytest.raises(MemoryFileError, match=match):
            Memory.open(folder)
        assert [path.name for path in folder.iterdir()] == ["moodbox.db"]


def test_the_power_may_be_cut_between_the_two_names(state: Path, caplog: pytest.LogCaptureFixture) -> None:
    (state / "moodbox.db").rename(state / "moodbox.db.new")
    with closing(Memory.open(state)) as memory:
        assert memory.holding() == HELD
    assert not words(caplog)


def test_a_disk_that_is_full_leaves_the_damaged_file_where_it_is(
    state: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = state / "moodbox.db"
    change(path, BAD_ROWS["a text for a number"])
    before = path.read_bytes()
    full = "PRAGMA max_page_count = 1; CREATE TABLE more (x); INSERT INTO more VALUES (zeroblob(100000));"
    with monkeypatch.context() as patch:
        patch.setattr(Memory, "after_loss", full)  # SQLite's own word for a full disk
        with pytest.raises(MemoryFileError, match="disk is full"):
            Memory.open(state)
    assert path.read_bytes() == before
    assert not list(state.glob("*.damaged*"))
    with closing(Memory.open(state)) as memory:
        assert memory.holding() == HELD


@pytest.mark.skipif(os.getuid() != 0, reason="only root can give files away")
def test_what_root_mends_belongs_to_whom_the_folder_belongs(state: Path) -> None:
    os.chown(state, 1234, 1235)
    (state / "moodbox.db").write_bytes(b"not a database" * 100)
    Memory.open(state).close()
    made = (state / "moodbox.db").stat()
    assert (made.st_uid, made.st_gid) == (1234, 1235)


def test_processes_that_begin_a_file_at_once_do_not_take_it_for_damaged(tmp_path: Path) -> None:
    code = (
        "import sys; from pathlib import Path; from device.memory import Memory\n"
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


# What people see


def checked(settings_file: Path) -> str:
    out = moodbox("check", "--settings", settings_file).stdout
    return next(line for line in out.splitlines() if line[5:].startswith("storage"))


@pytest.fixture
def own(state: Path, settings: Settings) -> Path:
    """The same in the folder of the settings."""
    assert state == settings.service.state_path()
    return state


@pytest.mark.parametrize(
    ("name", "script"),
    [
        ("moodbox.db", BAD_ROWS["a mood that there is not"]),
        ("moodbox.db", "DROP TABLE words"),
        ("songs.db", BAD_SONGS["a brightness that is none"].format(URIS[1])),
        ("songs.db", "DROP TABLE progress"),
    ],
)
def test_check_finds_a_file_that_cannot_be_read_and_changes_nothing(
    settings_file: Path, own: Path, name: str, script: str
) -> None:
    assert checked(settings_file) == f"ok   storage   {own} can be written"
    change(own / name, script)
    before = digest(own)
    line = checked(settings_file)
    assert line.startswith(f"BAD  storage   {own / name}: damaged (")
    assert line.endswith("`sudo systemctl restart moodbox` puts it aside and goes on with what is good of it")
    assert digest(own) == before
    ask_all(own)
    assert checked(settings_file).startswith("ok   storage ")


def test_check_names_what_was_put_aside_and_when(settings_file: Path, own: Path) -> None:
    change(own / "moodbox.db", BAD_ROWS["a mood that there is not"])
    change(own / "songs.db", "PRAGMA user_version = 99")
    line = checked(settings_file)
    assert "BAD" in line
    ask_all(own)
    os.utime(own / "moodbox.damaged", (1_795_867_200, 1_795_867_200))  # at noon in Greenwich
    os.utime(own / "songs.newer", (1_795_867_200, 1_795_867_200))
    assert checked(settings_file) == (
        f"ok   storage   {own} can be written;"
        " moodbox.db was damaged and was put aside as moodbox.damaged on 2026-11-28;"
        " songs.db was of a newer moodbox and was put aside as songs.newer on 2026-11-28"
    )


def test_check_says_what_becomes_of_a_file_of_a_newer_version_and_calls_it_no_trouble(
    settings_file: Path, own: Path
) -> None:
    change(own / "moodbox.db", "PRAGMA user_version = 99")
    assert checked(settings_file) == (
        f"ok   storage   {own} can be written; moodbox.db is of a newer moodbox"
        f" (version 99; this one knows {len(STEPS)}); the next start puts it aside"
    )


@pytest.mark.parametrize("kind", ["settings.json", "a folder"])
def test_check_finds_other_files_that_cannot_be_read(settings_file: Path, own: Path, kind: str) -> None:
    if kind == "a folder":
        shutil.rmtree(own)
        (own / "moodbox.db").mkdir(parents=True)
        assert f"{own / 'moodbox.db'}: is no file" in checked(settings_file)
    else:
        (own / kind).write_bytes(b"{}")
        assert checked(settings_file).startswith("ok")
        (own / kind).write_bytes(b'{"look": {"readings": 0}}')
        assert f"BAD  storage   {own / kind}: damaged" in checked(settings_file)


@pytest.mark.parametrize("name", ["moodbox.db", "songs.db"])
@pytest.mark.parametrize("damage", ["rows", "file"])
def test_the_verbs_of_songs_heal_what_they_need_and_say_so_in_a_line(
    settings_file: Path, own: Path, name: str, damage: str
) -> None:
    script = BAD_ROWS["a mood that there is not"] if name == "moodbox.db" else BAD_SONGS["an infinite place"]
    for verb in (["forget"], ["mood", URIS[3]], ["songs", "--mood", "sad"]):
        if damage == "rows":
            change(own / name, script.format(URIS[9]))
        else:
            (own / name).write_bytes(b"not a database" * 100)
        asked = moodbox(*verb, "--settings", settings_file)
        lines = [line for line in asked.stderr.splitlines() if "damaged" in line]
        assert len(lines) == (0 if (verb, name) == (["forget"], "songs.db") else 1), asked.stderr
        assert "Traceback" not in asked.stderr
        if damage == "rows":
            assert asked.returncode == 0, asked.stderr
        shutil.rmtree(own)
        with closing(Memory.open(own)) as memory, closing(Catalogue.open(own)) as catalogue:
            fill(memory, catalogue)


def test_forget_heals(settings_file: Path, own: Path) -> None:
    change(own / "moodbox.db", BAD_ROWS["a mood that there is not"])
    assert moodbox("forget", "--settings", settings_file).returncode == 0
    with closing(Memory.open(own)) as memory:
        assert memory.taste(Mood.SAD) == NO_TASTE
        assert len(memory.words()) == 20
        assert {place.source for place in memory.words().values()} == {Source.OWN}


def test_each_file_says_what_its_rows_may_be() -> None:
    """Every column of every table, so that none is read unchecked or left behind by the next step."""
    for kept in (Memory, Catalogue):
        with closing(kept.of_this_run()) as fresh:
            tables = dict(_tables(fresh))
        assert {table.name: list(table.kinds[0]) for table in kept.tables} == tables
    assert DONE == -1


def _tables(kept: Kept) -> Iterator[tuple[str, list[str]]]:
    ask = kept._database.execute
    for (name,) in ask("SELECT name FROM sqlite_schema WHERE type = 'table'").fetchall():
        yield name, [row[1] for row in ask(f"PRAGMA table_info({name})")]
