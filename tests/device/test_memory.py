from __future__ import annotations

import os
import sqlite3
import subprocess
import sys
from contextlib import closing
from pathlib import Path
from types import SimpleNamespace

import pytest

from device.errors import MemoryFileError
from device.memory import KEPT, Memory
from device.mood import Mood
from device.music.holding import Holding
from device.music.places import Place, Source
from device.music.queue import Entry, Snapshot
from device.music.taste import NO_TASTE, Tally

OWN = (Entry(3, "a.ogg"), Entry(4, "b ü.ogg"))
HELD = Holding(
    OWN, {"a.ogg": Mood.SAD, "c.ogg": Mood.HAPPY}, ("c.ogg", "d.ogg"), above=4, started=1.5, version=7
)


def test_it_remembers_across_a_restart(tmp_path: Path) -> None:
    memory = Memory.open(tmp_path / "state")
    memory.keep_holding(HELD)
    for uri in "abcd":
        memory.keep_played(uri)
    memory.close()
    again = Memory.open(tmp_path / "state")
    assert again.holding() == HELD
    assert again.played(3) == ("b", "c", "d")


def test_what_was_queued_before_is_replaced(tmp_path: Path) -> None:
    memory = Memory.open(tmp_path)
    memory.keep_holding(HELD)
    memory.keep_holding(HELD.among(Snapshot("play", OWN[1:])))
    assert memory.holding().entries == OWN[1:]


def test_it_does_not_grow_for_ever(tmp_path: Path) -> None:
    memory = Memory.open(tmp_path)
    for number in range(KEPT + 20):
        memory.keep_played(str(number))
    played = memory.played(2 * KEPT)
    assert len(played) == KEPT
    assert played[-1] == str(KEPT + 19)


def test_a_damaged_file_is_put_aside_and_begun_anew(tmp_path: Path) -> None:
    (tmp_path / "moodbox.db").write_bytes(b"not a database at all" * 100)
    memory = Memory.open(tmp_path)
    memory.keep_played("a")
    assert memory.played(1) == ("a",)
    assert (tmp_path / "moodbox.damaged").read_bytes().startswith(b"not a database")


def test_damage_in_the_middle_of_the_file_is_found(tmp_path: Path) -> None:
    memory = Memory.open(tmp_path)
    memory.keep_holding(Holding(tuple(Entry(n, "x" * 500) for n in range(200))))
    memory.close()
    path = tmp_path / "moodbox.db"
    content = path.read_bytes()
    path.write_bytes(content[:4096] + b"\xff" * (len(content) - 4096))
    again = Memory.open(tmp_path)
    assert again.holding().entries == ()
    again.keep_holding(HELD)
    assert again.holding().entries == OWN


def test_a_folder_that_cannot_be_made_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(MemoryFileError, match=r"moodbox\.db: cannot be kept .*is the disk full or read-only"):
        Memory.open(tmp_path / "file" / "state")


def test_a_kill_in_the_middle_of_writing_leaves_it_whole(tmp_path: Path) -> None:
    write_for_ever = f"""
from device.memory import Memory
from device.music.holding import Holding
from device.music.queue import Entry
from device.music.taste import NO_TASTE, Tally
from pathlib import Path
memory = Memory.open(Path({str(tmp_path)!r}))
n = 0
while True:
    n += 1
    memory.keep_holding(Holding((Entry(n, f"{{n}}.ogg"),) * 5))
    print(n, flush=True)
"""
    for _ in range(3):
        with subprocess.Popen(
            [sys.executable, "-c", write_for_ever], stdout=subprocess.PIPE, text=True
        ) as writer:
            assert writer.stdout
            for _line in range(20):
                told = int(writer.stdout.readline())
            writer.kill()
        queued = Memory.open(tmp_path).holding().entries
        assert len(queued) == 5
        assert len(set(queued)) == 1
        assert queued[0].id >= told


@pytest.mark.skipif(os.getuid() == 0, reason="nothing is read-only for root")
def test_a_read_only_folder_is_named(tmp_path: Path) -> None:
    tmp_path.chmod(0o500)
    with pytest.raises(MemoryFileError):
        Memory.open(tmp_path)


def test_a_disk_that_turns_read_only_takes_nothing_more_and_says_so(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    memory = Memory.open(tmp_path)
    memory.keep_played("a")
    # What a kernel says then; that it would take the writing all the same is seen in tests/pi/test_faults.py.
    flags = SimpleNamespace(f_flag=os.ST_NOATIME | os.ST_RDONLY)
    with monkeypatch.context() as patch:
        patch.setattr(os, "statvfs", lambda path: {tmp_path / "moodbox.db": flags}[path])
        with pytest.raises(sqlite3.OperationalError, match="read-only"):
            memory.keep_played("b")
    memory.keep_played("c")
    assert memory.played(9) == ("a", "c")


def test_a_file_that_was_taken_away_is_not_written_to(tmp_path: Path) -> None:
    memory = Memory.open(tmp_path)
    (tmp_path / "moodbox.db").unlink()
    with pytest.raises(sqlite3.OperationalError, match=r"No such file.*moodbox\.db"):
        memory.keep_played("a")


def test_one_of_this_run_keeps_nothing(tmp_path: Path) -> None:
    memory = Memory.of_this_run()
    memory.keep_holding(HELD)
    assert memory.holding().entries == OWN
    memory.close()
    with pytest.raises(sqlite3.ProgrammingError):
        memory.holding()


def test_in_which_mood_a_song_was_queued_is_known_after_a_restart(tmp_path: Path) -> None:
    memory = Memory.open(tmp_path)
    memory.keep_holding(HELD)
    memory.close()
    assert Memory.open(tmp_path).holding().moods == HELD.moods


def test_what_was_learned_is_counted_by_mood_for_the_song_and_for_its_genre(tmp_path: Path) -> None:
    memory = Memory.open(tmp_path)
    memory.keep_reception(Mood.SAD, "a.ogg", "Blues", heard=True)
    memory.keep_reception(Mood.SAD, "b.ogg", "Blues", heard=False)
    memory.keep_reception(Mood.SAD, "c.ogg", "", heard=False)
    memory.keep_reception(Mood.HAPPY, "a.ogg", "Blues", heard=False)
    memory.keep_reception(Mood.NEUTRAL, "a.ogg", "Blues", heard=False)
    memory.close()
    taste = Memory.open(tmp_path).taste(Mood.SAD)
    assert taste.genres == {"Blues": Tally(1, 1)}
    assert taste.songs == {"a.ogg": Tally(1, 0), "b.ogg": Tally(0, 1), "c.ogg": Tally(0, 1)}
    assert taste.genres_elsewhere == {"Blues": Tally(0, 2)}
    assert taste.songs_elsewhere == {"a.ogg": Tally(0, 2)}


def test_forgetting_leaves_the_users_own_words_and_the_queue(tmp_path: Path) -> None:
    memory = Memory.open(tmp_path)
    memory.keep_holding(HELD)
    memory.keep_word("a.ogg", 0.25, 0.5)
    memory.keep_reception(Mood.SAD, "a.ogg", "Blues", heard=True)
    memory.keep_played("a.ogg")
    memory.forget()
    assert memory.taste(Mood.SAD) == NO_TASTE
    assert memory.played(1) == ()
    assert memory.words() == {"a.ogg": Place(0.25, 0.5, 1.0, Source.OWN)}
    assert memory.holding().entries == OWN


def test_a_file_of_the_first_version_is_brought_up_with_what_is_in_it(tmp_path: Path) -> None:
    with closing(sqlite3.connect(tmp_path / "moodbox.db")) as old:
        old.executescript("""
            CREATE TABLE queued (position INTEGER PRIMARY KEY, id INTEGER NOT NULL, uri TEXT NOT NULL);
            CREATE TABLE played (number INTEGER PRIMARY KEY AUTOINCREMENT, uri TEXT NOT NULL);
            INSERT INTO queued (id, uri) VALUES (3, 'a.ogg');
            INSERT INTO played (uri) VALUES ('b.ogg');
        """)
    memory = Memory.open(tmp_path)
    assert memory.holding().entries == OWN[:1]
    assert memory.holding().moods == {}
    assert memory.played(1) == ("b.ogg",)
    memory.keep_reception(Mood.SAD, "a.ogg", "Blues", heard=True)


@pytest.mark.skipif(os.getuid() != 0, reason="only root can give files away")
def test_what_root_begins_belongs_to_whom_the_folder_belongs(tmp_path: Path) -> None:
    os.chown(tmp_path, 1234, 1235)
    Memory.open(tmp_path).close()
    made = (tmp_path / "moodbox.db").stat()
    assert (made.st_uid, made.st_gid) == (1234, 1235)
