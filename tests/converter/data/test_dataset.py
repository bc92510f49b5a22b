from __future__ import annotations

import gzip
import lzma
import os
from collections.abc import Callable
from pathlib import Path

import cv2
import numpy as np
import pytest

from converter.data import dataset as data
from converter.data.dataset import SPLITS, Split
from converter.errors import DataError
from device.mood import Mood
from tests.converter import drawn
from tests.converter.drawn import MOODS, SIZES
from tests.device.vision.odd_pictures import APPLE_DOUBLE, encoded, png_of_zeros


def same(one: Split, other: Split) -> bool:
    return np.array_equal(one.images, other.images) and np.array_equal(one.labels, other.labels)


def write_folders(root: Path, splits: dict[str, Split], names: dict[str, str]) -> Path:
    for split in splits.values():
        for i, (image, label) in enumerate(zip(split.images, split.labels, strict=True)):
            folder = root / names[split.name] / split.moods[label]
            folder.mkdir(parents=True, exist_ok=True)
            cv2.imwrite(str(folder / f"{i:04}.png"), image)
    return root


def test_reads_the_faces_of_the_moods_asked_for_and_no_others(splits: dict[str, Split]) -> None:
    for name, split in splits.items():
        assert split.name == name
        assert split.images.shape == (SIZES[name], 48, 48)
        assert split.images.dtype == np.uint8
        assert split.counts() == dict.fromkeys(MOODS, SIZES[name] // 3)


def test_labels_follow_the_order_in_which_moods_were_asked_for(fer2013: Path) -> None:
    split = data.read(fer2013, ["PublicTest"], (Mood.ANGRY, Mood.SAD))["PublicTest"]
    assert split.counts() == {"angry": 1, "sad": SIZES["PublicTest"] // 3}
    assert split.labels[-1] == 0


def test_pixels_stand_row_by_row(fer2013: Path) -> None:
    first = data.read(fer2013, ["Training"], MOODS)["Training"].images[0]
    assert first.ravel().tolist() == [int(word) for word in drawn.rows()[0]["pixels"].split()]


@pytest.mark.parametrize(("suffix", "opener"), [(".xz", lzma.open), (".gz", gzip.open)])
def test_reads_a_packed_file_as_it_is(
    suffix: str,
    opener: Callable[..., gzip.GzipFile],
    fer2013: Path,
    splits: dict[str, Split],
    tmp_path: Path,
) -> None:
    packed = tmp_path / f"fer2013.csv{suffix}"
    with opener(packed, "wb") as file:
        file.write(fer2013.read_bytes())
    read = data.read(packed, SPLITS, MOODS)
    assert all(same(read[name], splits[name]) for name in SPLITS)


@pytest.mark.parametrize("number", [0, 1, 2])
def test_reads_folders_by_any_of_their_usual_names(
    number: int, splits: dict[str, Split], tmp_path: Path
) -> None:
    names = {split: folders[number] for split, folders in data.SPLIT_FOLDERS.items()}
    read = data.read(write_folders(tmp_path, splits, names), SPLITS, MOODS)
    for name in SPLITS:
        for label in range(len(MOODS)):
            found, expected = (s[name].images[s[name].labels == label] for s in (read, splits))
            assert np.array_equal(found, expected)


def test_rows_are_left_out_of_training_and_of_nothing_else(fer2013: Path, splits: dict[str, Split]) -> None:
    first_of_public = SIZES["Training"] + 1
    read = data.read(fer2013, SPLITS, MOODS, leave_out={1, 4, first_of_public})
    assert np.array_equal(read["Training"].images, np.delete(splits["Training"].images, (1, 4), axis=0))
    assert same(read["PublicTest"], splits["PublicTest"])


def test_row_numbers_stand_one_on_a_line(tmp_path: Path) -> None:
    (tmp_path / "rows.txt").write_text("17\n23\n")
    assert data.read_row_numbers(tmp_path / "rows.txt") == {17, 23}


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
        ("emotion", "happy", "emotion is 'happy', expected a number from 0 to 6"),
        ("Usage", "Test", "Usage is 'Test', expected one of Training, PublicTest, PrivateTest"),
    ],
)
def test_a_broken_row_is_named_with_what_was_expected(
    column: str, value: str, message: str, tmp_path: Path
) -> None:
    table = drawn.rows()[:6]
    table[4][column] = value
    path = drawn.write_csv(tmp_path / "broken.csv", table)
    with pytest.raises(DataError) as caught:
        data.read(path, ["Training"], MOODS)
    assert str(caught.value).startswith(f"{path}: row 4 (line 6): ")
    assert message in str(caught.value)


def test_a_row_that_ends_early_is_named(tmp_path: Path) -> None:
    path = drawn.write_csv(tmp_path / "short.csv", drawn.rows()[:3])
    with path.open("a") as file:
        file.write("3\n")
    with pytest.raises(DataError, match=r"short\.csv: row 3 \(line 5\): Usage is None, expected one of"):
        data.read(path, ["Training"], MOODS)


@pytest.mark.parametrize("header", ["emotion,pixels", "", "a,b,c"])
def test_missing_columns_are_named(header: str, tmp_path: Path) -> None:
    (tmp_path / "odd.csv").write_text(header + "\n")
    with pytest.raises(DataError) as caught:
        data.read(tmp_path / "odd.csv", ["Training"], MOODS)
    assert "odd.csv: expected the columns emotion,pixels,Usage" in str(caught.value)
    assert f"found {header or 'nothing'}" in str(caught.value)


@pytest.mark.parametrize(("suffix", "pack"), [(".xz", lzma.compress), (".gz", gzip.compress)])
@pytest.mark.parametrize("harm", ["truncated", "not packed"])
def test_a_file_that_cannot_be_read_to_its_end_is_named(
    suffix: str, pack: Callable[[bytes], bytes], harm: str, fer2013: Path, tmp_path: Path
) -> None:
    content = pack(fer2013.read_bytes())
    path = tmp_path / f"harmed.csv{suffix}"
    path.write_bytes(content[: len(content) // 2] if harm == "truncated" else b"emotion,pixels,Usage\n")
    with pytest.raises(DataError, match=r"harmed\.csv.*: cannot be read to its end .*; fetch it again"):
        data.read(path, SPLITS, MOODS)


@pytest.mark.parametrize(("suffix", "pack"), [(".xz", lzma.compress), (".gz", gzip.compress)])
@pytest.mark.parametrize("place", [0.3, 0.5, 0.7])
def test_a_garbled_file_is_named(
    suffix: str, pack: Callable[[bytes], bytes], place: float, fer2013: Path, tmp_path: Path
) -> None:
    content = bytearray(pack(fer2013.read_bytes()))
    start = int(len(content) * place)
    content[start : start + 64] = bytes(64)
    path = tmp_path / f"harmed.csv{suffix}"
    path.write_bytes(content)
    with pytest.raises(DataError, match=r"harmed\.csv"):
        data.read(path, SPLITS, MOODS)


def test_a_file_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"none\.csv: no such file or folder; expected Kaggle's fer2013\.csv"):
        data.read(tmp_path / "none.csv", SPLITS, MOODS)


def test_a_split_without_one_of_the_moods_is_named(tmp_path: Path) -> None:
    path = drawn.write_csv(tmp_path / "small.csv", drawn.rows()[:2])
    with pytest.raises(DataError, match=r"small\.csv: split Training has no picture of sad"):
        data.read(path, ["Training"], MOODS)
    with pytest.raises(DataError, match="split PrivateTest has no picture of happy, neutral, sad"):
        data.read(path, ["PrivateTest"], MOODS)


def test_a_folder_without_the_split_is_named(tmp_path: Path) -> None:
    with pytest.raises(
        DataError, match="no folder for the split PublicTest; expected one named PublicTest or"
    ):
        data.read(tmp_path, ["PublicTest"], MOODS)


@pytest.mark.parametrize(("shape", "found"), [((48, 50), "50x48"), ((24, 24), "24x24")])
def test_a_picture_of_another_size_is_named(shape: tuple[int, int], found: str, tmp_path: Path) -> None:
    (tmp_path / "train" / "happy").mkdir(parents=True)
    cv2.imwrite(str(tmp_path / "train" / "happy" / "a.png"), np.zeros(shape, np.uint8))
    with pytest.raises(DataError, match=rf"a\.png: {found} pixels, expected 48x48"):
        data.read(tmp_path, ["Training"], MOODS)


def test_a_picture_that_cannot_be_read_is_named(tmp_path: Path) -> None:
    (tmp_path / "train" / "happy").mkdir(parents=True)
    (tmp_path / "train" / "happy" / "a.png").write_text("no picture")
    with pytest.raises(DataError, match=r"a\.png: not a picture that can be read"):
        data.read(tmp_path, ["Training"], MOODS)


def test_a_folder_that_came_from_a_mac_is_read_without_its_hidden_files(tmp_path: Path) -> None:
    face = np.full((48, 48), 7, np.uint8)
    for mood in ("happy", "angry"):
        folder = tmp_path / "train" / mood
        folder.mkdir(parents=True)
        (folder / "._a.png").write_bytes(APPLE_DOUBLE)
        (folder / os.fsdecode(b"caf\xe9.png")).write_bytes(encoded(".png", face))
    read = data.read(tmp_path, ["Training"], (Mood.HAPPY,))["Training"]
    assert (read.images == face).all()
    assert len(read) == 1


def test_pictures_of_moods_that_nobody_asked_for_are_not_read(tmp_path: Path) -> None:
    for mood, content in (("happy", encoded(".png", np.zeros((48, 48), np.uint8))), ("angry", b"broken")):
        (tmp_path / "train" / mood).mkdir(parents=True)
        (tmp_path / "train" / mood / "a.png").write_bytes(content)
    assert len(data.read(tmp_path, ["Training"], (Mood.HAPPY,))["Training"]) == 1
    with pytest.raises(DataError, match=r"angry/a\.png: not a picture"):
        data.read(tmp_path, ["Training"], (Mood.HAPPY, Mood.ANGRY))


def test_a_giant_picture_is_named(tmp_path: Path) -> None:
    (tmp_path / "train" / "happy").mkdir(parents=True)
    (tmp_path / "train" / "happy" / "a.png").write_bytes(png_of_zeros(40_000, 40_000, rows=1))
    with pytest.raises(DataError, match=r"a\.png: too large a picture.*; expected a grey 48x48 one"):
        data.read(tmp_path, ["Training"], MOODS)


@pytest.mark.parametrize(
    ("content", "message"), [("1\ntwo\n", "expected one row number a line"), (None, "No such file")]
)
def test_a_broken_file_of_row_numbers_is_named(content: str | None, message: str, tmp_path: Path) -> None:
    if content:
        (tmp_path / "rows.txt").write_text(content)
    with pytest.raises(DataError, match=rf"rows\.txt: {message}"):
        data.read_row_numbers(tmp_path / "rows.txt")


def test_row_numbers_do_not_go_with_a_folder(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="row numbers to leave out go with a CSV file"):
        data.read(tmp_path, ["Training"], MOODS, leave_out={1})


def test_votes_are_shares_of_the_moods_asked_for(fer2013: Path, votes: Path) -> None:
    read = data.read(fer2013, ["Training"], MOODS, votes=votes)["Training"]
    assert read.votes is not None
    happy = read.votes[read.labels == MOODS.index(Mood.HAPPY)]
    assert happy[0] == pytest.approx([7 / 9, 2 / 9, 0])
    neutral = read.votes[read.labels == MOODS.index(Mood.NEUTRAL)]
    assert neutral[0] == pytest.approx([0, 1, 0])


def changed_votes(path: Path, row: int, **counts: int) -> Path:
    table = drawn.votes()
    table[row] |= dict.fromkeys(drawn.FERPLUS, "0") | {name: str(n) for name, n in counts.items()}
    return drawn.write_csv(path, table)


def test_a_single_vote_counts_for_nothing(fer2013: Path, tmp_path: Path) -> None:
    votes = changed_votes(tmp_path / "votes.csv", 0, happiness=6, sadness=1, neutral=3)
    read = data.read(fer2013, ["Training"], MOODS, votes=votes)["Training"]
    assert read.votes is not None
    assert read.votes[0] == pytest.approx([6 / 9, 3 / 9, 0])


def test_a_face_that_nobody_gave_one_of_the_moods_has_no_votes(fer2013: Path, tmp_path: Path) -> None:
    votes = changed_votes(tmp_path / "votes.csv", 0, anger=10)
    read = data.read(fer2013, ["Training"], MOODS, votes=votes)["Training"]
    assert read.votes is not None
    assert read.votes[0].tolist() == [0, 0, 0]
    assert len(read.by_votes()) == len(read) - 1


def test_what_most_saw_no_face_in_is_left_out_of_training_alone(
    fer2013: Path, tmp_path: Path, splits: dict[str, Split]
) -> None:
    table = drawn.votes()
    for row in (0, len(table) - 2):  # the first of Training, the last but one of PrivateTest
        table[row] |= {"NF": "8"}
    votes = drawn.write_csv(tmp_path / "votes.csv", table)
    read = data.read(fer2013, data.SPLITS, MOODS, votes=votes)
    assert len(read["Training"]) == len(splits["Training"]) - 1
    assert len(read["PrivateTest"]) == len(splits["PrivateTest"])


def test_by_votes_a_face_is_what_most_voted_for(fer2013: Path, tmp_path: Path) -> None:
    votes = changed_votes(tmp_path / "votes.csv", 0, sadness=8, happiness=2)
    read = data.read(fer2013, ["Training"], MOODS, votes=votes)["Training"]
    voted = read.by_votes()
    assert voted.labels[0] == MOODS.index(Mood.SAD)
    assert np.array_equal(voted.labels[1:], read.labels[1:])
    assert voted.name == "Training by FER+"


def test_a_split_held_to_some_moods_is_as_if_no_others_had_been_asked_for(fer2013: Path, votes: Path) -> None:
    moods = (Mood.SAD, Mood.ANGRY, Mood.HAPPY)
    asked = data.read(fer2013, ["Training"], moods, votes=votes)["Training"]
    held = data.read(fer2013, ["Training"], (*MOODS, Mood.ANGRY), votes=votes)["Training"].held_to(moods)
    assert held.moods == asked.moods
    assert same(held, asked)
    assert held.votes is not None
    assert held.votes == pytest.approx(asked.votes)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("Usage,neutral\nTraining,3\n", "expected FER\\+'s columns"),
        (f"{','.join(drawn.FERPLUS)}\n1,2,x,4,5,6,7,8,9,0\n", "cannot be read as FER"),
    ],
)
def test_votes_that_cannot_be_read_are_named(
    content: str, message: str, fer2013: Path, tmp_path: Path
) -> None:
    (tmp_path / "votes.csv").write_text(content)
    with pytest.raises(DataError, match=rf"votes\.csv: {message}"):
        data.read(fer2013, ["Training"], MOODS, votes=tmp_path / "votes.csv")


def test_votes_of_another_table_are_refused(fer2013: Path, tmp_path: Path) -> None:
    votes = drawn.write_csv(tmp_path / "votes.csv", drawn.votes()[:-3])
    with pytest.raises(DataError, match=r"fer2013\.csv: \d+ rows, and the votes are for \d+: they do not"):
        data.read(fer2013, ["Training"], MOODS, votes=votes)
