from __future__ import annotations

import logging
import os
import subprocess
import sys
from pathlib import Path

import cv2
import numpy as np
import pytest

from device.config.settings import Camera as Chosen
from device.errors import CameraError, SettingsError
from device.vision.camera import Camera, camera_factory, frames_of
from device.vision.frame import MAX_SIDE, Frame
from device.vision.pictures import read_picture
from tests.device.conftest import HAPPY
from tests.device.vision.odd_pictures import APPLE_DOUBLE, encoded, png_of_zeros


def all_frames(camera: Camera) -> list[Frame]:
    with camera:
        return list(frames_of(camera))


def test_a_picture_is_one_grey_frame() -> None:
    (frame,) = all_frames(camera_factory(Chosen(source=f"images:{HAPPY}"))())
    assert frame.dtype == np.uint8
    assert frame.shape == (400, 386)


def test_a_folder_is_successive_frames_in_the_order_of_their_names(tmp_path: Path) -> None:
    for name, grey in (("b/2.png", 20), ("a/1.png", 10), ("c.PNG", 30)):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_bytes(cv2.imencode(".png", np.full((8, 9), grey, np.uint8))[1].tobytes())
    (tmp_path / "notes.txt").write_text("no picture")
    frames = all_frames(camera_factory(Chosen(source=f"images:{tmp_path}"))())
    assert [int(frame[0, 0]) for frame in frames] == [10, 20, 30]


def test_each_opening_starts_at_the_first_picture() -> None:
    open_camera = camera_factory(Chosen(source=f"images:{HAPPY}"))
    assert len(all_frames(open_camera())) == len(all_frames(open_camera())) == 1


def test_unreadable_pictures_in_a_folder_are_skipped_and_reported_once(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """As in a folder that a Mac wrote, or a camera whose battery ran out."""
    (tmp_path / "._b.png").write_bytes(APPLE_DOUBLE)
    (tmp_path / "a.png").write_bytes(b"cut off")
    (tmp_path / "b.png").write_bytes(encoded(".png", np.full((8, 9), 20, np.uint8)))
    (tmp_path / "c.png").write_bytes(b"")
    open_camera = camera_factory(Chosen(source=f"images:{tmp_path}"))
    for _ in range(3):
        assert [int(frame[0, 0]) for frame in all_frames(open_camera())] == [20]
    warnings = [record.getMessage() for record in caplog.records if record.levelno == logging.WARNING]
    assert warnings == [
        f"camera: {tmp_path}/{name}: not a picture that can be read; it is skipped"
        for name in ("a.png", "c.png")
    ]


def test_a_picture_that_is_removed_after_it_was_listed_is_skipped(tmp_path: Path) -> None:
    for name in ("a.png", "b.png", "c.png"):
        (tmp_path / name).write_bytes(encoded(".png", np.full((8, 9), 20, np.uint8)))
    with camera_factory(Chosen(source=f"images:{tmp_path}"))() as camera:
        assert camera.read() is not None
        (tmp_path / "b.png").unlink()
        os.mkfifo(tmp_path / "b.png")
        assert camera.read() is not None
        assert camera.read() is None


def test_a_folder_without_a_readable_picture_is_an_error(tmp_path: Path) -> None:
    for name in ("a.png", "b.png"):
        (tmp_path / name).write_bytes(b"cut off")
    with pytest.raises(CameraError) as failed:
        all_frames(camera_factory(Chosen(source=f"images:{tmp_path}"))())
    assert str(failed.value) == (
        f"{tmp_path}: no picture in it can be read; copy them there again "
        f"({tmp_path}/a.png: not a picture that can be read)"
    )


def test_a_large_picture_is_scaled_down_to_the_size_of_a_cameras_frame(tmp_path: Path) -> None:
    path = tmp_path / "large.png"
    cv2.imwrite(str(path), np.zeros((1000, 3000), np.uint8))
    assert read_picture(path).shape == (213, MAX_SIDE)


def test_a_picture_may_be_one_pixel_high(tmp_path: Path) -> None:
    path = tmp_path / "line.png"
    cv2.imwrite(str(path), np.zeros((1, 3000), np.uint8))
    assert read_picture(path).shape == (1, MAX_SIDE)


def make_video(path: Path, width: int = 64, height: int = 48) -> Path:
    writer = cv2.VideoWriter(str(path), cv2.VideoWriter.fourcc(*"MJPG"), 10, (width, height))
    for grey in (50, 100, 150):
        writer.write(np.full((height, width, 3), grey, np.uint8))
    writer.release()
    return path


def test_a_video_file_gives_its_frames_in_grey_and_ends(tmp_path: Path) -> None:
    path = make_video(tmp_path / "video.avi")
    frames = all_frames(camera_factory(Chosen(source=f"video:{path}"))())
    assert [frame.shape for frame in frames] == [(48, 64)] * 3
    assert [round(float(frame.mean()) / 50) for frame in frames] == [1, 2, 3]


def test_a_video_files_name_may_be_other_than_utf_8(tmp_path: Path) -> None:
    """In a process of its own, because OpenCV crashes at such a name."""
    path = make_video(tmp_path / "video.avi").rename(tmp_path / os.fsdecode(b"caf\xe9.avi"))
    done = subprocess.run(
        [sys.executable, "-m", "device", "look", "--camera", f"video:{path}"],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0
    assert done.stdout == f"video:{tmp_path}/caf\\udce9.avi: no face\n"


def test_a_video_file_with_huge_frames_is_refused_before_one_is_read(tmp_path: Path) -> None:
    path = make_video(tmp_path / "video.avi", 8192, 4112)
    with pytest.raises(CameraError, match=r"video\.avi: its frames are above 34 megapixels: make it smaller"):
        all_frames(camera_factory(Chosen(source=f"video:{path}"))())


def test_a_truncated_video_file_ends_early_or_is_refused(tmp_path: Path) -> None:
    path = make_video(tmp_path / "video.avi")
    open_camera = camera_factory(Chosen(source=f"video:{path}"))
    os.truncate(path, 5950)  # in its last frame
    assert 1 <= len(all_frames(open_camera())) < 3
    os.truncate(path, 5800)  # in its first one
    with pytest.raises(CameraError, match="not one frame in it can be read"):
        all_frames(open_camera())
    os.truncate(path, 100)
    with pytest.raises(CameraError, match="not a video that can be read"):
        open_camera()


@pytest.mark.parametrize(
    ("source", "message"),
    [
        ("images:{}/none", "none: no such file or folder"),
        ("images:{}/empty", "empty: no picture in this folder"),
        ("images:{}/bomb.png", "bomb.png: too large a picture"),
        ("images:~nobody-of-this-name/x", "~nobody-of-this-name/x: there is no such user"),
        ("images:{}/broken.jpg", "broken.jpg: not a picture that can be read"),
        ("video:{}/broken.avi", "broken.avi: not a video that can be read"),
        ("video:{}/none.avi", "none.avi: cannot be read: No such file"),
        ("webcam:77", "no webcam 77 .*: plug one in, or choose pictures with --camera"),
    ],
)
def test_a_source_that_cannot_be_opened_is_an_error_that_says_what_to_do(
    tmp_path: Path, source: str, message: str
) -> None:
    (tmp_path / "empty").mkdir()
    (tmp_path / "bomb.png").write_bytes(png_of_zeros(40_000, 40_000, rows=1))
    for name in ("broken.jpg", "broken.avi"):
        (tmp_path / name).write_bytes(b"neither picture nor video")
    with pytest.raises(CameraError, match=message):
        all_frames(camera_factory(Chosen(source=source.format(tmp_path)))())


@pytest.mark.parametrize(
    ("source", "hint"),
    [
        ("webcm:0", "did you mean 'webcam:0'"),
        ("image:/tmp", "did you mean 'images:PATH'"),
        ("images:", "did you mean"),
        ("webcam:first", "did you mean 'webcam:0'"),
        ("", "expected auto, picamera2, webcam:0"),
    ],
)
def test_a_source_of_unknown_kind_is_a_mistake_in_the_settings(source: str, hint: str) -> None:
    with pytest.raises(SettingsError, match=hint):
        camera_factory(Chosen(source=source))
