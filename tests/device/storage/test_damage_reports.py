"""What `moodbox check` and the song commands report of damage."""

from __future__ import annotations

import hashlib
import os
import shutil
from contextlib import closing
from pathlib import Path

import pytest

from device.config.overlay import SettingsOverlay
from device.config.settings import Settings
from device.library.tag_affect import Source
from device.mood import Mood
from device.playback.memory import Memory
from device.playback.memory.schema import MIGRATIONS
from device.recommend.play_statistics import NO_STATISTICS
from device.system import private_memory
from tests.device.cli.commands import moodbox
from tests.device.estimates import certain
from tests.device.storage.damage import BAD_ROWS, BAD_SONGS, change
from tests.device.storage.sample_files import URIS, ask_all


@pytest.fixture(autouse=True)
def no_swap(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What `check` says of the files is all that it says here, also on a machine with a swap."""
    monkeypatch.setattr(private_memory, "SWAPS", tmp_path / "swaps")
    (tmp_path / "swaps").write_text("Filename\n")


def digest(folder: Path) -> dict[str, str]:
    return {
        path.name: hashlib.sha256(path.read_bytes()).hexdigest()
        for path in folder.iterdir()
        if path.is_file() and not path.name.endswith(("-shm", "-wal"))
    }


def checked(settings_file: Path) -> str:
    # Without pictures, which would be searched for faces.
    out = moodbox("check", "--camera", "images:/nowhere", "--settings", settings_file).stdout
    return next(line for line in out.splitlines() if line[5:].startswith("storage"))


@pytest.fixture
def own(state: Path, settings: Settings) -> Path:
    """The same files, in the folder of the settings."""
    assert state == settings.service.state_path()
    return state


@pytest.mark.parametrize(
    ("name", "script"),
    [
        ("moodbox.db", BAD_ROWS["an unknown mood"]),
        ("moodbox.db", "DROP TABLE words"),
        ("songs.db", BAD_SONGS["a missing brightness"].format(URIS[1])),
        ("songs.db", "DROP TABLE progress"),
    ],
)
def test_check_reports_a_damaged_file_and_changes_nothing(
    settings_file: Path, own: Path, name: str, script: str
) -> None:
    assert checked(settings_file) == f"ok   storage   {own} can be written"
    change(own / name, script)
    before = digest(own)
    line = checked(settings_file)
    assert line.startswith(f"BAD  storage   {own / name}: damaged (")
    assert line.endswith("`sudo systemctl restart moodbox` moves it aside and keeps its valid rows")
    assert digest(own) == before
    ask_all(own)
    assert checked(settings_file).startswith("ok   storage ")


def test_check_names_quarantined_files_and_their_dates(settings_file: Path, own: Path) -> None:
    change(own / "moodbox.db", BAD_ROWS["an unknown mood"])
    change(own / "songs.db", "PRAGMA user_version = 99")
    line = checked(settings_file)
    assert "BAD" in line
    ask_all(own)
    (own / "settings.toml").write_text("no TOML")
    assert SettingsOverlay(settings_file).quarantine_damaged()
    for name in ("moodbox.damaged", "songs.newer", "settings.toml.damaged"):
        os.utime(own / name, (1_795_867_200, 1_795_867_200))  # at noon in Greenwich
    assert checked(settings_file) == (
        f"ok   storage   {own} can be written;"
        " moodbox.db was damaged and was moved to moodbox.damaged on 2026-11-28;"
        " songs.db was of a newer moodbox and was moved to songs.newer on 2026-11-28;"
        " settings.toml was damaged and was moved to settings.toml.damaged on 2026-11-28"
    )


def test_check_says_what_happens_to_a_file_of_a_newer_version_and_passes(
    settings_file: Path, own: Path
) -> None:
    change(own / "moodbox.db", "PRAGMA user_version = 99")
    assert checked(settings_file) == (
        f"ok   storage   {own} can be written; moodbox.db is of a newer moodbox"
        f" (version 99; this moodbox knows {len(MIGRATIONS)}); the next start moves it aside"
    )


@pytest.mark.parametrize("kind", ["settings.json", "a folder"])
def test_check_reports_other_unreadable_files(settings_file: Path, own: Path, kind: str) -> None:
    if kind == "a folder":
        shutil.rmtree(own)
        (own / "moodbox.db").mkdir(parents=True)
        assert f"{own / 'moodbox.db'}: is not a file" in checked(settings_file)
    else:
        (own / kind).write_bytes(b"{}")
        assert checked(settings_file).startswith("ok")
        (own / kind).write_bytes(b'{"look": {"readings": 0}}')
        assert f"BAD  storage   {own / kind}: damaged" in checked(settings_file)


@pytest.mark.parametrize("name", ["moodbox.db", "songs.db"])
@pytest.mark.parametrize("damage", ["rows", "file"])
def test_the_song_commands_repair_the_files_they_need_and_report_it_in_one_line(
    settings_file: Path, own: Path, populated: Path, name: str, damage: str
) -> None:
    script = BAD_ROWS["an unknown mood"] if name == "moodbox.db" else BAD_SONGS["an infinite valence"]
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
        shutil.copytree(populated, own)


def test_forget_repairs_the_file(settings_file: Path, own: Path) -> None:
    change(own / "moodbox.db", BAD_ROWS["an unknown mood"])
    assert moodbox("forget", "--settings", settings_file).returncode == 0
    with closing(Memory.open(own)) as memory:
        assert memory.play_statistics(certain(Mood.SAD)) == NO_STATISTICS
        assert len(memory.own_affects()) == 20
        assert {affect.source for affect in memory.own_affects().values()} == {Source.OWN}
