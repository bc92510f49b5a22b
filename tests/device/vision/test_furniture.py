"""Which faces are furniture: those that hardly move in most looks of a day."""

from __future__ import annotations

import random
from collections.abc import Iterable

from device.mood import Face
from device.vision.furniture import MAX_LOCATIONS, Box, FaceLocations, after_look, box_of

HOUR = 3600.0
POSTER = Box(0.7, 0.2, 0.15)
PERSON = Box(0.4, 0.4, 0.3)


def moved(box: Box, share: float) -> Box:
    """The box, moved to the right by a share of its width."""
    return Box(box.x + share * box.width, box.y, box.width)


def furniture(locations: FaceLocations) -> list[Box]:
    return [place.box for place in locations if place.is_furniture]


def after_looks(
    looks: Iterable[Box | None], every: float = 2 * HOUR, locations: FaceLocations = (), start: float = 0.0
) -> FaceLocations:
    """What is known after looks at regular times; known furniture is seen as furniture."""
    for number, face in enumerate(looks):
        known = [box for box in furniture(locations) if face and face.is_at(box)]
        locations = after_look(locations, None if known else face, known, start + number * every)
    return locations


def test_a_face_that_has_not_moved_for_a_day_is_furniture() -> None:
    trembling = [moved(POSTER, random.Random(number).uniform(-0.04, 0.04)) for number in range(13)]
    (known,) = furniture(after_looks(trembling))
    assert known.is_at(POSTER)


def test_it_is_none_before_a_day_is_over() -> None:
    assert furniture(after_looks([POSTER] * 12)) == []


def test_many_looks_in_one_evening_and_one_a_day_later_are_not_enough() -> None:
    locations = after_looks([POSTER] * 100, every=60.0)
    assert furniture(after_look(locations, POSTER, [], 30 * HOUR)) == []


def test_a_clock_that_jumps_by_days_is_not_a_day_of_looks() -> None:
    locations = after_looks([POSTER] * 3)
    assert furniture(after_looks([POSTER] * 3, locations=locations, start=1e9)) == []


def test_a_clock_that_is_set_back_begins_again() -> None:
    locations = after_looks([POSTER] * 12, start=1e9)
    assert furniture(after_looks([POSTER] * 12, locations=locations, start=0.0)) == []


def test_a_person_who_always_sits_in_the_same_chair_is_none() -> None:
    for seed in range(20):
        chance = random.Random(seed)
        # Five centimetres here or there for a face of sixteen.
        looks = [
            Box(
                PERSON.x + chance.gauss(0, 0.3) * PERSON.width,
                PERSON.y + chance.gauss(0, 0.2) * PERSON.width,
                PERSON.width * chance.uniform(0.85, 1.15),
            )
            for _ in range(1000)
        ]
        assert furniture(after_looks(looks, every=HOUR)) == []


def test_a_poster_is_learned_although_people_are_seen_between() -> None:
    people = [moved(PERSON, number / 3) for number in range(20)]
    looks = [face for person in people for face in (POSTER, person, POSTER)]
    assert furniture(after_looks(looks)) == [POSTER]


def test_two_posters_are_learned() -> None:
    other = moved(POSTER, -2)
    locations: FaceLocations = ()
    for number in range(40):
        seen = furniture(locations)
        person = next((box for box in (POSTER, other) if box not in seen), None)
        locations = after_look(locations, person, seen, number * 2 * HOUR)
    assert furniture(locations) == [POSTER, other]


def test_furniture_that_has_moved_is_forgotten_after_a_day_and_learned_at_its_new_place() -> None:
    locations = after_looks([POSTER] * 20)
    gone = after_looks([None] * 20, locations=locations, start=40 * HOUR)
    assert gone == ()
    there = moved(POSTER, 1)
    assert furniture(after_looks([there] * 13, locations=gone, start=80 * HOUR)) == [there]


def test_furniture_that_is_not_seen_at_night_stays() -> None:
    locations = after_looks([POSTER] * 20)
    for day in range(1, 10):
        locations = after_looks(
            [None] * 9 + [POSTER], every=HOUR, locations=locations, start=day * 24 * HOUR + 40 * HOUR
        )
    assert furniture(locations) == [POSTER]


def test_somebody_before_the_furniture_does_not_count_against_it() -> None:
    locations = after_looks([POSTER] * 20)
    people = [moved(PERSON, number / 3) for number in range(50)]
    assert furniture(after_looks(people, locations=locations, start=40 * HOUR)) == [POSTER]


def test_only_a_few_places_are_remembered() -> None:
    assert len(after_looks([moved(PERSON, number) for number in range(100)])) <= MAX_LOCATIONS


def test_the_place_of_a_face_is_a_share_of_the_frames_width() -> None:
    assert (
        box_of(Face(80, 60, 160, 160), 320) == box_of(Face(160, 120, 320, 320), 640) == Box(0.5, 0.4375, 0.5)
    )
