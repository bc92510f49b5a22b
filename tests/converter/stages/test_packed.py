"""A packed file contains what training needs, and is small."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from converter.data.face_candidates import FaceCandidates
from converter.errors import DataError
from converter.stages import packed
from device.mood import Mood


def test_what_is_packed_is_read_back(packed_faces: packed.PackedFaces, tmp_path: Path) -> None:
    faces = packed_faces
    packed.write(tmp_path / "faces.npz", faces)
    found = packed.read(tmp_path / "faces.npz")
    for before, after in ((faces.training, found.training), (faces.public_test, found.public_test)):
        assert (after.name, after.moods) == (before.name, tuple(Mood))
        assert np.array_equal(after.labels, before.labels)
        assert before.vote_counts is not None
        assert np.array_equal(after.vote_counts, before.vote_counts)  # type: ignore[arg-type]
        assert after.votes is not None
        assert after.votes.shape == (len(before), 7)
    assert np.array_equal(found.squares, faces.squares)
    assert np.array_equal(found.candidates.is_face, faces.candidates.is_face)
    for original, kept in (
        (faces.training.images, found.training.images),
        (faces.candidates.crops, found.candidates.crops),
    ):
        assert np.sqrt(np.mean((kept.astype(float) - original) ** 2)) < 4  # drawn faces have much noise
        assert np.abs(kept.mean(axis=(1, 2)) - original.mean(axis=(1, 2))).max() < 1


def test_images_of_several_pictures_keep_their_order() -> None:
    greys = (np.arange(5000) % 251).astype(np.uint8)
    images = np.tile(greys[:, None, None], (1, 48, 48))
    found = packed._images(packed._compressed(images), 5000)
    assert np.abs(found.mean(axis=(1, 2)) - greys).max() < 2


def test_of_many_candidates_a_fifth_are_faces(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(packed, "MAX_CANDIDATES", 10)
    crops = np.arange(100, dtype=np.uint8)[:, None, None] * np.ones((1, 48, 48), np.uint8)
    found = packed.some(FaceCandidates(crops, np.arange(100) < 60), seed=1)
    assert sorted(found.is_face.tolist()) == [False] * 8 + [True] * 2
    assert (found.is_face == (found.crops[:, 0, 0] < 60)).all()


@pytest.mark.parametrize("content", [b"", b"PK\x03\x04 no archive"])
def test_another_file_is_refused(content: bytes, tmp_path: Path) -> None:
    path = tmp_path / "faces.npz"
    path.write_bytes(content)
    with pytest.raises(DataError, match=r"faces\.npz: cannot be read; expected a file that `pack` wrote"):
        packed.read(path)
