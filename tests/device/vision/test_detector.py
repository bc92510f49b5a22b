from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from device.errors import ModelError
from device.mood import Face
from device.vision import detector as detector_module
from device.vision.detector import LBP_CASCADE, Candidate, FaceDetector, FaceScore, crop_face
from device.vision.model_card import Crop
from device.vision.normalization import Normalization
from device.vision.pictures import read_picture
from tests.device.conftest import HAPPY, NEUTRAL

FRONTAL = "haarcascade_frontalface_default.xml"


def test_a_face_is_detected_where_it_is() -> None:
    face = FaceDetector(FRONTAL, min_face=0.25).detect(read_picture(HAPPY))
    assert face is not None
    assert abs(face.x + face.width / 2 - 190) < 40  # the centre of her face, measured in the picture
    assert 100 < face.width < 200


def test_the_cascade_of_local_binary_patterns_draws_the_same_box() -> None:
    by_haar, by_lbp = (
        FaceDetector(cascade, min_face=0.25).detect(read_picture(HAPPY)) for cascade in (FRONTAL, LBP_CASCADE)
    )
    assert by_haar is not None
    assert by_lbp is not None
    assert abs(by_haar.x - by_lbp.x) + abs(by_haar.y - by_lbp.y) < 0.2 * by_haar.width
    assert by_lbp.width == pytest.approx(by_haar.width, rel=0.15)


def test_the_largest_face_wins() -> None:
    near = read_picture(NEUTRAL)
    far = cv2.resize(read_picture(HAPPY), None, fx=0.7, fy=0.7)
    frame = np.full((400, near.shape[1] + far.shape[1]), 128, np.uint8)
    frame[: far.shape[0], : far.shape[1]] = far
    frame[:, far.shape[1] :] = near
    face = FaceDetector(FRONTAL, min_face=0.15).detect(frame)
    assert face is not None
    assert face.x > far.shape[1]


def test_a_face_below_the_minimum_size_is_not_detected() -> None:
    assert FaceDetector(FRONTAL, min_face=0.9).detect(read_picture(HAPPY)) is None


def test_no_face_is_detected_on_a_wall() -> None:
    wall = np.random.default_rng(1).integers(90, 110, (240, 320), dtype=np.uint8)
    assert FaceDetector(FRONTAL, min_face=0.1).detect(wall) is None


@pytest.mark.parametrize("depth", [3, 6])
def test_no_face_is_detected_on_a_blotchy_wall_bright_or_dark(depth: int) -> None:
    detector = FaceDetector(FRONTAL, min_face=0.08)
    for seed in range(4):
        draw = np.random.default_rng(seed)
        blotches = cv2.GaussianBlur(draw.normal(0, 1, (480, 640)), (0, 0), 4)
        wall = 120 + blotches * depth / blotches.std() + draw.normal(0, 2, blotches.shape)
        for brightness in (1.0, 0.2):
            assert detector.detect((wall * brightness).clip(0, 255).astype(np.uint8)) is None


def test_a_cascade_that_opencv_does_not_have_is_named() -> None:
    with pytest.raises(ModelError, match=r"haarcascade_moustache\.xml: no such cascade"):
        FaceDetector("haarcascade_moustache.xml", min_face=0.1)


@pytest.mark.parametrize(
    "content", [None, b"", b"<opencv_storage><cascade"], ids=["missing", "empty", "cut off"]
)
def test_the_file_of_local_binary_patterns_that_is_damaged_is_named_with_what_to_do(
    content: bytes | None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / "lbp.xml"
    if content is not None:
        file.write_bytes(content)
    monkeypatch.setattr(detector_module, "LBP_CASCADE", file)
    with pytest.raises(
        ModelError, match=r"lbp\.xml: is missing or damaged; install moodbox again, or set look\."
    ):
        FaceDetector(file, min_face=0.1)


def test_opencv_may_lie_in_a_folder_whose_name_is_not_utf_8(tmp_path: Path) -> None:
    """In a process of its own, since OpenCV crashes at such a name."""
    folder = tmp_path / os.fsdecode(b"caf\xe9")
    folder.mkdir()
    (folder / FRONTAL).write_bytes((detector_module.CASCADES / FRONTAL).read_bytes())
    program = (
        "import sys, pathlib; from device.vision import detector\n"
        "detector.CASCADES = pathlib.Path(sys.argv[1])\n"
    )
    program += f"detector.FaceDetector({FRONTAL!r}, min_face=0.25)"
    assert subprocess.run([sys.executable, "-c", program, folder], check=False).returncode == 0


def scene(face: int, *, degrees: float = 0.0, dim: float = 1.0) -> NDArray[np.uint8]:
    """A frame of 640x480 with her face in the middle, about `face` pixels high."""
    picture = read_picture(HAPPY)
    scale = face / 150  # the height of her face in the picture
    shift = np.array([[scale, 0, 320 - 190 * scale], [0, scale, 240 - 190 * scale]])
    frame = cv2.warpAffine(picture, shift, (640, 480), borderMode=cv2.BORDER_REPLICATE)
    turn = cv2.getRotationMatrix2D((320, 240), degrees, 1)
    frame = cv2.warpAffine(frame, turn, (640, 480), borderMode=cv2.BORDER_REPLICATE)
    return (frame * dim).astype(np.uint8)


@pytest.mark.parametrize("height", [50, 80, 120, 200])
def test_near_and_far_faces_are_detected_at_their_size(height: int) -> None:
    face = FaceDetector(FRONTAL, min_face=0.08).detect(scene(height))
    assert face is not None
    assert height * 0.75 < face.height < height * 1.35
    assert abs(face.x + face.width / 2 - 320) < height * 0.3
    assert abs(face.y + face.height / 2 - 240) < height * 0.3


def test_a_face_is_detected_in_the_dark() -> None:
    assert FaceDetector(FRONTAL, min_face=0.08).detect(scene(120, dim=0.08)) is not None


@pytest.mark.parametrize("degrees", [-25, 25])
def test_a_tilted_head_is_detected_and_cropped_upright(degrees: float) -> None:
    detector = FaceDetector(FRONTAL, min_face=0.08)
    upright, tilted = scene(160), scene(160, degrees=degrees)
    face, tilted_face = detector.detect(upright), detector.detect(tilted)
    assert face is not None
    assert tilted_face is not None
    assert tilted_face.tilt == (-15 if degrees > 0 else 15)
    rules = Crop(detector=FRONTAL, margin=0.1, normalization=Normalization.STANDARDIZED)
    expected = crop_face(upright, face, rules, 48).astype(float)

    def correlation(crop: NDArray[np.uint8]) -> float:
        return float(np.corrcoef(expected.ravel(), crop.ravel())[0, 1])

    similarity = correlation(crop_face(tilted, tilted_face, rules, 48))
    assert similarity > correlation(crop_face(tilted, tilted_face._replace(tilt=0), rules, 48))
    assert similarity > 0.6


def test_the_face_in_the_frame_before_is_tracked_although_another_is_larger() -> None:
    detector = FaceDetector(FRONTAL, min_face=0.08)
    first = scene(100)
    face = detector.detect(first)
    assert face is not None
    moved = np.roll(first, (6, -10), axis=(0, 1))
    other = cv2.resize(read_picture(NEUTRAL), None, fx=0.7, fy=0.7)
    moved[: other.shape[0], -other.shape[1] :] = other[:480]
    untracked = detector.detect(moved)
    assert untracked is not None
    assert abs(untracked.x - face.x) > 100  # without the frame before, the other face is detected
    tracked = detector.detect(moved, face)
    assert tracked is not None
    assert abs(tracked.x - (face.x - 10)) < 12
    assert abs(tracked.y - (face.y + 6)) < 12


class Rejecting:
    """A score by which nothing is a face; it remembers what it was asked about."""

    def __init__(self) -> None:
        self.faces: list[Face] = []

    def __call__(self, face: Face) -> float:
        self.faces.append(face)
        return 0.0


def test_what_the_score_rejects_is_no_face() -> None:
    detector = FaceDetector(FRONTAL, min_face=0.08, verified=True)
    asked = Rejecting()
    assert detector.detect(scene(120), face_score=asked) is None
    assert detector.detect(scene(120), face_score=lambda _: 1.0) in asked.faces


def test_a_lone_window_is_enough_where_the_score_accepts_it() -> None:
    frame = scene(80)
    detector = FaceDetector(FRONTAL, min_face=0.08)
    found = detector.detect(frame)
    assert found is not None
    frame[240:275, 285:355] = 90  # the lower half of her face is covered
    assert detector.detect(frame) is None

    def overlap(face: Face) -> float:
        return float(abs(face.x - found.x) < found.width / 3 and abs(face.y - found.y) < found.width / 3)

    verified = FaceDetector(FRONTAL, min_face=0.08, verified=True)
    assert verified.detect(frame, face_score=overlap) is not None


def test_a_verified_detector_uses_only_the_first_stages_of_the_cascade(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    noise = np.random.default_rng(1).integers(0, 256, (480, 640), dtype=np.uint8)
    frame = np.asarray(cv2.equalizeHist(cv2.GaussianBlur(noise, (0, 0), 3)), dtype=np.uint8)

    def proposed(stages: int) -> int:
        monkeypatch.setattr(detector_module, "VERIFIED_STAGES", stages)
        detector = FaceDetector(FRONTAL, min_face=0.08, verified=True)
        return sum(
            each.windows for step in range(detector.step_count) for each in detector.candidates(frame, step)
        )

    assert proposed(12) > proposed(18) > proposed(25)
    assert proposed(25) == proposed(99)  # it has 25


def test_the_candidate_with_the_highest_score_times_width_wins() -> None:
    near, far = read_picture(NEUTRAL), cv2.resize(read_picture(HAPPY), None, fx=0.9, fy=0.9)
    frame = np.full((400, near.shape[1] + far.shape[1]), 128, np.uint8)
    frame[: far.shape[0], : far.shape[1]] = far
    frame[:, far.shape[1] :] = near
    detector = FaceDetector(FRONTAL, min_face=0.15, verified=True)

    def scores(left: float, right: float) -> FaceScore:
        return lambda face: left if face.x < far.shape[1] else right

    for left, right in ((0.9, 0.3), (0.3, 0.9)):
        face = detector.detect(frame, face_score=scores(left, right))
        assert face is not None
        assert (face.x < far.shape[1]) is (left > right)


def test_of_accepted_boxes_around_one_face_the_one_with_the_most_windows_counts(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    tight, wide, beside = Face(100, 100, 80, 80), Face(70, 70, 150, 150), Face(300, 100, 60, 60)
    found = [Candidate(wide, 2), Candidate(tight, 9), Candidate(beside, 20)]
    detector = FaceDetector(FRONTAL, min_face=0.08, verified=True)
    monkeypatch.setattr(detector, "candidates", lambda frame, step: found)
    assert detector.detect(scene(100), face_score=lambda _: 1.0) == tight
    assert detector.detect(scene(100), face_score=lambda face: float(face != tight)) == wide
    assert detector.detect(scene(100), face_score=lambda face: float(face == beside)) == beside


def test_a_near_face_needs_several_windows(monkeypatch: pytest.MonkeyPatch) -> None:
    noise = np.random.default_rng(3).integers(0, 256, (480, 640), dtype=np.uint8)
    frame = np.asarray(cv2.equalizeHist(cv2.GaussianBlur(noise, (0, 0), 20)), dtype=np.uint8)

    def windows() -> list[int]:
        found = FaceDetector(FRONTAL, min_face=0.08, verified=True).candidates(frame, 0)
        return [each.windows for each in found]

    assert min(windows(), default=99) >= detector_module.MIN_NEAR_WINDOWS == 4
    monkeypatch.setattr(detector_module, "MIN_NEAR_WINDOWS", 1)
    assert min(windows()) < 4


def test_a_damaged_cascade_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(detector_module, "CASCADES", tmp_path)
    for text in ("", "<opencv_storage>", "nothing"):
        (tmp_path / FRONTAL).write_text(text)
        with pytest.raises(ModelError, match="is damaged or cannot be read; install opencv"):
            FaceDetector(FRONTAL, min_face=0.1, verified=True)


def test_a_step_asks_about_a_few_candidates_only() -> None:
    noise = np.random.default_rng(1).integers(0, 256, (480, 640), dtype=np.uint8)
    frame = np.asarray(cv2.equalizeHist(cv2.GaussianBlur(noise, (0, 0), 3)), dtype=np.uint8)
    detector = FaceDetector(FRONTAL, min_face=0.08, verified=True)
    asked = Rejecting()
    detector.detect(frame, face_score=asked)
    assert len(asked.faces) > detector_module.MAX_CANDIDATES
    assert len(asked.faces) <= detector_module.MAX_CANDIDATES * detector.step_count


def test_a_tracked_face_is_asked_about_too() -> None:
    detector = FaceDetector(FRONTAL, min_face=0.08, verified=True)
    frame = scene(100)
    face = detector.detect(frame)
    assert face is not None
    assert detector.detect(frame, face, face_score=lambda _: 1.0) is not None
    assert detector.detect(frame, face, face_score=lambda _: 0.0) is None


def test_a_face_that_is_no_longer_there_is_searched_in_the_whole_frame() -> None:
    detector = FaceDetector(FRONTAL, min_face=0.08)
    frame = scene(100)
    face = detector.detect(frame)
    assert detector.detect(frame, Face(5, 5, 90, 90)) == face


RAMP = np.tile(np.arange(200, dtype=np.uint8), (100, 1))


@pytest.mark.parametrize(
    ("margin", "first", "last"),
    [(0.0, 60, 107), (0.5, 48, 119), (-0.25, 66, 101)],  # 48 px wide at x=60; half more; a quarter less
)
def test_the_margin_enlarges_the_square_around_its_centre(margin: float, first: int, last: int) -> None:
    rules = Crop(detector=FRONTAL, margin=margin, normalization=Normalization.NONE)
    crop = crop_face(RAMP, Face(60, 20, 48, 48), rules, side=48)
    assert crop.shape == (48, 48)
    assert crop.dtype == np.uint8
    assert abs(int(crop[0, 0]) - first) <= 1
    assert abs(int(crop[0, -1]) - last) <= 1


def test_outside_of_the_frame_its_edge_is_repeated() -> None:
    crop = crop_face(
        RAMP,
        Face(-24, 0, 48, 48),
        Crop(detector=FRONTAL, margin=0, normalization=Normalization.NONE),
        side=48,
    )
    assert (crop[:, :24] == 0).all()
    assert crop[0, -1] == 23


def test_a_box_that_is_not_square_is_cropped_as_a_square() -> None:
    crop = crop_face(
        RAMP,
        Face(50, 30, 20, 40),
        Crop(detector=FRONTAL, margin=0, normalization=Normalization.NONE),
        side=40,
    )
    assert (crop[0] == np.arange(40, 80)).all()
