"""What `moodbox forget` and `moodbox forget --everything` leave of what the box has written down."""

from __future__ import annotations

from contextlib import closing
from pathlib import Path

from device.config.settings import Settings
from device.demo.server import PrivateMpd
from device.library.index import LibraryIndex
from device.mood import Mood
from device.mood_bias import MoodBias
from device.mood_estimate import MoodEstimate
from device.mpd.snapshot import Entry
from device.mpd.stickers import like, record_play
from device.playback.memory import Memory
from device.playback.ownership import QueueOwnership
from tests.device.cli.commands import moodbox, running

SECRET = "happy/05.ogg"


def remember(folder: Path) -> None:
    """What a box writes down of a song."""
    sad = MoodEstimate.certain(Mood.SAD)
    with closing(Memory.open(folder)) as memory:
        memory.keep_play(sad, SECRET, "Disco", completed=True)
        memory.keep_played(SECRET)
        memory.keep_mood_bias(MoodBias({Mood.SAD: 2.0}))
        memory.keep_ownership(QueueOwnership((Entry(1, "a.ogg"),), {"a.ogg": sad, "b.ogg": sad}, ("b.ogg",)))


def test_forget_leaves_nothing_of_what_was_learned_in_the_files(
    settings_file: Path, settings: Settings
) -> None:
    folder = settings.service.state_path()
    remember(folder)
    assert moodbox("forget", "--settings", settings_file).returncode == 0
    content = b"".join(file.read_bytes() for file in folder.glob("moodbox.db*"))
    assert SECRET.encode() not in content
    assert b"sad" not in content
    with closing(Memory.open(folder)) as memory:
        ownership = memory.ownership()
    assert [entry.uri for entry in ownership.entries] == ["a.ogg"]  # a running box needs these
    assert ownership.asked == ("b.ogg",)
    assert ownership.estimates == {}


def test_everything_is_erased_but_what_others_have_written(
    settings_file: Path, settings: Settings, library: PrivateMpd
) -> None:
    folder = settings.service.state_path()
    remember(folder)
    LibraryIndex.open(folder).close()
    names = ("settings.json", "moodbox.damaged", "songs.newer-wal", "restarted.boot")
    for name in (*names, "camera.off", "notes.txt", "settings.toml"):
        (folder / name).touch()
    client = library.client()
    for uri in (SECRET, "sad/01.ogg"):
        record_play(client, uri, completed=True, when=1)
        record_play(client, uri, completed=False, when=1)
    like(client, SECRET)
    result = moodbox("forget", "--everything", "--settings", settings_file)
    assert result.returncode == 0, result.stderr
    assert sorted(file.name for file in folder.iterdir()) == ["camera.off", "notes.txt", "settings.toml"]
    for name in ("playCount", "lastPlayed", "skipCount", "lastSkipped"):
        assert [song["file"] for song in client.sticker_find("song", "", name)] == ["sad/01.ogg"]
    assert len(client.sticker_find("song", "", "like")) == 1
    assert "moodbox.damaged, moodbox.db" in result.stdout
    assert "songs whose plays and skips were erased in MPD's stickers: 1" in result.stdout
    assert "journalctl --rotate --vacuum-time" in result.stdout


def test_nothing_is_erased_while_a_box_runs(
    settings_file: Path, settings: Settings, library: PrivateMpd
) -> None:
    with running(settings_file):
        result = moodbox("forget", "--everything", "--settings", settings_file)
    assert result.returncode == 1
    assert "first end it where it was started" in result.stderr
    assert (settings.service.state_path() / "moodbox.db").exists()


def test_nothing_is_erased_if_mpd_cannot_be_asked(settings_file: Path, settings: Settings) -> None:
    remember(settings.service.state_path())
    result = moodbox("forget", "--everything", "--settings", settings_file)
    assert result.returncode == 1
    assert "is not running" in result.stderr
    assert (settings.service.state_path() / "moodbox.db").exists()


def test_an_empty_folder_is_no_error(settings_file: Path) -> None:
    result = moodbox("forget", "--everything", "--settings", settings_file)
    assert result.returncode == 0
    assert "nothing was there" in result.stdout
