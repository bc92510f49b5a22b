"""One flipped bit anywhere in the files of the box: it starts, and the next start gives no warning."""

from __future__ import annotations

import logging
import random
import shutil
from contextlib import closing
from pathlib import Path

import pytest

from device.config.last_good import COPY, FILE, read_or_last_good, save
from device.config.settings import Look, Settings
from device.demo.server import PrivateMpd
from device.library.index import LibraryIndex
from device.playback.memory import Memory
from tests.device.cli.commands import running, status
from tests.device.fuzzing import FUZZING
from tests.device.storage.sample_files import ask_all, learn, read
from tests.waiting import eventually

FLIPS = 1000 if FUZZING else 20
HEADER = 100  # bytes


@pytest.fixture(scope="module")
def cut(populated: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The files of a box after a power failure: much of the content is only in SQLite's logs."""
    folder, left = tmp_path_factory.mktemp("runs"), tmp_path_factory.mktemp("cut") / "state"
    shutil.copytree(populated, folder, dirs_exist_ok=True)
    with closing(Memory.open(folder)) as memory, closing(LibraryIndex.open(folder)) as index:
        learn(memory, 20)
        read(index, "two", 100)
        shutil.copytree(folder, left)
    return left


def flip(path: Path, bit: int) -> None:
    content = bytearray(path.read_bytes())
    content[bit // 8] ^= 1 << bit % 8
    path.write_bytes(content)


def starts_after(source: Path, name: str, bit: int, folder: Path, caplog: pytest.LogCaptureFixture) -> None:
    shutil.rmtree(folder, ignore_errors=True)
    shutil.copytree(source, folder)
    flip(folder / name, bit)
    try:
        ask_all(folder)
        caplog.clear()
        ask_all(folder)
        warnings = [record.getMessage() for record in caplog.records if record.levelno >= logging.WARNING]
        assert not warnings
    except Exception as error:
        error.add_note(f"with bit {bit} of {name} flipped, from {source.parent.name}")
        raise


KEPT = [
    ("populated", "moodbox.db"),
    ("populated", "songs.db"),
    ("cut", "moodbox.db"),
    ("cut", "moodbox.db-wal"),
    ("cut", "moodbox.db-shm"),
    ("cut", "songs.db"),
    ("cut", "songs.db-wal"),
    ("cut", "songs.db-shm"),
]


@pytest.mark.fuzz
@pytest.mark.parametrize(("left", "name"), KEPT)
def test_the_box_starts_after_any_flipped_bit_and_the_next_start_gives_no_warning(
    left: str, name: str, request: pytest.FixtureRequest, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    source = request.getfixturevalue(left)
    chance = random.Random(f"{left} {name}")
    bits = 8 * (source / name).stat().st_size
    for _ in range(FLIPS):
        starts_after(source, name, chance.randrange(bits), tmp_path / "state", caplog)


@pytest.mark.fuzz
@pytest.mark.parametrize("name", ["moodbox.db", "songs.db"])
def test_the_box_starts_after_any_flipped_bit_of_the_header(
    populated: Path, name: str, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    bits = range(8 * HEADER)
    # Byte 18 holds whether the file may be written; byte 63 is the lowest byte of the tables' version.
    few = sorted({*random.Random(name).sample(bits, FLIPS), *range(8 * 18, 8 * 19), *range(8 * 63, 8 * 64)})
    for bit in bits if FUZZING else few:
        starts_after(populated, name, bit, tmp_path / "state", caplog)


@pytest.mark.fuzz
@pytest.mark.parametrize("name", [FILE, COPY])
def test_a_flipped_bit_in_the_last_good_settings_does_not_change_them(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("STATE_DIRECTORY", str(tmp_path))
    (tmp_path / "moodbox.toml").write_text("[panel]\nbuton = 3\n")
    good = Settings(look=Look(readings=7))
    save(good)
    content = (tmp_path / name).read_bytes()
    chance = random.Random(name)
    for _ in range(FLIPS):
        (tmp_path / name).write_bytes(content)
        flip(tmp_path / name, bit := chance.randrange(8 * len(content)))
        settings, broken = read_or_last_good(tmp_path / "moodbox.toml")
        assert settings == good, bit
        assert broken
        save(good)
        assert (tmp_path / name).read_bytes() == content, bit


@pytest.mark.fuzz
@pytest.mark.parametrize("seed", range(25 if FUZZING else 2))
def test_a_box_with_a_flipped_bit_in_each_file_starts_and_plays(
    seed: int, populated: Path, settings_file: Path, settings: Settings, library: PrivateMpd
) -> None:
    state = settings.service.state_path()
    shutil.copytree(populated, state)
    chance = random.Random(seed)
    for name in ("moodbox.db", "songs.db"):
        flip(state / name, chance.randrange(8 * (state / name).stat().st_size))
    with running(settings_file) as box:
        eventually(lambda: status(settings_file)["playing"] == "play", 60)
        eventually(lambda: status(settings_file)["trouble"] == {}, 60)
        box.terminate()
        assert box.wait(timeout=60) == 0
