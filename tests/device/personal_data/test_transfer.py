"""What a box has learned, carried to another one."""

from __future__ import annotations

import json
import os
import threading
from contextlib import closing
from pathlib import Path
from queue import SimpleQueue
from typing import Any

import pytest

from device.assembly import open_box
from device.config.settings import Settings
from device.demo.server import PrivateMpd
from device.mood import Mood
from device.mood_bias import MoodBias
from device.personal_data import no_box
from device.playback.memory import Memory
from tests.device.cli.commands import moodbox, running
from tests.device.estimates import certain
from tests.waiting import eventually

EMPTY: dict[str, Any] = {"version": 1, "play_counts": [], "affects": [], "never": [], "mood_bias": {}}


def remember(folder: Path) -> None:
    with closing(Memory.open(folder)) as memory:
        memory.keep_play(certain(Mood.SAD), "a ü.ogg", "Disco", completed=True)
        memory.keep_play(certain(Mood.SAD), "b.ogg", "", completed=False)
        memory.keep_own_affect("c.ogg", 0.25, 1.0)
        memory.exclude("d.ogg")
        memory.keep_mood_bias(MoodBias({Mood.HAPPY: 0.1 + 0.2, Mood.SAD: -2.0}))
        memory.keep_played("a ü.ogg")


def test_another_box_then_knows_what_this_one_has_learned_and_nothing_else(
    tmp_path: Path, settings_file: Path, settings: Settings
) -> None:
    remember(tmp_path / "this")
    folder = settings.service.state_path()
    with closing(Memory.open(folder)) as memory:
        memory.exclude("of the other.ogg")
        memory.keep_played("of the other.ogg")
    this = tmp_path / "this.toml"
    this.write_text(f'[service]\nstate = "{tmp_path}/this"\n')
    exported = moodbox("export", "--settings", this)
    assert exported.returncode == 0, exported.stderr
    file = tmp_path / "learned.json"
    file.write_text(exported.stdout)
    imported = moodbox("import", file, "--settings", settings_file)
    assert (imported.returncode, imported.stderr) == (0, "")
    assert "play counts: 3, affects that were set: 1, songs that are never chosen: 1," in imported.stdout
    assert moodbox("export", "--settings", settings_file).stdout == exported.stdout
    with closing(Memory.open(folder)) as memory:
        statistics = memory.play_statistics(certain(Mood.SAD))
        assert statistics.genres["Disco"].completed == 1
        assert statistics.songs["b.ogg"].skipped == 1
        assert memory.own_affects()["c.ogg"].energy == 1.0
        assert memory.excluded() == {"d.ogg"}
        assert memory.mood_bias() == MoodBias({Mood.HAPPY: 0.1 + 0.2, Mood.SAD: -2.0})
        assert memory.played(9) == ("of the other.ogg",)


PLAY = {"mood": "sad", "kind": "song", "name": "a.ogg", "completed": 1.0, "skipped": 0.0}


@pytest.mark.parametrize(
    "change",
    [
        {"version": 2},
        {"faces": []},
        {"never": [7]},
        {"play_counts": [PLAY | {"mood": "merry"}]},
        {"play_counts": [PLAY | {"completed": -1.0}]},
        {"play_counts": [PLAY | {"completed": 1e300}]},
        {"affects": [{"uri": "a.ogg", "valence": 1.5, "energy": 0.0}]},
        {"mood_bias": {"sad": 1e9}},
        {"mood_bias": {"merry": 1.0}},
    ],
    ids=str,
)
def test_anything_else_is_refused_in_one_line_and_changes_nothing(
    tmp_path: Path, settings_file: Path, settings: Settings, change: dict[str, Any]
) -> None:
    remember(settings.service.state_path())
    before = moodbox("export", "--settings", settings_file).stdout
    file = tmp_path / "learned.json"
    file.write_text(json.dumps(EMPTY | change))
    refused = moodbox("import", file, "--settings", settings_file)
    assert (refused.returncode, refused.stdout) == (1, "")
    assert refused.stderr.startswith(f"moodbox: {file}: not what `moodbox export` prints: ")
    assert refused.stderr.count("\n") == 1
    assert moodbox("export", "--settings", settings_file).stdout == before


@pytest.mark.parametrize("content", [b"", b"[" * 100_000, b"\xff", b"null", b'{"version": 1}'])
def test_a_file_of_something_else_is_refused_in_one_line(
    tmp_path: Path, settings_file: Path, content: bytes
) -> None:
    file = tmp_path / "learned.json"
    file.write_bytes(content)
    refused = moodbox("import", file, "--settings", settings_file)
    assert (refused.returncode, refused.stderr.count("\n")) == (1, 1)


def test_a_pipe_or_a_missing_file_is_not_waited_for(tmp_path: Path, settings_file: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    for name in ("pipe", "missing"):
        refused = moodbox("import", tmp_path / name, "--settings", settings_file)
        assert (refused.returncode, refused.stderr.count("\n")) == (1, 1)


def test_nothing_is_imported_while_a_box_runs(
    tmp_path: Path,
    settings_file: Path,
    settings: Settings,
    library: PrivateMpd,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    file = tmp_path / "learned.json"
    file.write_text(json.dumps(EMPTY))
    with running(settings_file):
        refused = moodbox("import", file, "--settings", settings_file)
        assert moodbox("export", "--settings", settings_file).returncode == 0
        monkeypatch.setattr(no_box, "SERVICE_SOCKET", settings.service.socket_path())
        refused_by_service = moodbox("import", file, "--settings", settings_file)
    assert (refused.returncode, refused.stdout) == (1, "")
    assert "first end it where it was started (a demo with the key q" in refused.stderr
    assert refused_by_service.stderr.endswith(": first `sudo systemctl stop moodbox`\n")


@pytest.mark.parametrize("command", ["import", "forget"])
def test_a_box_that_does_not_answer_keeps_its_files(
    tmp_path: Path, settings_file: Path, settings: Settings, library: PrivateMpd, command: str
) -> None:
    """As in the moment between the start of a box and its first answer."""
    file = tmp_path / "learned.json"
    file.write_text(json.dumps(EMPTY))
    remember(settings.service.state_path())
    elsewhere = tmp_path / "elsewhere.toml"
    elsewhere.write_text(settings_file.read_text().replace(settings.service.socket, f"{tmp_path}/no"))
    words = ["import", file] if command == "import" else ["forget", "--everything"]
    with running(settings_file):
        refused = moodbox(*words, "--settings", elsewhere)
    assert (refused.returncode, refused.stdout) == (1, "")
    assert "the box runs, and would " in refused.stderr
    assert "d.ogg" in moodbox("export", "--settings", settings_file).stdout


def test_a_box_that_starts_during_an_import_reads_what_is_imported(
    tmp_path: Path,
    settings_file: Path,
    settings: Settings,
    library: PrivateMpd,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    folder = settings.service.state_path()
    remember(folder)
    file = tmp_path / "learned.json"
    file.write_text(json.dumps(EMPTY | {"mood_bias": {"happy": 0.5}}))
    write = Memory.replace_rows
    read: list[MoodBias] = []

    def start_a_box() -> None:
        with open_box(settings, SimpleQueue()), closing(Memory.open(folder)) as memory:
            read.append(memory.mood_bias())

    def replace_rows(memory: Memory, rows: Any) -> None:
        box.start()
        eventually(settings.service.socket_path().exists)
        box.join(0.5)  # without the lock it has read the memory by then
        write(memory, rows)

    box = threading.Thread(target=start_a_box)
    monkeypatch.setattr(Memory, "replace_rows", replace_rows)
    imported = moodbox("import", file, "--settings", settings_file)
    box.join()
    assert (imported.returncode, imported.stderr) == (0, "")
    assert read == [MoodBias({Mood.HAPPY: 0.5})]
