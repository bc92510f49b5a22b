"""The live picture: only after a press, only while somebody watches, and nothing is left of it."""

from __future__ import annotations

import base64
import sys
import time
from contextlib import closing
from itertools import islice
from pathlib import Path
from typing import Any

import cv2
import msgspec
import numpy as np
import pytest

from device import live
from device.box.commands import live_view
from device.config.settings import Settings
from device.control import page_commands as page
from device.control import protocol
from device.control.client import ask, subscribe
from device.demo.harness import Harness, harness_for
from device.demo.server import PrivateMpd
from device.errors import ServiceError
from device.live import orientation
from device.panel.lights import Indication
from device.vision import detector
from device.vision.observation import FaceAnalyzer
from tests.device.box.commands.test_consent import asked_for
from tests.device.box.helpers import HangingCamera, PictureSequence, plays, shows
from tests.device.conftest import HAPPY, NEUTRAL
from tests.waiting import eventually


@pytest.fixture
def allowed(harness: Harness, settings: Settings) -> Harness:
    """A box that has looked once, at which somebody has allowed the picture."""
    plays(harness, "Disco")
    shows(harness, Indication.MOOD)
    replies = asked_for(settings, "aim")
    shows(harness, Indication.CONSENT)
    harness.press()
    assert replies.get(timeout=60) == {"ok": True}
    return harness


def watch(settings: Settings) -> Any:
    return closing(subscribe(settings.service.socket_path(), page.Frames()))


def stays_closed(camera: PictureSequence) -> None:
    opened = camera.opened
    time.sleep(3 * live_view.INTERVAL_S)
    assert camera.opened == opened


def test_without_a_press_there_is_no_picture(harness: Harness, settings: Settings) -> None:
    with pytest.raises(ServiceError, match="press the box's button"):
        ask(settings.service.socket_path(), page.Frames())


def test_somebody_who_watches_sees_the_face_and_its_mood_and_the_lights_say_so(
    allowed: Harness, settings: Settings, camera: PictureSequence
) -> None:
    with watch(settings) as lines:
        first = next(lines)
        assert first["jpeg"] is None
        assert 200 < first["left_s"] <= 300
        frame = next(line for line in lines if line["jpeg"])
        shows(allowed, Indication.WATCHED)
        jpeg = np.frombuffer(base64.b64decode(frame["jpeg"]), np.uint8)
        shown = cv2.imdecode(jpeg, cv2.IMREAD_GRAYSCALE)
        assert shown.shape == (frame["height"], frame["width"])
        assert max(shown.shape) <= 480
        x, y, width, height = frame["face"]
        assert 0 < x < x + width < frame["width"]
        assert 0 < y < y + height < frame["height"]
        assert frame["mood"] == "happy"
        assert frame["probabilities"]["happy"] > 0.5
    shows(allowed, Indication.MOOD)
    stays_closed(camera)


def test_a_camera_that_is_mounted_upside_down_is_told(
    allowed: Harness,
    settings: Settings,
    camera: PictureSequence,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(orientation, "PAUSE_S", 0.0)
    turned = tmp_path / "turned.png"
    cv2.imwrite(str(turned), cv2.rotate(cv2.imread(str(HAPPY)), cv2.ROTATE_180))
    camera.paths = [turned]
    with watch(settings) as lines:
        line = next(line for line in lines if "upside_down" in line["hints"])
    assert line["turn"] == 180


@pytest.mark.parametrize("picture", [HAPPY, NEUTRAL])
def test_a_camera_that_is_mounted_upside_down_is_turned_at_once(
    settings: Settings, library: PrivateMpd, monkeypatch: pytest.MonkeyPatch, picture: Path
) -> None:
    """The box takes one of these faces for an upright one also while it is turned."""
    monkeypatch.setattr(orientation, "PAUSE_S", 0.0)
    path = settings.service.socket_path()
    camera = msgspec.structs.replace(settings.camera, source=f"images:{picture}")
    with harness_for(msgspec.structs.replace(settings, camera=camera)) as harness:
        assert harness.wait_for_decision(60)
        replies = asked_for(settings, "aim")
        shows(harness, Indication.CONSENT)
        harness.press()
        assert replies.get(timeout=60) == {"ok": True}
        with watch(settings) as lines:
            assert next(line for line in lines if line["jpeg"])["turn"] is None
            ask(path, page.Set(key="camera.rotate", value=180))  # as if somebody had mounted it so
            some = islice(lines, 80)
            turned = next(line for line in some if line["turn"])
            assert turned["turn"] == 180
            monkeypatch.setattr(orientation, "PAUSE_S", 1e9)  # no search after those of the next frames
            assert [line["turn"] for line in islice(some, 2)] == [180, 180]
            ask(path, page.Set(key="camera.rotate", value=0))
            upright = next(line for line in some if line["face"] and line["face"] != turned["face"])
            assert upright["turn"] is None  # who turns it once more turns it back
        listed = ask(path, page.Settings())["settings"]
    assert {each["key"] for each in listed if not each["restart"]} >= {"camera.rotate", "camera.mirror"}


def test_without_the_cascade_that_tells_how_the_camera_is_mounted_the_rest_goes_on_and_the_log_says_so_once(
    settings: Settings,
    camera: PictureSequence,
    library: PrivateMpd,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    """A look with the other detector does not read it, so that its absence is not noticed at the start."""
    monkeypatch.setattr(detector, "CASCADES", tmp_path / "none")
    by_lbp = msgspec.structs.replace(settings.look, detector="lbp")
    with harness_for(msgspec.structs.replace(settings, look=by_lbp), camera) as harness:
        assert harness.wait_for_decision(60)
        replies = asked_for(settings, "aim")
        shows(harness, Indication.CONSENT)
        harness.press()
        assert replies.get(timeout=60) == {"ok": True}
        for _ in range(2):  # who leaves and comes back
            with watch(settings) as lines:
                frames = [line for line in islice(lines, 4) if line["jpeg"]]
                assert frames
                assert all(line["face"] and line["turn"] is None for line in frames)
        harness.press()
        assert harness.wait_for_observation(60)
        assert harness.wait_for_decision(60)
        assert harness.status()["trouble"] == {}
    said = [record for record in caplog.records if "how the camera is mounted" in record.message]
    assert len(said) == 1
    assert "\n" not in said[0].message
    assert str(tmp_path / "none") in said[0].message


def test_a_program_file_that_is_gone_costs_the_picture_and_not_the_box(
    allowed: Harness, settings: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is not read before somebody watches."""
    monkeypatch.setattr(live, "__path__", [str(tmp_path)])
    for name in ("hints", "orientation", "picture"):
        monkeypatch.delitem(sys.modules, f"device.live.{name}", raising=False)
        monkeypatch.delattr(live, name, raising=False)
    with pytest.raises(ServiceError, match=r"frames failed .*: install moodbox again"):
        ask(settings.service.socket_path(), page.Frames())
    allowed.press()
    assert allowed.wait_for_observation(60)
    assert allowed.wait_for_decision(60)


def test_a_look_meanwhile_is_seen_and_the_picture_goes_on(
    allowed: Harness, settings: Settings, camera: PictureSequence, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(live_view, "OPEN_TIMEOUT_S", 1e9)  # a picture that waits for it never goes on
    with watch(settings) as lines:
        next(line for line in lines if line["jpeg"])
        allowed.press()
        assert allowed.wait_for_observation(60)
        assert allowed.wait_for_decision(60)
        opened = camera.opened
        eventually(lambda: camera.opened > opened)
        for _ in range(3):
            next(line for line in lines if line["jpeg"])


def test_a_frame_of_a_look_is_analyzed_once_although_somebody_watches(
    allowed: Harness, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    analyzed: list[Any] = []  # the frames themselves, so that none takes the place of another in memory
    analyze = FaceAnalyzer.analyze

    def noted(self: FaceAnalyzer, frame: Any, *rest: Any, **named: Any) -> Any:
        analyzed.append(frame)
        return analyze(self, frame, *rest, **named)

    monkeypatch.setattr(FaceAnalyzer, "analyze", noted)
    monkeypatch.setattr(live_view, "INTERVAL_S", 0.01)  # so that every frame of a look is shown
    with watch(settings) as lines:
        next(line for line in lines if line["jpeg"])
        allowed.press()
        assert allowed.wait_for_observation(60)
        assert allowed.wait_for_decision(60)
        next(line for line in lines if line["probabilities"])
    assert len({id(frame) for frame in analyzed}) == len(analyzed)


def test_a_camera_that_is_switched_off_shows_nothing(allowed: Harness, settings: Settings) -> None:
    with watch(settings) as lines:
        next(line for line in lines if line["jpeg"])
        ask(settings.service.socket_path(), protocol.Camera(to="off"))
        line = next(line for line in lines if "camera_off" in line["hints"])
        assert line["jpeg"] is None


def test_it_is_over_when_somebody_closes_it_and_needs_another_press(
    allowed: Harness, settings: Settings, camera: PictureSequence
) -> None:
    with watch(settings) as lines:
        next(line for line in lines if line["jpeg"])
        assert ask(settings.service.socket_path(), page.StopFrames()) == {"ok": True}
        with pytest.raises(ServiceError, match="the picture is closed"):
            list(lines)
    stays_closed(camera)
    with pytest.raises(ServiceError, match="the picture is closed"):
        ask(settings.service.socket_path(), page.Frames())


def test_who_leaves_closes_the_camera_and_may_come_back_until_the_time_is_up(
    allowed: Harness, settings: Settings, camera: PictureSequence, monkeypatch: pytest.MonkeyPatch
) -> None:
    with watch(settings) as lines:
        next(line for line in lines if line["jpeg"])
    shows(allowed, Indication.MOOD)
    stays_closed(camera)
    with watch(settings) as lines:
        next(line for line in lines if line["jpeg"])
    monkeypatch.setattr(live_view, "monotonic", lambda: 1e12)
    with pytest.raises(ServiceError, match="the picture is closed"):
        ask(settings.service.socket_path(), page.Frames())


def test_it_is_over_when_the_time_is_up(
    allowed: Harness, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    with watch(settings) as lines:
        next(line for line in lines if line["jpeg"])
        monkeypatch.setattr(live_view, "monotonic", lambda: 1e12)
        with pytest.raises(ServiceError, match="the picture is closed"):
            list(lines)
    shows(allowed, Indication.MOOD)


def test_a_camera_that_hangs_is_said_and_opened_again(
    settings: Settings, library: PrivateMpd, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(live_view, "OPEN_TIMEOUT_S", 0.5)
    camera = HangingCamera()
    with harness_for(settings, camera) as harness:
        assert harness.wait_for_decision(60)
        replies = asked_for(settings, "aim")
        shows(harness, Indication.CONSENT)
        harness.press()
        assert replies.get(timeout=60) == {"ok": True}
        with watch(settings) as lines:
            next(line for line in lines if line["jpeg"])
            camera.goes_on.clear()
            next(line for line in lines if "camera_fails" in line["hints"])
            camera.goes_on.set()
            next(line for line in lines if line["jpeg"])


def test_a_camera_that_fails_is_said_and_tried_again(
    allowed: Harness, settings: Settings, camera: PictureSequence, tmp_path: Path, library: PrivateMpd
) -> None:
    camera.paths = [tmp_path / "gone.png"]
    with watch(settings) as lines:
        next(line for line in lines if "camera_fails" in line["hints"])
        stays_closed(camera)  # for a moment: to open a camera that fails costs much
        camera.paths = [HAPPY]
        next(line for line in lines if line["jpeg"])
