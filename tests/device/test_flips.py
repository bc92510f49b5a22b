"""One flipped bit, anywhere in what the box keeps: a start comes up, and the next has nothing to say."""

from __future__ import annotations

import logging
import random
import shutil
from contextlib import closing
from pathlib import Path

import pytest
from hypothesis import settings as hypothesis_settings

from device.demo.server import PrivateMpd
from device.last_good import COPY, FILE, keep, read_or_last_good
from device.memory import Memory
from device.music.catalogue import Catalogue
from device.settings import Look, Settings
from tests.device.kept import ask_all, fill, learn, read
from tests.device.test_cli import running, status
from tests.waiting import eventually

FUZZING = hypothesis_settings.default.max_examples > 1000  # type: ignore[union-attr]
FLIPS = 1000 if FUZZING else 40
HEADER = 100  # bytes


@pytest.fixture(scope="module")
def closed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What a box has left that was told to end."""
    folder = tmp_path_factory.mktemp("closed")
    with closing(Memory.open(folder)) as memory, closing(Catalogue.open(folder)) as catalogue:
        fill(memory, catalogue)
    return folder


@pytest.fixture(scope="module")
def cut(closed: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What a box has left whose plug was drawn: much of it is in SQLite's logs alone."""
    folder, left = tmp_path_factory.mktemp("runs"), tmp_path_factory.mktemp("cut") / "state"
    shutil.copytree(closed, folder, dirs_exist_ok=True)
    with closing(Memory.open(folder)) as memory, closing(Catalogue.open(folder)) as catalogue:
        learn(memory, 20)
        read(catalogue, "two", 100)
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
        said = [record.getMessage() for record in caplog.records if record.levelno >= logging.WARNING]
        assert not said
    except Exception as error:
        error.add_note(f"with bit {bit} of {name} flipped, from {source.parent.name}")
        raise


KEPT = [
    ("closed", "moodbox.db"),
    ("closed", "songs.db"),
    ("cut", "moodbox.db"),
    ("cut", "moodbox.db-wal"),
    ("cut", "moodbox.db-shm"),
    ("cut", "songs.db"),
    ("cut", "songs.db-wal"),
    ("cut", "songs.db-shm"),
]


@pytest.mark.fuzz
@pytest.mark.parametrize(("left", "name"), KEPT)
def test_after_any_flipped_bit_a_start_comes_up_and_the_next_has_nothing_to_say(
    left: str, name: str, request: pytest.FixtureRequest, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    source = request.getfixturevalue(left)
    chance = random.Random(f"{left} {name}")
    bits = 8 * (source / name).stat().st_size
    for _ in range(FLIPS):
        starts_after(source, name, chance.randrange(bits), tmp_path / "state", caplog)


@pytest.mark.fuzz
@pytest.mark.parametrize("name", ["moodbox.db", "songs.db"])
def test_so_it_does_whichever_bit_of_the_header_it_is(
    closed: Path, name: str, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    bits = list(range(8 * HEADER))
    if not FUZZING:
        # Byte 18 says whether it may be written; byte 63 is the lowest of the version of the tables.
        some = random.Random(name).sample(bits, FLIPS)
        bits = sorted({*some, *range(8 * 18, 8 * 19), *range(8 * 63, 8 * 64)})
    for bit in bits:
        starts_after(closed, name, bit, tmp_path / "state", caplog)


@pytest.mark.fuzz
@pytest.mark.parametrize("name", [FILE, COPY])
def test_a_flipped_bit_in_the_last_good_settings_leaves_them_as_they_were(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("STATE_DIRECTORY", str(tmp_path))
    (tmp_path / "moodbox.toml").write_text("[panel]\nbuton = 3\n")
    good = Settings(look=Look(readings=7))
    keep(good)
    content = (tmp_path / name).read_bytes()
    chance = random.Random(name)
    for _ in range(FLIPS):
        (tmp_path / name).write_bytes(content)
        flip(tmp_path / name, bit := chance.randrange(8 * len(content)))
        settings, broken = read_or_last_good(tmp_path / "moodbox.toml")
        assert settings == good, bit
        assert broken
        keep(good)
        assert (tmp_path / name).read_bytes() == content, bit


@pytest.mark.fuzz
@pytest.mark.parametrize("seed", range(25 if FUZZING else 2))
def test_a_box_with_a_flipped_bit_in_each_file_comes_up_and_plays(
    seed: int, closed: Path, settings_file: Path, settings: Settings, library: PrivateMpd
) -> None:
    state = settings.service.state_path()
    shutil.copytree(closed, state)
    chance = random.Random(seed)
    for name in ("moodbox.db", "songs.db"):
        flip(state / name, chance.randrange(8 * (state / name).stat().st_size))
    with running(settings_file) as box:
        eventually(lambda: status(settings_file)["playing"] == "play", 60)
        eventually(lambda: status(settings_file)["trouble"] == {}, 60)
        box.terminate()
        assert box.wait(timeout=30) == 0
