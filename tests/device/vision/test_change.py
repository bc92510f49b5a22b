"""Which frames are worth a search for a face while nobody is there; on drawn frames, five a second."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from device.vision.change import MAX_SEARCH_INTERVAL_S, ChangeDetector
from device.vision.frame import Frame
from device.vision.opencv import cv2

FRAME_S = 0.2
FRAMES = 150  # half a minute
WIDTH, HEIGHT = 320, 240
Picture = NDArray[np.float64]

random = np.random.default_rng(1)


def room() -> Picture:
    """A wall that is lit from the left, a dark door, a picture on the wall, and a bright window."""
    picture = np.tile(np.linspace(150, 90, WIDTH), (HEIGHT, 1))
    picture[80:, 30:90] = 40
    picture[40:90, 150:200] = random.integers(30, 200, (50, 50))
    picture[30:100, 250:300] = 200
    return picture


ROOM = room()


def with_person(picture: Picture, x: int, head: int = 24) -> Picture:
    """Somebody at the column `x`; their head is `head` pixels wide."""
    top = HEIGHT - 4 * head
    picture = picture.copy()
    cv2.ellipse(picture, (x, top), (head // 2, round(0.7 * head)), 0, 0, 360, (175.0,), -1)
    cv2.ellipse(picture, (x, top - head // 2), (head // 2, head // 3), 0, 180, 360, (30.0,), -1)
    cv2.rectangle(picture, (x - head, top + head), (x + head, HEIGHT), (60.0,), -1)
    return picture


def frames(pictures: Iterable[Picture], noise: float = 3.0) -> Iterator[Frame]:
    """The pictures as a camera shows them."""
    for picture in pictures:
        yield np.clip(picture + noise * random.standard_normal(picture.shape), 0, 255).astype(np.uint8)


def searched(taken: Iterable[Frame]) -> list[int]:
    """The numbers of the frames that are worth a search."""
    now = 0.0
    detector = ChangeDetector(lambda: now)
    numbers = []
    for number, frame in enumerate(taken):
        now = number * FRAME_S
        if detector.needs_search(frame):
            numbers.append(number)
    return numbers


INTERVAL = round(MAX_SEARCH_INTERVAL_S / FRAME_S)
UNCHANGED = list(range(0, FRAMES, INTERVAL))


@pytest.mark.parametrize("noise", [0, 2, 5, 10])
@pytest.mark.parametrize("light", [1.0, 0.3])
def test_a_scene_that_does_not_change_is_searched_every_few_seconds(noise: float, light: float) -> None:
    assert searched(frames([ROOM * light] * FRAMES, noise)) == UNCHANGED


def test_noise_with_a_grain_is_no_change() -> None:
    def grainy() -> Iterator[Frame]:
        for _ in range(FRAMES):
            grain = cv2.GaussianBlur(random.standard_normal(ROOM.shape), (0, 0), 1.5)
            yield np.clip(ROOM + 5 * grain / grain.std(), 0, 255).astype(np.uint8)

    assert searched(grainy()) == UNCHANGED


def test_light_that_changes_slowly_is_no_change() -> None:
    side = np.linspace(1, 0, WIDTH)  # the window is at the left
    sun = 0.3 * np.sin(np.arange(FRAMES) * FRAME_S / 20 * 2 * np.pi)
    assert searched(frames(ROOM * (0.8 + strength * side) for strength in sun)) == UNCHANGED


def test_another_exposure_is_no_change() -> None:
    assert searched(frames(ROOM * (1.0 if number < 100 else 0.6) for number in range(FRAMES))) == UNCHANGED


def test_bands_of_a_lamp_that_flickers_with_the_mains_are_no_change() -> None:
    rows = np.linspace(0, 9, HEIGHT)[:, np.newaxis]
    assert searched(frames(ROOM * (1 + 0.15 * np.sin(rows + 2.1 * n)) for n in range(FRAMES))) == UNCHANGED


def test_a_lamp_that_flickers_in_a_corner_is_soon_ignored() -> None:
    y, x = np.mgrid[:HEIGHT, :WIDTH]
    lit = np.exp(-((x - 100) ** 2 + (y - 60) ** 2) / 2000)
    numbers = searched(frames(ROOM * (1 + 0.5 * random.random() * lit) for _ in range(FRAMES)))
    assert set(numbers) & set(range(5))  # at first it could be anything
    assert len([number for number in numbers if number >= 100]) <= FRAMES / INTERVAL


@pytest.mark.parametrize("head", [20, 40, 100])
def test_somebody_who_enters_is_searched_for_at_once_and_for_a_second(head: int) -> None:
    entered = [ROOM] * 20 + [with_person(ROOM, 220, head)] * 20
    numbers = searched(frames(entered))
    assert set(range(20, 26)) <= set(numbers)
    assert not set(range(27, 35)) & set(numbers)


def test_somebody_who_walks_is_searched_for_all_the_while() -> None:
    walk = [with_person(ROOM, x) for x in range(20, 300, 8)]
    assert searched(frames(walk)) == list(range(len(walk)))


def test_somebody_who_stands_still_from_the_start_is_searched_for_every_few_seconds() -> None:
    assert searched(frames([with_person(ROOM, 120)] * FRAMES)) == UNCHANGED


def test_after_a_face_the_next_frame_is_searched() -> None:
    detector = ChangeDetector(lambda: 0.0)
    frame = next(frames([ROOM]))
    assert [detector.needs_search(frame) for _ in range(2)] == [True, False]
    detector.forget()
    assert detector.needs_search(frame)


@pytest.mark.parametrize("shape", [(0, 0), (1, 1), (3, 2000), (2000, 3), (240, 320, 3)])
def test_frames_of_odd_shapes_are_left_to_the_search(shape: tuple[int, ...]) -> None:
    detector = ChangeDetector(lambda: 0.0)
    detector.needs_search(next(frames([ROOM])))
    assert detector.needs_search(np.zeros(shape, np.uint8))


def test_frames_of_another_kind_are_left_to_the_search() -> None:
    detector = ChangeDetector(lambda: 0.0)
    frame: Any = np.zeros((240, 320), bool)
    assert [detector.needs_search(frame) for _ in range(2)] == [True, True]
