"""Photos of people with a mood: whom they show, and which are for choosing and which for reporting.

All photos of a person belong to one half: what was chosen on one of them is hardly tested by another.
"""

from __future__ import annotations

import csv
import hashlib
from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

from converter.errors import DataError
from device.mood import Mood
from device.printable import printable
from device.vision.pictures import pictures_in

HALVES = ("choosing", "reporting")
MOST_OF_ONE_PERSON = 5
PEOPLE_FILE = "people.csv"
PEOPLE_COLUMNS = ("mood", "file", "source", "person")
UNKNOWN_SOURCE = "unknown"
# With this number both halves of muxspace's 694 photos have about as many people, and photos of each mood and
# source. It was chosen by counting them; no model had been asked.
HALVES_SEED = 69


@dataclass(frozen=True)
class Photo:
    """A file with one face.

    Attributes:
        path: the file.
        mood: what somebody says the face shows.
        person: who it is.
        source: what kind of photo it is, such as a portrait or a film still.
    """

    path: Path
    mood: Mood
    person: str
    source: str = UNKNOWN_SOURCE

    @property
    def seed(self) -> int:
        """Seed of all randomness about this photo: the same whichever other photos there are."""
        return int.from_bytes(_digest(f"{self.mood}/{self.path.name}")[:8])


@dataclass(frozen=True)
class PhotoSet:
    """The photos of a folder.

    Attributes:
        photos: all of them.
        knows_people: whether a file says whom they show. If not, each photo is a person of its own.
    """

    photos: tuple[Photo, ...]
    knows_people: bool

    def half(self, name: str) -> list[Photo]:
        """Return the photos of one half of the people, at most MOST_OF_ONE_PERSON of each.

        A person's half depends on the person's name alone, so photos that are added move nobody.

        Args:
            name: one of HALVES.

        Raises:
            DataError: nobody is in this half.
        """
        of_person: dict[str, list[Photo]] = defaultdict(list)
        for photo in self.photos:
            if _half_of(photo.person) == name:
                of_person[photo.person].append(photo)
        if not of_person:
            raise DataError(
                f"all of the {len(self.photos)} photos show people of the other half than --half {name}; "
                "add photos of more people"
            )
        kept = {
            photo
            for photos in of_person.values()
            for photo in sorted(photos, key=lambda photo: photo.seed)[:MOST_OF_ONE_PERSON]
        }
        return [photo for photo in self.photos if photo in kept]


def read_photos(folder: Path) -> PhotoSet:
    """Read which photos `folder` has, and whom they show.

    Args:
        folder: with folders named like moods. It may have a file people.csv with the columns mood, file,
            source and person.

    Raises:
        DataError: there are no photos, or people.csv is damaged or does not name one of them.
    """
    paths = [(mood, path) for mood in Mood for path in pictures_in(folder / mood)]
    if not paths:
        raise DataError(f"{folder}: no photos; expected folders named {', '.join(Mood)} with images in them")
    people_file = folder / PEOPLE_FILE
    if not people_file.exists():
        return PhotoSet(tuple(Photo(path, mood, f"{mood}/{path.name}") for mood, path in paths), False)
    people = _read_people(people_file)
    if missing := [path for mood, path in paths if (mood, path.name) not in people]:
        raise DataError(
            f"{people_file}: no line for {printable(missing[0])} and {len(missing) - 1} more; "
            "expected one line for each photo"
        )
    return PhotoSet(
        tuple(
            Photo(path, mood, row["person"], row["source"])
            for mood, path in paths
            for row in [people[mood, path.name]]
        ),
        True,
    )


def person_numbers(photos: Iterable[Photo]) -> list[int]:
    """Number the people, from 0; return the number of the person on each photo."""
    numbers: dict[str, int] = {}
    return [numbers.setdefault(photo.person, len(numbers)) for photo in photos]


def _read_people(path: Path) -> Mapping[tuple[str, str], Mapping[str, str]]:
    """Read people.csv: a row for each mood and file name."""
    try:
        with path.open(newline="", encoding="utf-8-sig", errors="surrogateescape") as file:
            table = csv.DictReader(file)
            if not set(PEOPLE_COLUMNS) <= set(table.fieldnames or ()):
                raise DataError(
                    f"{path}: expected the columns {','.join(PEOPLE_COLUMNS)} in its first line, "
                    f"found {','.join(table.fieldnames or ()) or 'nothing'}"
                )
            rows = {(row["mood"], row["file"]): row for row in table}
            for (mood, name), row in rows.items():
                if not row["person"] or not row["source"]:
                    raise DataError(f"{path}: {mood}/{printable(name)}: expected a source and a person")
            return rows
    except (OSError, csv.Error) as error:
        raise DataError(f"{path}: cannot be read ({error})") from error


def _half_of(person: str) -> str:
    return HALVES[_digest(f"{HALVES_SEED} {person}")[0] & 1]


def _digest(text: str) -> bytes:
    return hashlib.sha256(text.encode("utf-8", "surrogateescape")).digest()
