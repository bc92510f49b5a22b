"""Data with FER+'s votes for tests of training."""

from __future__ import annotations

from pathlib import Path

import pytest

from converter.data.dataset import Split, read
from converter.data.labels import SPLITS
from tests.converter import drawn


@pytest.fixture(scope="session")
def splits_with_votes(fer2013: Path, votes: Path) -> dict[str, Split]:
    return read(fer2013, SPLITS, drawn.MOODS, votes=votes)
