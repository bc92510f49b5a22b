"""What a box has stored."""

from __future__ import annotations

from contextlib import closing
from pathlib import Path

import pytest

from device.library.index import LibraryIndex
from device.playback.memory import Memory
from tests.device.storage.sample_files import populate


@pytest.fixture
def state(tmp_path: Path) -> Path:
    """The files of a box that was shut down."""
    folder = tmp_path / "state"
    with closing(Memory.open(folder)) as memory, closing(LibraryIndex.open(folder)) as index:
        populate(memory, index)
    return folder
