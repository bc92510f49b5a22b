"""A camera that is missing, fails or hangs costs observations, and not the music."""

from __future__ import annotations

import msgspec
import pytest

from device.config.settings import Settings
from device.demo.harness import Harness, harness_for
from device.demo.server import PrivateMpd
from device.panel.lights import Indication
from tests.device.box.helpers import PictureSequence, SlowCamera, plays, shows


def test_a_missing_camera_is_shown_and_tried_again_at_a_press(
    settings: Settings, library: PrivateMpd, camera: PictureSequence
) -> None:
    camera.missing = True
    with harness_for(settings, camera) as harness:
        shows(harness, Indication.TROUBLE)
        assert harness.status()["trouble"] == {"camera": "the cable is out"}
        camera.missing = False
        harness.press()
        plays(harness, "Disco")
        assert harness.status()["trouble"] == {}


def test_a_camera_that_is_missing_at_the_start_is_used_as_soon_as_it_is_there(
    settings: Settings, library: PrivateMpd, camera: PictureSequence
) -> None:
    camera.missing = True
    with harness_for(settings, camera) as harness:
        shows(harness, Indication.TROUBLE)
        camera.missing = False
        plays(harness, "Disco")
        shows(harness, Indication.MOOD)


def test_a_camera_that_fails_later_leaves_the_music_playing(
    harness: Harness, camera: PictureSequence
) -> None:
    plays(harness, "Disco")
    camera.missing = True
    harness.press()
    shows(harness, Indication.TROUBLE)
    assert harness.status()["playing"] == "play"


def test_a_camera_that_hangs_in_an_observation_is_trouble(settings: Settings, library: PrivateMpd) -> None:
    class Hanging(SlowCamera):
        frames = 2

    look = msgspec.structs.replace(settings.look, readings=5)
    with harness_for(msgspec.structs.replace(settings, look=look), Hanging) as harness:
        shows(harness, Indication.TROUBLE)
        assert "gives no frames" in harness.status()["trouble"]["camera"]


def test_a_camera_may_open_slowly_at_the_first_observation_and_not_later(
    settings: Settings, library: PrivateMpd, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("device.box.observer.OPEN_TIMEOUT_S", 0.1)
    with harness_for(settings, SlowCamera) as harness:
        plays(harness, "Disco")
        assert "camera" not in harness.status()["trouble"]
        harness.press()
        shows(harness, Indication.TROUBLE)
        assert "gives no frames" in harness.status()["trouble"]["camera"]
