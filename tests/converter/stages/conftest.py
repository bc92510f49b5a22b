"""Packed drawn faces."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from converter.data.dataset import Split, read
from converter.data.face_candidates import FaceCandidates
from converter.stages.packed import PackedFaces
from device.mood import Mood
from tests.converter import drawn


@pytest.fixture(scope="session")
def packed_faces(fer2013: Path, votes: Path) -> PackedFaces:
    splits = read(fer2013, ["Training", "PublicTest"], drawn.MOODS, votes=votes)
    training, public_test = (_with_all_moods(splits[name]) for name in ("Training", "PublicTest"))
    squares = np.random.default_rng(1).uniform(30, 48, (len(training), 3)).astype(np.float32)
    candidates = FaceCandidates(public_test.images[:20], np.arange(20) % 2 == 0)
    return PackedFaces(training, public_test, squares, candidates)


def _with_all_moods(split: Split) -> Split:
    """A split of some moods as one of all seven, as `pack` reads it."""
    assert split.votes is not None
    indices = [list(Mood).index(mood) for mood in split.moods]
    votes = np.zeros((len(split), len(Mood)), np.float32)
    votes[:, indices] = split.votes
    return Split(
        split.name, tuple(Mood), split.images, np.array(indices)[split.labels], votes, split.vote_counts
    )
