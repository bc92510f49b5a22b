"""One small file with all that training needs, to take along to another machine.

The images are kept as WebP of high quality, 64 x 64 of them in one picture: on average a grey value is off by
less than 2 of 255, and the file has less than half of the size.
"""

from __future__ import annotations

import io
import itertools
from dataclasses import dataclass
from pathlib import Path
from zipfile import BadZipFile

import numpy as np
from numpy.typing import NDArray

from converter.data.dataset import Split
from converter.data.face_candidates import FaceCandidates
from converter.data.fer2013 import SIDE
from converter.data.ferplus import shares
from converter.errors import DataError
from device.mood import Mood
from device.vision.opencv import cv2

MOODS = tuple(Mood)
QUALITY = 95  # of 100
IN_A_ROW = 64
MAX_CANDIDATES = 10_000  # more would make the file larger than 45 MB
FACES_AMONG_THEM = 0.2  # the faces of the split teach what is a face, too


@dataclass(frozen=True)
class PackedFaces:
    """What a file contains.

    Attributes:
        training: FER2013's Training, with votes.
        public_test: PublicTest, with votes, to choose by.
        squares: float32, (n, 3): of each face of `training`, as `Augmentation` takes them.
        candidates: crops to learn from what is a face.
    """

    training: Split
    public_test: Split
    squares: NDArray[np.float32]
    candidates: FaceCandidates


def some(candidates: FaceCandidates, seed: int) -> FaceCandidates:
    """Draw at most MAX_CANDIDATES, a fifth of them faces if there are as many."""
    order = np.random.default_rng(seed).permutation(len(candidates.is_face))
    shuffled = candidates.is_face[order]
    faces = round(FACES_AMONG_THEM * MAX_CANDIDATES)
    counts = {True: faces, False: MAX_CANDIDATES - faces}
    drawn = [np.flatnonzero(shuffled == is_face)[:count] for is_face, count in counts.items()]
    rows = order[np.concatenate(drawn)]
    return FaceCandidates(candidates.crops[rows], candidates.is_face[rows])


def write(path: Path, faces: PackedFaces) -> None:
    """Write a file, whole or not at all.

    Args:
        path: of the file.
        faces: both splits with the votes of all seven moods.
    """
    content: dict[str, NDArray[np.generic]] = {"squares": faces.squares, "is_face": faces.candidates.is_face}
    for name, split in (("training", faces.training), ("public_test", faces.public_test)):
        assert split.vote_counts is not None
        content |= {
            f"{name}_labels": split.labels.astype(np.uint8),
            f"{name}_votes": split.vote_counts.astype(np.uint8),
            f"{name}_images": _compressed(split.images),
        }
    content["candidate_images"] = _compressed(faces.candidates.crops)
    unfinished = path.with_name(f".{path.name}")
    with unfinished.open("wb") as file:
        np.savez_compressed(file, **content)
    unfinished.replace(path)


def read(path: Path) -> PackedFaces:
    """Read what `write` has written.

    Raises:
        DataError: the file is damaged, or another one.
    """
    try:
        with np.load(io.BytesIO(path.read_bytes()), allow_pickle=False) as content:
            training, public_test = (
                _split(name, content[f"{key}_labels"], content[f"{key}_votes"], content[f"{key}_images"])
                for name, key in (("Training", "training"), ("PublicTest", "public_test"))
            )
            is_face = content["is_face"]
            crops = _images(content["candidate_images"], len(is_face))
            return PackedFaces(training, public_test, content["squares"], FaceCandidates(crops, is_face))
    except (KeyError, ValueError, EOFError, BadZipFile, cv2.error) as error:
        raise DataError(f"{path}: cannot be read; expected a file that `pack` wrote") from error


def _split(
    name: str, labels: NDArray[np.uint8], votes: NDArray[np.uint8], pictures: NDArray[np.uint8]
) -> Split:
    counts = votes.astype(np.int64)
    images = _images(pictures, len(labels))
    return Split(name, MOODS, images, labels.astype(np.int64), shares(counts, MOODS), counts)


def _compressed(images: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """All pictures of IN_A_ROW x IN_A_ROW images, one after another, as one picture as high as it takes."""
    rows = -(-len(images) // IN_A_ROW)
    tiles = np.zeros((rows * IN_A_ROW, SIDE, SIDE), np.uint8)
    tiles[: len(images)] = images
    pictures = []
    for first in range(0, rows, IN_A_ROW):
        part = tiles[first * IN_A_ROW : (first + IN_A_ROW) * IN_A_ROW]
        whole = part.reshape(-1, IN_A_ROW, SIDE, SIDE).swapaxes(1, 2).reshape(-1, IN_A_ROW * SIDE)
        done, encoded = cv2.imencode(".webp", whole, [cv2.IMWRITE_WEBP_QUALITY, QUALITY])
        assert done
        pictures.append(encoded.ravel())
    sizes = np.array([len(pictures), *map(len, pictures)], dtype="<u8").view(np.uint8)
    return np.concatenate([sizes, *pictures])


def _images(pictures: NDArray[np.uint8], count: int) -> NDArray[np.uint8]:
    """The first `count` images of what `_compressed` returned, uint8, (count, 48, 48)."""
    number = int(pictures[:8].view("<u8")[0])
    sizes = pictures[8 : 8 + 8 * number].copy().view("<u8").astype(int)
    starts = np.cumsum([8 + 8 * number, *sizes])
    tiles = []
    for start, end in itertools.pairwise(starts):
        whole = cv2.imdecode(pictures[start:end], cv2.IMREAD_GRAYSCALE)
        if whole is None:
            raise ValueError("a picture is damaged")
        rows = np.asarray(whole, dtype=np.uint8).reshape(-1, SIDE, IN_A_ROW, SIDE)
        tiles.append(rows.swapaxes(1, 2).reshape(-1, SIDE, SIDE))
    images: NDArray[np.uint8] = np.concatenate(tiles)[:count]
    return images
