"""A frame may have any shape and content: it has a face or none, and never causes an error."""

from __future__ import annotations

import functools
from typing import Any

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from device.config.settings import Look, Model
from device.mood import Decision, Face, Outcome
from device.vision.camera import Camera, frames_of
from device.vision.detector import FaceDetector, crop_face
from device.vision.frame import MAX_SIDE, scaled_down, to_grey
from device.vision.model_card import Crop
from device.vision.normalization import Normalization
from device.vision.observation import FaceAnalyzer, observe
from device.vision.pictures import read_picture
from tests.device.conftest import HAPPY

FRONTAL = "haarcascade_frontalface_default.xml"
SIDES = st.one_of(st.integers(0, 60), st.sampled_from([100, 240, 640, 1000]))
LONG = [(3, 1000), (1000, 3), (1, 40_000), (40_000, 1), (30, 40_000), (40_000, 30), (25, 32_766)]
SHAPES = st.one_of(st.tuples(SIDES, SIDES), st.sampled_from(LONG))
KINDS = st.sampled_from(["black", "white", "noise", "ramp", "face"])
ANYWHERE = st.integers(-700, 1400)
FACES = st.builds(
    Face, ANYWHERE, ANYWHERE, st.integers(1, 640), st.integers(1, 640), st.sampled_from([-15.0, 0.0, 15.0])
)


@functools.cache
def analyzer() -> FaceAnalyzer:
    return FaceAnalyzer(Model(), Look())


@functools.cache
def face_picture() -> NDArray[np.uint8]:
    return read_picture(HAPPY)


def make_frame(shape: tuple[int, int], kind: str) -> NDArray[np.uint8]:
    height, width = shape
    if kind == "face":
        repeats = (-(-height // face_picture().shape[0]), -(-width // face_picture().shape[1]))
        return np.tile(face_picture(), repeats)[:height, :width]
    if kind == "noise":
        return np.random.default_rng(height).integers(0, 256, shape, dtype=np.uint8)
    if kind == "ramp":
        return np.resize(np.arange(256, dtype=np.uint8), shape)
    return np.full(shape, 0 if kind == "black" else 255, np.uint8)


@given(SHAPES, KINDS, st.one_of(st.none(), FACES))
@example((3, 1000), "noise", None)  # this ended the box once
@example((1000, 3), "noise", None)
@example((100, 40_000), "face", None)
@example((400, 386), "face", Face(500, 500, 100, 100))  # outside: the frame before was larger
@settings(max_examples=80)
def test_in_a_frame_of_any_shape_a_face_is_classified_or_there_is_none(
    shape: tuple[int, int], kind: str, previous: Face | None
) -> None:
    result = analyzer().analyze(make_frame(shape, kind), previous)
    if result.face is None:
        assert result.probabilities is None
    else:
        assert min(shape) >= 24
        assert result.probabilities is not None
        assert sum(result.probabilities.values()) == pytest.approx(1)


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
def test_in_an_array_that_is_not_a_frame_there_is_no_face(frame: Any) -> None:
    assert FaceDetector(FRONTAL, min_face=0.08).detect(frame) is None
    assert FaceDetector(FRONTAL, min_face=0.08).detect(frame, Face(10, 10, 50, 50)) is None


@given(
    st.tuples(st.integers(1, 700), st.integers(1, 700)),
    FACES,
    st.sampled_from(list(Normalization)),
    st.floats(-0.5, 2),
)
@settings(max_examples=60)
def test_a_crop_has_its_size_wherever_the_face_is(
    shape: tuple[int, int], face: Face, normalization: Normalization, margin: float
) -> None:
    crop = crop_face(
        make_frame(shape, "face"),
        face,
        Crop(detector=FRONTAL, margin=margin, normalization=normalization),
        side=48,
    )
    assert crop.shape == (48, 48)
    assert crop.dtype == np.uint8
    assert sum(analyzer()._classifier.classify(crop).values()) == pytest.approx(1)


@given(SHAPES, KINDS)
@example((0, 1000), "black")
@settings(max_examples=60)
def test_a_frame_is_scaled_down_and_keeps_at_least_one_pixel(shape: tuple[int, int], kind: str) -> None:
    result = scaled_down(make_frame(shape, kind))
    assert max(result.shape) <= MAX_SIDE
    assert (min(result.shape) == 0) == (min(shape) == 0)


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
def test_whatever_a_camera_gives_becomes_a_grey_frame_or_an_empty_one(
    given: Any, shape: tuple[int, int]
) -> None:
    frame = to_grey(given)
    assert frame.shape == shape
    assert frame.dtype == np.uint8
    assert (frame == 100).all()


@pytest.mark.parametrize("shape", [*LONG, (1, 1), (0, 0), (0, 7)])
def test_the_demo_draws_a_frame_of_any_shape(shape: tuple[int, int]) -> None:
    screen = pytest.importorskip("device.demo.screen", exc_type=ImportError)  # needs rich
    decision = Decision(outcome=Outcome.UNSURE, face=Face(-5, 0, 10, 2000))
    lines = screen.picture(make_frame(shape, "ramp"), decision, columns=20, rows=10).plain.split("\n")
    assert len(lines) == 10
    assert all(len(line) <= 20 for line in lines)


class ChangingSizes:
    """A camera whose frames differ in size."""

    def __init__(self, frames: list[NDArray[np.uint8]]) -> None:
        self._frames = iter(frames)

    def __enter__(self) -> ChangingSizes:
        return self

    def __exit__(self, *_: object) -> None: ...

    def read(self) -> NDArray[np.uint8] | None:
        return next(self._frames, None)


def test_an_observation_continues_through_frames_of_all_sizes() -> None:
    """A face is tracked from one frame to the next, which may be too small to contain it."""
    shapes = [(400, 386), (60, 60), (0, 0), (400, 386), (3, 1000), (400, 40), (400, 386), (1, 1), (400, 386)]
    camera: Camera = ChangingSizes([make_frame(shape, "face") for shape in shapes])
    decision = observe(analyzer(), frames_of(camera), Look(readings=4, seconds=60))
    assert decision.outcome == "mood"
    assert decision.prediction_count == 4
