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
from device.library.tag_affect import Affect, Source
from device.mood import Mood
from device.mood_bias import NO_BIAS, MoodBias
from device.mood_estimate import ChosenBy, MoodEstimate
from device.mpd.snapshot import Entry, Snapshot
from device.playback.memory import Memory
from device.playback.memory.file import MAX_PLAYED
from device.playback.ownership import QueueOwnership
from device.recommend.play_statistics import NO_STATISTICS, PlayCount
from device.vision.furniture import Box, FaceLocation
from tests.device.estimates import certain

UNSURE = MoodEstimate({Mood.HAPPY: 0.45, Mood.NEUTRAL: 0.4, Mood.SAD: 0.15}, ChosenBy.UNSURE)
ENTRIES = (Entry(3, "a.ogg"), Entry(4, "b ü.ogg"))
OWNERSHIP = QueueOwnership(
    ENTRIES,
    {"a.ogg": certain(Mood.SAD), "c.ogg": UNSURE},
    ("c.ogg", "d.ogg"),
    above=4,
    started=1.5,
    version=7,
)


def test_the_memory_survives_a_restart(tmp_path: Path) -> None:
    memory = Memory.open(tmp_path / "state")
    memory.keep_ownership(OWNERSHIP)
    for uri in "abcd":
        memory.keep_played(uri)
    memory.close()
    again = Memory.open(tmp_path / "state")
    assert again.ownership() == OWNERSHIP
    assert again.played(3) == ("b", "c", "d")


def test_a_new_queue_ownership_replaces_the_former(tmp_path: Path) -> None:
    memory = Memory.open(tmp_path)
    memory.keep_ownership(OWNERSHIP)
    memory.keep_ownership(OWNERSHIP.among(Snapshot("play", ENTRIES[1:])))
    assert memory.ownership().entries == ENTRIES[1:]


def test_the_number_of_played_songs_is_limited(tmp_path: Path) -> None:
    memory = Memory.open(tmp_path)
    for number in range(MAX_PLAYED + 20):
        memory.keep_played(str(number))
    played = memory.played(2 * MAX_PLAYED)
    assert len(played) == MAX_PLAYED
    assert played[-1] == str(MAX_PLAYED + 19)


def test_a_damaged_file_is_quarantined_and_replaced(tmp_path: Path) -> None:
    (tmp_path / "moodbox.db").write_bytes(b"not a database at all" * 100)
    memory = Memory.open(tmp_path)
    memory.keep_played("a")
    assert memory.played(1) == ("a",)
    assert (tmp_path / "moodbox.damaged").read_bytes().startswith(b"not a database")


def test_damage_in_the_middle_of_the_file_is_found(tmp_path: Path) -> None:
    memory = Memory.open(tmp_path)
    memory.keep_ownership(QueueOwnership(tuple(Entry(n, "x" * 500) for n in range(200))))
    memory.close()
    path = tmp_path / "moodbox.db"
    content = path.read_bytes()
    path.write_bytes(content[:4096] + b"\xff" * (len(content) - 4096))
    again = Memory.open(tmp_path)
    assert again.ownership().entries == ()
    again.keep_ownership(OWNERSHIP)
    assert again.ownership().entries == ENTRIES


def test_a_folder_that_cannot_be_created_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(
        MemoryFileError, match=r"moodbox\.db: cannot be stored, because .*/file is not a folder; so nothing"
    ):
        Memory.open(tmp_path / "file" / "state")


def test_a_kill_during_a_write_leaves_the_memory_consistent(tmp_path: Path) -> None:
    write_for_ever = f"""
from device.playback.memory import Memory
from device.playback.ownership import QueueOwnership
from device.mpd.snapshot import Entry
from device.recommend.play_statistics import NO_STATISTICS, PlayCount
from pathlib import Path
memory = Memory.open(Path({str(tmp_path)!r}))
n = 0
while True:
    n += 1
    memory.keep_ownership(QueueOwnership((Entry(n, f"{{n}}.ogg"),) * 5))
    print(n, flush=True)
"""
    for _ in range(3):
        with subprocess.Popen(
            [sys.executable, "-c", write_for_ever], stdout=subprocess.PIPE, text=True
        ) as writer:
            assert writer.stdout
            for _line in range(20):
                reported = int(writer.stdout.readline())
            writer.kill()
        queued = Memory.open(tmp_path).ownership().entries
        assert len(queued) == 5
        assert len(set(queued)) == 1
        assert queued[0].id >= reported


@pytest.mark.skipif(os.getuid() == 0, reason="nothing is read-only for root")
def test_a_read_only_folder_is_named(tmp_path: Path) -> None:
    tmp_path.chmod(0o500)
    with pytest.raises(MemoryFileError):
        Memory.open(tmp_path)


def test_a_write_to_a_disk_that_has_become_read_only_is_an_error(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    memory = Memory.open(tmp_path)
    memory.keep_played("a")
    # What the kernel reports then. tests/pi/test_faults.py shows that it would accept the write all the same.
    flags = SimpleNamespace(f_flag=os.ST_NOATIME | os.ST_RDONLY)
    with monkeypatch.context() as patch:
        patch.setattr(os, "statvfs", lambda path: {tmp_path / "moodbox.db": flags}[path])
        with pytest.raises(sqlite3.OperationalError, match="read-only"):
            memory.keep_played("b")
    memory.keep_played("c")
    assert memory.played(9) == ("a", "c")


def test_a_write_to_a_deleted_file_is_an_error(tmp_path: Path) -> None:
    memory = Memory.open(tmp_path)
    (tmp_path / "moodbox.db").unlink()
    with pytest.raises(sqlite3.OperationalError, match=r"No such file.*moodbox\.db"):
        memory.keep_played("a")


def test_a_memory_without_a_file_is_lost_when_closed(tmp_path: Path) -> None:
    memory = Memory.in_memory()
    memory.keep_ownership(OWNERSHIP)
    assert memory.ownership().entries == ENTRIES
    memory.close()
    with pytest.raises(sqlite3.ProgrammingError):
        memory.ownership()


def test_a_play_counts_for_each_mood_as_far_as_it_was_likely(tmp_path: Path) -> None:
    with closing(Memory.open(tmp_path)) as memory:
        memory.keep_play(UNSURE, "a.ogg", "Blues", completed=True)
        memory.keep_play(UNSURE, "a.ogg", "Blues", completed=False)
        happy = memory.play_statistics(certain(Mood.HAPPY))
        assert happy.songs["a.ogg"] == happy.genres["Blues"] == pytest.approx((0.45, 0.45))
        assert happy.songs_elsewhere["a.ogg"] == pytest.approx((0.55, 0.55))
        assert memory.play_statistics(certain(Mood.ANGRY)).songs == {}
        here = memory.play_statistics(UNSURE).songs["a.ogg"]
        assert here.completed == pytest.approx(0.45**2 + 0.40**2 + 0.15**2)


def test_the_moods_of_queued_songs_survive_a_restart(tmp_path: Path) -> None:
    memory = Memory.open(tmp_path)
    memory.keep_ownership(OWNERSHIP)
    memory.close()
    assert Memory.open(tmp_path).ownership().estimates == OWNERSHIP.estimates


def test_plays_are_counted_by_mood_for_the_song_and_for_its_genre(tmp_path: Path) -> None:
    memory = Memory.open(tmp_path)
    memory.keep_play(certain(Mood.SAD), "a.ogg", "Blues", completed=True)
    memory.keep_play(certain(Mood.SAD), "b.ogg", "Blues", completed=False)
    memory.keep_play(certain(Mood.SAD), "c.ogg", "", completed=False)
    memory.keep_play(certain(Mood.HAPPY), "a.ogg", "Blues", completed=False)
    memory.keep_play(certain(Mood.NEUTRAL), "a.ogg", "Blues", completed=False)
    memory.close()
    play_statistics = Memory.open(tmp_path).play_statistics(certain(Mood.SAD))
    assert play_statistics.genres == {"Blues": PlayCount(1, 1)}
    assert play_statistics.songs == {
        "a.ogg": PlayCount(1, 0),
        "b.ogg": PlayCount(0, 1),
        "c.ogg": PlayCount(0, 1),
    }
    assert play_statistics.genres_elsewhere == {"Blues": PlayCount(0, 2)}
    assert play_statistics.songs_elsewhere == {"a.ogg": PlayCount(0, 2)}


def test_a_play_that_is_taken_back_was_never_counted(tmp_path: Path) -> None:
    unsure = MoodEstimate({Mood.SAD: 0.455, Mood.NEUTRAL: 0.401, Mood.HAPPY: 0.144})
    memory = Memory.open(tmp_path)
    memory.keep_play(unsure, "a.ogg", "Blues", completed=True)
    before = memory.play_statistics(unsure)
    for undone in (True, False):
        memory.keep_play(unsure, "b.ogg", "Blues", completed=undone)
        memory.take_back_play(unsure, "b.ogg", "Blues", completed=undone)
    after = memory.play_statistics(unsure)
    assert after.songs.keys() == {"a.ogg"}
    assert after.genres["Blues"] == pytest.approx(before.genres["Blues"])
    memory.take_back_play(unsure, "a.ogg", "Blues", completed=True)
    memory.take_back_play(unsure, "a.ogg", "Blues", completed=True)  # forgotten since
    assert memory.play_statistics(unsure) == NO_STATISTICS


def test_the_places_of_faces_survive_a_restart_and_are_forgotten_with_the_rest(tmp_path: Path) -> None:
    locations = (
        FaceLocation(Box(0.5, 0.7, 0.25), 100.0, 200.0, 300.0, seen=9, missed=2, is_furniture=True),
        FaceLocation(Box(0.1, -0.1, 0.5), -5.0, -5.0, -5.0),
    )
    with closing(Memory.open(tmp_path)) as memory:
        memory.keep_face_locations(locations)
    with closing(Memory.open(tmp_path)) as memory:
        assert memory.face_locations() == locations
        memory.forget()
        assert memory.face_locations() == ()


def test_the_mood_bias_survives_a_restart_and_is_forgotten_with_the_rest(tmp_path: Path) -> None:
    bias = MoodBias({Mood.SAD: 2.5, Mood.HAPPY: -2.5})
    with closing(Memory.open(tmp_path)) as memory:
        assert memory.mood_bias() == NO_BIAS
        memory.keep_mood_bias(MoodBias({Mood.FEAR: 1.0}))
        memory.keep_mood_bias(bias)
    with closing(Memory.open(tmp_path)) as memory:
        assert memory.mood_bias() == bias
        memory.forget()
        assert memory.mood_bias() == NO_BIAS


def test_excluded_songs_survive_a_restart_and_can_be_let_in_again(tmp_path: Path) -> None:
    with closing(Memory.open(tmp_path)) as memory:
        for uri in ("a.ogg", "a.ogg", "b ü.ogg"):
            memory.exclude(uri)
    with closing(Memory.open(tmp_path)) as memory:
        assert memory.excluded() == {"a.ogg", "b ü.ogg"}
        memory.include("a.ogg")
        memory.include("never there.ogg")
        assert memory.excluded() == {"b ü.ogg"}


def test_forgetting_keeps_what_the_user_has_said_of_songs_and_the_queue(tmp_path: Path) -> None:
    memory = Memory.open(tmp_path)
    memory.keep_ownership(OWNERSHIP)
    memory.keep_own_affect("a.ogg", 0.25, 0.5)
    memory.exclude("b.ogg")
    memory.keep_play(certain(Mood.SAD), "a.ogg", "Blues", completed=True)
    memory.keep_played("a.ogg")
    memory.forget()
    assert memory.play_statistics(certain(Mood.SAD)) == NO_STATISTICS
    assert memory.played(1) == ()
    assert memory.own_affects() == {"a.ogg": Affect(0.25, 0.5, 1.0, Source.OWN)}
    assert memory.excluded() == {"b.ogg"}
    assert memory.ownership().entries == ENTRIES


def test_a_file_of_the_first_version_is_migrated_with_its_content(tmp_path: Path) -> None:
    with closing(sqlite3.connect(tmp_path / "moodbox.db")) as old:
        old.executescript("""
            CREATE TABLE queued (position INTEGER PRIMARY KEY, id INTEGER NOT NULL, uri TEXT NOT NULL);
            CREATE TABLE played (number INTEGER PRIMARY KEY AUTOINCREMENT, uri TEXT NOT NULL);
            INSERT INTO queued (id, uri) VALUES (3, 'a.ogg');
            INSERT INTO played (uri) VALUES ('b.ogg');
        """)
    memory = Memory.open(tmp_path)
    assert memory.ownership().entries == ENTRIES[:1]
    assert memory.ownership().estimates == {}
    assert memory.played(1) == ("b.ogg",)
    memory.keep_play(certain(Mood.SAD), "a.ogg", "Blues", completed=True)
