"""Splits contain the moods that were asked for, from a CSV file or from folders."""

from __future__ import annotations

import functools
import gzip
import lzma
from collections.abc import Callable
from pathlib import Path

import cv2
import numpy as np
import pytest

from converter.data.dataset import Split, read, read_row_numbers
from converter.data.labels import SPLIT_FOLDERS, SPLITS
from converter.errors import DataError
from device.mood import Mood
from tests.converter import drawn
from tests.converter.drawn import MOODS, SIZES

# As files are usually compressed, only faster.
compress_xz = functools.partial(lzma.compress, preset=0)
compress_gz = functools.partial(gzip.compress, compresslevel=1)


def same_faces(first: Split, second: Split) -> bool:
    """Compare images and labels."""
    return np.array_equal(first.images, second.images) and np.array_equal(first.labels, second.labels)


def write_folders(root: Path, splits: dict[str, Split], names: dict[str, str]) -> Path:
    """Write `splits` as PNG files into root/NAME/MOOD."""
    for split in splits.values():
        for i, (image, label) in enumerate(zip(split.images, split.labels, strict=True)):
            folder = root / names[split.name] / split.moods[label]
            folder.mkdir(parents=True, exist_ok=True)
            cv2.imwrite(str(folder / f"{i:04}.png"), image)
    return root


def test_only_faces_of_the_moods_that_were_asked_for_are_read(splits: dict[str, Split]) -> None:
    for name, split in splits.items():
        assert split.name == name
        assert split.images.shape == (SIZES[name], 48, 48)
        assert split.images.dtype == np.uint8
        assert split.counts() == dict.fromkeys(MOODS, SIZES[name] // 3)


def test_labels_follow_the_order_in_which_moods_were_asked_for(fer2013: Path) -> None:
    split = read(fer2013, ["PublicTest"], (Mood.ANGRY, Mood.SAD))["PublicTest"]
    assert split.counts() == {"angry": 1, "sad": SIZES["PublicTest"] // 3}
    assert split.labels[-1] == 0


def test_pixels_are_row_by_row(fer2013: Path) -> None:
    first = read(fer2013, ["Training"], MOODS)["Training"].images[0]
    assert first.ravel().tolist() == [int(word) for word in drawn.rows()[0]["pixels"].split()]


@pytest.mark.parametrize(("suffix", "compress"), [(".xz", compress_xz), (".gz", compress_gz)])
def test_a_compressed_file_is_read(
    suffix: str,
    compress: Callable[[bytes], bytes],
    fer2013: Path,
    splits: dict[str, Split],
    tmp_path: Path,
) -> None:
    compressed = tmp_path / f"fer2013.csv{suffix}"
    compressed.write_bytes(compress(fer2013.read_bytes()))
    found = read(compressed, SPLITS, MOODS)
    assert all(same_faces(found[name], splits[name]) for name in SPLITS)


@pytest.mark.parametrize("number", [0, 1, 2])
def test_folders_are_read_by_any_of_their_usual_names(
    number: int, splits: dict[str, Split], tmp_path: Path
) -> None:
    names = {split: folders[number] for split, folders in SPLIT_FOLDERS.items()}
    found = read(write_folders(tmp_path, splits, names), SPLITS, MOODS)
    for name in SPLITS:
        for label in range(len(MOODS)):
            images, expected = (s[name].images[s[name].labels == label] for s in (found, splits))
            assert np.array_equal(images, expected)


def test_rows_are_left_out_of_training_alone(fer2013: Path, splits: dict[str, Split]) -> None:
    first_of_public = SIZES["Training"] + 1
    found = read(fer2013, SPLITS, MOODS, leave_out={1, 4, first_of_public})
    assert np.array_equal(found["Training"].images, np.delete(splits["Training"].images, (1, 4), axis=0))
    assert same_faces(found["PublicTest"], splits["PublicTest"])


def test_how_many_rows_are_left_out_and_why_is_said(fer2013: Path, votes: Path, tmp_path: Path) -> None:
    nobody = drawn.votes()
    for row in nobody[:3]:
        row.update(dict.fromkeys(drawn.FERPLUS, "0"), NF="10")
    notes: list[str] = []
    tables = (fer2013, drawn.write_csv(tmp_path / "votes.csv", nobody))
    read(tables[0], SPLITS, MOODS, {4, 5, SIZES["Training"] + 1}, tables[1], notes.append)
    named, by_votes = notes
    assert named == (
        "left out of Training: 2 of the 3 rows that --leave-out names; the others are in PublicTest or "
        "PrivateTest, which stay whole"
    )
    assert by_votes == ("left out of Training: 3 rows, because most of FER+'s people saw no face there")
    notes.clear()
    read(fer2013, ["PublicTest"], MOODS, votes=votes, note=notes.append)
    assert not notes


def test_row_numbers_of_another_file_are_refused(fer2013: Path) -> None:
    with pytest.raises(DataError, match=r"--leave-out: 2 of its 3 numbers are no rows of .*, which has 171"):
        read(fer2013, SPLITS, MOODS, leave_out={4, 171, -1})


def test_row_numbers_are_read_one_from_each_line(tmp_path: Path) -> None:
    (tmp_path / "rows.txt").write_text("17\n23\n")
    assert read_row_numbers(tmp_path / "rows.txt") == {17, 23}


@pytest.mark.parametrize(
    ("column", "value", "message"),
    [
        ("pixels", "1 2 3", "3 pixels, expected 2304 numbers (48x48)"),
        ("pixels", "", "0 pixels, expected 2304"),
        ("pixels", "7 " * 2305, "2305 pixels, expected 2304"),
        ("pixels", "7 " * 1000 + "x " + "7 " * 1303, "a pixel of 'x', expected a number from 0 to 255"),
        ("pixels", "7 " * 2303 + "256", "a pixel of 256, expected 0 to 255"),
        ("pixels", "-1 " + "7 " * 2303, "a pixel of -1, expected 0 to 255"),
        ("emotion", "7", "emotion is '7', expected a number from 0 to 6"),
        ("emotion", "merry", "emotion is 'merry', expected a number from 0 to 6, or a mood"),
        ("Usage", "Test", "Usage is 'Test', expected one of Training, PublicTest, PrivateTest"),
    ],
)
def test_a_broken_row_is_reported_with_what_was_expected(
    column: str, value: str, message: str, tmp_path: Path
) -> None:
    table = drawn.rows()[:6]
    table[4][column] = value
    path = drawn.write_csv(tmp_path / "broken.csv", table)
    with pytest.raises(DataError) as caught:
        read(path, ["Training"], MOODS)
    assert str(caught.value).startswith(f"{path}: row 4 (line 6): ")
    assert message in str(caught.value)


def test_a_row_that_ends_early_is_reported(tmp_path: Path) -> None:
    path = drawn.write_csv(tmp_path / "short.csv", drawn.rows()[:3])
    with path.open("a") as file:
        file.write("3\n")
    with pytest.raises(DataError, match=r"short\.csv: row 3 \(line 5\): Usage is None, expected one of"):
        read(path, ["Training"], MOODS)


@pytest.mark.parametrize("header", ["emotion,pixels", "", "a,b,c"])
def test_missing_columns_are_reported(header: str, tmp_path: Path) -> None:
    (tmp_path / "odd.csv").write_text(header + "\n")
    with pytest.raises(DataError) as caught:
        read(tmp_path / "odd.csv", ["Training"], MOODS)
    assert "odd.csv: expected the columns emotion,pixels,Usage" in str(caught.value)
    assert f"found {header or 'nothing'}" in str(caught.value)


@pytest.mark.parametrize(("suffix", "compress"), [(".xz", compress_xz), (".gz", compress_gz)])
@pytest.mark.parametrize("damage", ["truncated", "not compressed"])
def test_a_file_that_cannot_be_read_to_its_end_is_reported(
    suffix: str, compress: Callable[[bytes], bytes], damage: str, fer2013: Path, tmp_path: Path
) -> None:
    content = compress(fer2013.read_bytes())
    path = tmp_path / f"damaged.csv{suffix}"
    path.write_bytes(content[: len(content) // 2] if damage == "truncated" else b"emotion,pixels,Usage\n")
    with pytest.raises(DataError, match=r"damaged\.csv.*: cannot be read to its end .*; download it again"):
        read(path, SPLITS, MOODS)


@pytest.mark.parametrize(("suffix", "compress"), [(".xz", compress_xz), (".gz", compress_gz)])
@pytest.mark.parametrize("place", [0.3, 0.5, 0.7])
def test_a_garbled_file_is_reported(
    suffix: str, compress: Callable[[bytes], bytes], place: float, fer2013: Path, tmp_path: Path
) -> None:
    content = bytearray(compress(fer2013.read_bytes()))
    start = int(len(content) * place)
    content[start : start + 64] = bytes(64)
    path = tmp_path / f"damaged.csv{suffix}"
    path.write_bytes(content)
    with pytest.raises(DataError, match=r"damaged\.csv"):
        read(path, SPLITS, MOODS)


def test_a_missing_file_is_reported(tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"none\.csv: no such file or folder; expected Kaggle's fer2013\.csv"):
        read(tmp_path / "none.csv", SPLITS, MOODS)


def test_a_split_without_one_of_the_moods_is_reported(tmp_path: Path) -> None:
    path = drawn.write_csv(tmp_path / "small.csv", drawn.rows()[:2])
    with pytest.raises(DataError, match=r"small\.csv: split Training has no image of sad"):
        read(path, ["Training"], MOODS)
    with pytest.raises(DataError, match="split PrivateTest has no image of happy, neutral, sad"):
        read(path, ["PrivateTest"], MOODS)


def test_a_folder_without_the_split_is_reported(tmp_path: Path) -> None:
    with pytest.raises(
        DataError, match="no folder for the split PublicTest; expected one named PublicTest or"
    ):
        read(tmp_path, ["PublicTest"], MOODS)


@pytest.mark.parametrize(("shape", "found"), [((48, 50), "50x48"), ((24, 24), "24x24")])
def test_an_image_of_another_size_is_reported(shape: tuple[int, int], found: str, tmp_path: Path) -> None:
    (tmp_path / "train" / "happy").mkdir(parents=True)
    cv2.imwrite(str(tmp_path / "train" / "happy" / "a.png"), np.zeros(shape, np.uint8))
    with pytest.raises(DataError, match=rf"a\.png: {found} pixels, expected 48x48"):
        read(tmp_path, ["Training"], MOODS)


def test_an_image_that_cannot_be_read_is_reported(tmp_path: Path) -> None:
    (tmp_path / "train" / "happy").mkdir(parents=True)
    (tmp_path / "train" / "happy" / "a.png").write_text("no image")
    with pytest.raises(DataError, match=r"a\.png: not a picture that can be read"):
        read(tmp_path, ["Training"], MOODS)


@pytest.mark.parametrize(
    ("content", "message"), [("1\ntwo\n", "expected one row number on each line"), (None, "No such file")]
)
def test_a_broken_file_of_row_numbers_is_reported(content: str | None, message: str, tmp_path: Path) -> None:
    if content:
        (tmp_path / "rows.txt").write_text(content)
    with pytest.raises(DataError, match=rf"rows\.txt: {message}"):
        read_row_numbers(tmp_path / "rows.txt")


def test_row_numbers_are_refused_for_a_folder(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="row numbers to leave out need a CSV file"):
        read(tmp_path, ["Training"], MOODS, leave_out={1})


def test_a_restricted_split_is_the_same_as_if_only_its_moods_had_been_read(
    fer2013: Path, votes: Path
) -> None:
    moods = (Mood.SAD, Mood.ANGRY, Mood.HAPPY)
    only_these = read(fer2013, ["Training"], moods, votes=votes)["Training"]
    all_moods = read(fer2013, ["Training"], (*MOODS, Mood.ANGRY), votes=votes)["Training"]
    restricted = all_moods.restrict_to(moods)
    assert restricted.moods == only_these.moods
    assert same_faces(restricted, only_these)
    assert restricted.votes is not None
    assert restricted.votes == pytest.approx(only_these.votes)


@pytest.mark.parametrize(
    ("encoding", "header"),
    [
        ("utf-8-sig", "emotion,pixels,Usage"),
        ("utf-16", "emotion,pixels,Usage"),
        ("utf-8", "emotion, Usage, pixels"),
        ("utf-8-sig", " Usage,PIXELS ,Emotion"),
    ],
)
@pytest.mark.parametrize("suffix", ["", ".gz"])
def test_a_csv_file_is_read_in_the_forms_that_people_have(
    encoding: str, header: str, suffix: str, splits: dict[str, Split], tmp_path: Path
) -> None:
    names = [name.strip().casefold() for name in header.split(",")]
    rows = [{name.casefold(): value for name, value in row.items()} for row in drawn.rows()]
    lines = [header, *(", ".join(row[name] for name in names) for row in rows)]
    content = "\n".join(lines).encode(encoding)
    path = tmp_path / f"fer2013.csv{suffix}"
    path.write_bytes(compress_gz(content) if suffix else content)
    found = read(path, SPLITS, MOODS)
    assert all(same_faces(found[name], splits[name]) for name in SPLITS)


def test_larger_faces_are_scaled_down(tmp_path: Path) -> None:
    large = np.kron(np.arange(48 * 48, dtype=np.int64).reshape(48, 48) % 256, np.ones((5, 5), np.int64))
    rows = [{"emotion": "happiness", "pixels": " ".join(map(str, large.ravel())), "Usage": "training"}]
    found = read(drawn.write_csv(tmp_path / "large.csv", rows), ["Training"], (Mood.HAPPY,))["Training"]
    assert np.array_equal(found.images[0], large[::5, ::5])
    (tmp_path / "train" / "happy").mkdir(parents=True)
    cv2.imwrite(str(tmp_path / "train" / "happy" / "a.png"), large.astype(np.uint8))
    found = read(tmp_path, ["Training"], (Mood.HAPPY,))["Training"]
    assert np.array_equal(found.images[0], large[::5, ::5])
