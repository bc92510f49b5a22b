"""Photos are split by person, and nobody changes halves when photos are added."""

from __future__ import annotations

import csv
from pathlib import Path

import pytest

from converter.errors import DataError
from converter.measure.photos import HALVES, PEOPLE_COLUMNS, Photo, PhotoSet, person_numbers, read_photos
from device.mood import Mood
from tests.device.vision.odd_pictures import APPLE_DOUBLE

# A name in each half.
CHOOSING, REPORTING = "anna", "ben"


def photo_set(*people: str) -> PhotoSet:
    """Return an photo_set with a photo for each of these names."""
    return PhotoSet(
        tuple(Photo(Path(f"{number}.png"), Mood.SAD, person) for number, person in enumerate(people)), True
    )


def people_in(found: PhotoSet, half: str) -> list[str]:
    return [photo.person for photo in found.half(half)]


def folder(path: Path, *rows: tuple[str, str, str, str], files: tuple[str, ...] = ()) -> Path:
    """Write people.csv with these rows, and a file for each; their content does not matter here."""
    with (path / "people.csv").open("w", newline="") as file:
        csv.writer(file).writerows([PEOPLE_COLUMNS, *rows])
    for name in (*(f"{mood}/{name}" for mood, name, _, _ in rows), *files):
        (path / name).parent.mkdir(exist_ok=True)
        (path / name).touch()
    return path


def test_all_photos_of_a_person_belong_to_one_half() -> None:
    found = photo_set(CHOOSING, REPORTING, CHOOSING, REPORTING, REPORTING)
    assert people_in(found, "choosing") == [CHOOSING] * 2
    assert people_in(found, "reporting") == [REPORTING] * 3


def test_photos_that_are_added_move_nobody() -> None:
    names = [f"person {number}" for number in range(200)]
    before = {half: people_in(photo_set(*names[:100]), half) for half in HALVES}
    after = {half: people_in(photo_set(*reversed(names)), half) for half in HALVES}
    for half in HALVES:
        assert set(before[half]) == set(after[half]) & set(names[:100])
        assert 80 < len(after[half]) < 120


def test_of_one_person_five_photos_count_the_same_ones_in_any_order() -> None:
    many = photo_set(*[REPORTING] * 9)
    kept = many.half("reporting")
    assert len(kept) == 5
    assert set(PhotoSet(many.photos[::-1], True).half("reporting")) == set(kept)


def test_people_are_numbered_in_the_order_of_the_photos() -> None:
    assert person_numbers(photo_set("b", "a", "b", "c").photos) == [0, 1, 0, 2]


def test_people_csv_says_who_is_on_a_photo_and_where_it_is_from(tmp_path: Path) -> None:
    found = read_photos(
        folder(tmp_path, ("happy", "1.png", "portrait", "anna"), ("sad", "1.png", "still", "emil"))
    )
    assert found.knows_people
    assert [(photo.mood, photo.person, photo.source) for photo in found.photos] == [
        (Mood.HAPPY, "anna", "portrait"),
        (Mood.SAD, "emil", "still"),
    ]


def test_people_csv_may_come_from_a_spreadsheet(tmp_path: Path) -> None:
    """Such a program may write a byte order mark, and lines that end as on Windows."""
    folder(tmp_path, ("sad", "1.png", "still", "emil"))
    lines = "mood,file,source,person\r\nsad,1.png,still,zoë\r\n"
    (tmp_path / "people.csv").write_bytes(lines.encode("utf-8-sig"))
    assert [photo.person for photo in read_photos(tmp_path).photos] == ["zoë"]


def test_without_people_csv_each_photo_is_a_person_of_its_own(tmp_path: Path) -> None:
    for mood in ("happy", "sad"):
        (tmp_path / mood).mkdir()
        (tmp_path / mood / "1.png").touch()
    found = read_photos(tmp_path)
    assert not found.knows_people
    assert [photo.person for photo in found.photos] == ["happy/1.png", "sad/1.png"]


def test_hidden_files_are_no_photos(tmp_path: Path) -> None:
    (folder(tmp_path, ("sad", "1.png", "still", "emil")) / "sad" / "._1.png").write_bytes(APPLE_DOUBLE)
    assert [photo.path.name for photo in read_photos(tmp_path).photos] == ["1.png"]


def test_a_photo_that_people_csv_does_not_name_is_reported(tmp_path: Path) -> None:
    folder(tmp_path, ("sad", "1.png", "still", "emil"), files=("sad/2.png", "sad/3.png"))
    with pytest.raises(DataError, match=r"people\.csv: no line for .*sad/2\.png and 1 more; expected one"):
        read_photos(tmp_path)


@pytest.mark.parametrize(
    ("content", "reported"),
    [
        ("mood,file\n", "expected the columns mood,file,source,person in its first line, found mood,file"),
        ("", "expected the columns mood,file,source,person in its first line, found nothing"),
        ("mood,file,source,person\nsad,1.png,still,\n", r"sad/1\.png: expected a source and a person"),
        ("mood,file,source,person\nsad,1.png\n", r"sad/1\.png: expected a source and a person"),
    ],
)
def test_a_damaged_people_csv_is_reported(content: str, reported: str, tmp_path: Path) -> None:
    folder(tmp_path, ("sad", "1.png", "still", "emil"))
    (tmp_path / "people.csv").write_text(content)
    with pytest.raises(DataError, match=rf"people\.csv: {reported}"):
        read_photos(tmp_path)


def test_a_folder_without_photos_is_reported(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="no photos; expected folders named angry, disgust"):
        read_photos(tmp_path)


def test_a_half_with_nobody_in_it_is_reported() -> None:
    with pytest.raises(DataError, match="all of the 2 photos show people of the other half than --half cho"):
        photo_set(REPORTING, REPORTING).half("choosing")
