"""The Pi's cameras, with a stand-in for Picamera2, which runs on a Pi only."""

from __future__ import annotations

import sys
import textwrap
from pathlib import Path

import numpy as np
import pytest

from device.config.settings import Camera as Chosen
from device.errors import CameraError
from device.vision.camera import camera_factory

# The stand-in has the calls that PiCamera makes, the real one's rules for
# sizes, and arrays like the real ones: YUV420, even sizes, rows padded to a multiple of 64.
STAND_IN = """
import os
import numpy as np

calls = []
models = {models}

class Cameras:
    def reset(self):
        calls.append("list")

class Picamera2:
    _cm = Cameras()

    def __init__(self, camera_num=0):
        calls.append(f"open {camera_num}")
        self.notifyme_r, self.notifyme_w = os.pipe2(os.O_NONBLOCK)  # as the real one does, before it fails
        self.notifymeread = os.fdopen(self.notifyme_r, "rb")
        if camera_num >= len(models):
            raise RuntimeError(f"No camera number {camera_num} found")

    @staticmethod
    def global_camera_info():
        return [{"Model": model, "Num": number} for number, model in enumerate(models)]

    def create_video_configuration(self, main, lores=None):
        even = lambda stream: stream | {"size": tuple(side - side % 2 for side in stream["size"])}
        return {"main": even(main), "lores": lores and even(lores)}

    def configure(self, configuration):
        main, lores = configuration["main"], configuration["lores"]
        if lores and (lores["size"][0] > main["size"][0] or lores["size"][1] > main["size"][1]):
            raise RuntimeError("lores stream dimensions may not exceed main stream")
        if main["size"][0] > 1600:
            raise OSError(12, "Cannot allocate memory")
        self.streams = configuration
        if "{gives}" == "KeyError":
            raise KeyError("size")

    def camera_configuration(self):
        return self.streams

    def start(self):
        calls.append("start")

    def capture_array(self, name, wait=None):
        if wait is None or wait is True:
            raise AssertionError("it would wait for ever")
        if "{gives}" == "TimeoutError":
            raise TimeoutError  # as the real one does after so many seconds
        assert self.streams[name]["format"] == "YUV420"
        width, height = self.streams[name]["size"]
        padded = -(-width // 64) * 64
        frame = np.full((height * 3 // 2, padded), 128, np.uint8)
        frame[:height, :width] = np.arange(width) % 256
        return {gives}

    def close(self):
        calls.append("close")
        self.notifymeread.close()
        os.close(self.notifyme_w)
"""


def picamera2(
    folder: Path,
    monkeypatch: pytest.MonkeyPatch,
    models: tuple[str, ...] = ("imx708",),
    gives: str = "frame",
) -> None:
    program = textwrap.dedent(STAND_IN).replace("{models}", repr(models)).replace("{gives}", gives)
    (folder / "picamera2.py").write_text(program)
    monkeypatch.syspath_prepend(str(folder))
    monkeypatch.delitem(sys.modules, "picamera2", raising=False)


@pytest.mark.parametrize(
    ("asked", "given"),
    [
        ((320, 240), (320, 240)),
        ((331, 241), (330, 240)),
        ((640, 360), (640, 360)),
        ((1280, 720), (1280, 720)),
        ((64, 1080), (64, 1080)),
    ],
)
def test_the_pis_camera_gives_the_grey_rows_without_padding_in_every_size(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, asked: tuple[int, int], given: tuple[int, int]
) -> None:
    picamera2(tmp_path, monkeypatch)
    chosen = Chosen(source="picamera2", width=asked[0], height=asked[1], settle=0)
    with camera_factory(chosen)() as camera:
        frame = camera.read()
    assert frame is not None
    assert frame.shape == given[::-1]
    assert (frame == np.arange(given[0], dtype=np.int64) % 256).all()
    assert sys.modules["picamera2"].calls == ["open 0", "start", "close"]


def test_a_size_that_the_pis_camera_refuses_is_not_blamed_on_its_cable(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    picamera2(tmp_path, monkeypatch)
    with pytest.raises(CameraError) as failed:
        camera_factory(Chosen(source="picamera2", width=1920, height=1080))()
    assert str(failed.value) == (
        "the Pi's camera cannot give 1920x1080 ([Errno 12] Cannot allocate memory): choose a smaller "
        "camera.width and camera.height, such as the default 320x240"
    )
    assert sys.modules["picamera2"].calls == ["open 0", "close"]


def test_the_second_camera_of_a_pi_has_the_number_1(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    picamera2(tmp_path, monkeypatch, models=("imx708", "imx219"))
    with camera_factory(Chosen(source="picamera2:1", settle=0))():
        assert sys.modules["picamera2"].calls == ["open 1", "start"]


def test_a_number_without_a_camera_is_answered_with_those_that_there_are(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    picamera2(tmp_path, monkeypatch, models=("imx708", "imx219"))
    with pytest.raises(CameraError) as failed:
        camera_factory(Chosen(source="picamera2:2"))()
    assert str(failed.value) == (
        "the Pi has no camera 2; set camera.source to one that it has: "
        "picamera2:0 (imx708), picamera2:1 (imx219)"
    )


@pytest.mark.parametrize(
    ("gives", "shape"),
    [("frame[:100, :50]", (100, 50)), ("frame[:0]", (0, 0)), ("frame[0]", (0, 0)), ("None", (0, 0))],
)
def test_the_pis_camera_may_give_smaller_frames_than_it_was_asked_for(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, gives: str, shape: tuple[int, int]
) -> None:
    picamera2(tmp_path, monkeypatch, gives=gives)
    with camera_factory(Chosen(source="picamera2", width=320, height=240, settle=0))() as camera:
        frame = camera.read()
    assert frame is not None
    assert frame.shape == shape


def test_auto_means_the_pis_camera_if_picamera2_is_installed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    picamera2(tmp_path, monkeypatch)
    with camera_factory(Chosen(source="auto", settle=0))():
        assert sys.modules["picamera2"].calls == ["open 0", "start"]


def test_a_pi_without_a_camera_is_an_error(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    picamera2(tmp_path, monkeypatch, models=())
    with pytest.raises(CameraError, match=r"cannot be opened .*is its cable plugged in"):
        camera_factory(Chosen(source="picamera2"))()


def test_a_camera_that_cannot_be_opened_leaves_no_file_open_and_is_searched_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    picamera2(tmp_path, monkeypatch, models=())
    before = set(Path("/proc/self/fd").iterdir())
    for _ in range(3):
        with pytest.raises(CameraError):
            camera_factory(Chosen(source="picamera2"))()
    assert set(Path("/proc/self/fd").iterdir()) <= before
    assert sys.modules["picamera2"].calls == 3 * ["open 0", "list"]


@pytest.mark.parametrize("settle", [0.0, 60.0])
def test_a_camera_of_the_pi_that_gives_no_frame_is_an_error_and_is_closed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, settle: float
) -> None:
    picamera2(tmp_path, monkeypatch, gives="TimeoutError")
    with (
        pytest.raises(CameraError, match="gives no frames"),
        camera_factory(Chosen(source="picamera2", settle=settle))() as camera,
    ):
        camera.read()
    assert sys.modules["picamera2"].calls == ["open 0", "start", "close"]


def test_a_camera_of_the_pi_is_closed_whatever_error_its_library_raises(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    picamera2(tmp_path, monkeypatch, gives="KeyError")
    with pytest.raises(KeyError):
        camera_factory(Chosen(source="picamera2", settle=0.0))()
    assert sys.modules["picamera2"].calls == ["open 0", "close"]
