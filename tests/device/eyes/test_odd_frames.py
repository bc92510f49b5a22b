"""A frame may have any shape and any content: nothing in it is no face, and never an error."""

from __future__ import annotations

import functools
from typing import Any

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from device.eyes.camera import Camera
from device.eyes.card import Crop, Light
from device.eyes.faces import FaceFinder, cut
from device.eyes.frame import LONGEST_SIDE, grey, small
from device.eyes.look import Eyes, look_once
from device.eyes.pictures import read_picture
from device.mood import Face, Outcome, Verdict
from device.settings import Look, Model
from tests.device.conftest import HAPPY

FRONTAL = "haarcascade_frontalface_default.xml"
SIDES = st.one_of(st.integers(0, 60), st.sampled_from([100, 240, 640, 1000]))
LONG = [(3, 1000), (1000, 3), (1, 40_000), (40_000, 1), (30, 40_000), (40_000, 30), (25, 32_766)]
SHAPES = st.one_of(st.tuples(SIDES, SIDES), st.sampled_from(LONG))
KINDS = st.sampled_from(["black", "white", "noise", "ramp", "her"])
ANYWHERE = st.integers(-700, 1400)
FACES = st.builds(
    Face, ANYWHERE, ANYWHERE, st.integers(1, 640), st.integers(1, 640), st.sampled_from([-15.0, 0.0, 15.0])
)


@functools.cache
def eyes() -> Eyes:
    return Eyes(Model(), Look())


@functools.cache
def her() -> NDArray[np.uint8]:
    return read_picture(HAPPY)


def drawn(shape: tuple[int, int], kind: str) -> NDArray[np.uint8]:
    height, width = shape
    if kind == "her":
        repeats = (-(-height // her().shape[0]), -(-width // her().shape[1]))
        return np.tile(her(), repeats)[:height, :width]
    if kind == "noise":
        return np.random.default_rng(height).integers(0, 256, shape, dtype=np.uint8)
    if kind == "ramp":
        return np.resize(np.arange(256, dtype=np.uint8), shape)
    return np.full(shape, 0 if kind == "black" else 255, np.uint8)


@given(SHAPES, KINDS, st.one_of(st.none(), FACES))
@example((3, 1000), "noise", None)  # it ended the box
@example((1000, 3), "noise", None)
@example((100, 40_000), "her", None)
@example((400, 386), "her", Face(500, 500, 100, 100))  # seen in the picture before, which was larger
@settings(max_examples=80)
def test_a_frame_of_any_shape_has_a_face_that_is_read_or_none(
    shape: tuple[int, int], kind: str, last: Face | None
) -> None:
    glance = eyes().glance(drawn(shape, kind), last)
    if glance.face is None:
        assert glance.reading is None
    else:
        assert min(shape) >= 24
        assert glance.reading is not None
        assert sum(glance.reading.values()) == pytest.approx(1)


@pytest.mark.parametrize(
    "frame",
    [
        np.zeros((0,), np.uint8),
        np.zeros((240, 320, 3), np.uint8),
        np.zeros((240, 320), np.uint16),
        np.full((240, 320), np.nan, np.float32),
        np.zeros((240, 320), np.bool_),
        np.zeros((), np.uint8),
    ],
    ids=lambda frame: f"{frame.dtype}{frame.shape}",
)
def test_in_a_frame_of_another_kind_is_no_face(frame: Any) -> None:
    assert FaceFinder(FRONTAL, least=0.08).find(frame) is None
    assert FaceFinder(FRONTAL, least=0.08).find(frame, Face(10, 10, 50, 50)) is None


@given(
    st.tuples(st.integers(1, 700), st.integers(1, 700)),
    FACES,
    st.sampled_from(list(Light)),
    st.floats(-0.5, 2),
)
@settings(max_examples=60)
def test_a_crop_has_its_size_wherever_the_face_lies(
    shape: tuple[int, int], face: Face, light: Light, margin: float
) -> None:
    crop = cut(drawn(shape, "her"), face, Crop(detector=FRONTAL, margin=margin, light=light), side=48)
    assert crop.shape == (48, 48)
    assert crop.dtype == np.uint8
    assert sum(eyes()._classifier.read(crop).values()) == pytest.approx(1)


@given(SHAPES, KINDS)
@settings(max_examples=60)
def test_a_frame_is_made_small_and_never_to_nothing(shape: tuple[int, int], kind: str) -> None:
    made = small(drawn(shape, kind))
    assert max(made.shape) <= LONGEST_SIDE
    assert (min(made.shape) == 0) == (min(shape) == 0)


@pytest.mark.parametrize(
    ("given", "shape"),
    [
        (np.full((4, 6), 100, np.uint8), (4, 6)),
        (np.full((4, 6, 1), 100, np.uint8), (4, 6)),
        (np.full((4, 6, 3), 100, np.uint8), (4, 6)),
        (np.full((4, 6, 4), 100, np.uint8), (4, 6)),
        (np.full((4, 6), 100 << 8, np.uint16), (4, 6)),
        (np.full((4, 6, 2), 100, np.uint8), (0, 0)),
        (np.full((4, 6), 100, np.float64), (0, 0)),
        (np.full((2, 4, 6, 3), 100, np.uint8), (0, 0)),
        (np.zeros((0, 6, 3), np.uint8), (0, 0)),
        (None, (0, 0)),
    ],
    ids=lambda value: f"{value.dtype}{value.shape}" if isinstance(value, np.ndarray) else str(value),
)
def test_whatever_a_camera_gives_is_made_grey_or_nothing(given: Any, shape: tuple[int, int]) -> None:
    frame = grey(given)
    assert frame.shape == shape
    assert frame.dtype == np.uint8
    assert (frame == 100).all()


@pytest.mark.parametrize("shape", [*LONG, (1, 1), (0, 0), (0, 7)])
def test_the_demo_draws_a_frame_of_any_shape(shape: tuple[int, int]) -> None:
    screen = pytest.importorskip("device.demo.screen", exc_type=ImportError)  # it wants rich
    seen = Verdict(outcome=Outcome.UNSURE, face=Face(-5, 0, 10, 2000))
    assert len(screen.picture(drawn(shape, "ramp"), seen, rows=10).plain.splitlines()) in (10, 11)


class Flickering:
    """A camera whose frames have another size each time."""

    def __init__(self, frames: list[NDArray[np.uint8]]) -> None:
        self._frames = iter(frames)

    def __enter__(self) -> Flickering:
        return self

    def __exit__(self, *_: object) -> None: ...

    def read(self) -> NDArray[np.uint8] | None:
        return next(self._frames, None)


def test_a_look_goes_on_through_frames_of_all_sizes() -> None:
    """A face is followed from one frame to the next, which may be too small to hold it."""
    shapes = [(400, 386), (60, 60), (0, 0), (400, 386), (3, 1000), (400, 40), (400, 386), (1, 1), (400, 386)]
    camera: Camera = Flickering([drawn(shape, "her") for shape in shapes])
    verdict = look_once(eyes(), camera, Look(readings=4, seconds=60))
    assert verdict.outcome == "mood"
    assert verdict.readings == 4
