"""What a box has stored."""

from __future__ import annotations

import shutil
from contextlib import closing
from pathlib import Path

import pytest

from device.library.index import LibraryIndex
from device.playback.memory import Memory
from tests.device.storage.sample_files import populate


@pytest.fixture(scope="session")
def populated(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Made once, because each of their many writes waits for the disk. Do not change them."""
    folder = tmp_path_factory.mktemp("populated")
    with closing(Memory.open(folder)) as memory, closing(LibraryIndex.open(folder)) as index:
        populate(memory, index)
    return folder


@pytest.fixture
def state(populated: Path, tmp_path: Path) -> Path:
    """The files of a box that was shut down."""
    return Path(shutil.copytree(populated, tmp_path / "state"))
