"""`moodbox camera`, and the commands that open the camera by themselves."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from device.config.settings import Settings
from device.demo.server import PrivateMpd
from device.vision.cameras.switch import CameraSwitch
from tests.device.cli.commands import moodbox, running, status
from tests.device.conftest import HAPPY
from tests.waiting import eventually


@pytest.fixture
def webcam_file(settings_file: Path) -> Path:
    """Settings that name a camera that is not there: to open it would be an error."""
    text = settings_file.read_text()
    settings_file.write_text(text.replace('source = "images:', 'source = "webcam:9" # "'))
    return settings_file


def test_the_camera_is_switched_by_the_running_box_and_stays_off_in_the_next(
    settings_file: Path, library: PrivateMpd
) -> None:
    for _ in range(2):
        with running(settings_file) as box:
            eventually(lambda: status(settings_file)["state"] in ("mood", "camera_off"))
            result = moodbox("camera", "off", "--settings", settings_file)
            assert (result.returncode, result.stdout) == (0, "off\n")
            assert moodbox("camera", "--settings", settings_file).stdout == "off\n"
            assert "camera     off" in moodbox("status", "--settings", settings_file).stdout
            box.terminate()
            assert box.stderr
            log = box.stderr.read()
            box.wait()
    assert "the camera is switched off" in log
    assert " look: " not in log


def test_without_a_box_the_switch_is_that_of_the_box_that_starts_next(
    settings_file: Path, settings: Settings, library: PrivateMpd
) -> None:
    assert moodbox("camera", "--settings", settings_file).stdout == "on\n"
    assert moodbox("camera", "off", "--settings", settings_file).stdout == "off\n"
    assert CameraSwitch(settings.service.state_path()).is_off()
    with running(settings_file):
        eventually(lambda: status(settings_file)["state"] == "camera_off")
    result = moodbox("camera", "on", "--json", "--settings", settings_file)
    assert json.loads(result.stdout) == {"ok": True, "camera": "on"}


def test_a_word_that_is_neither_is_a_mistake(settings_file: Path) -> None:
    result = moodbox("camera", "of", "--settings", settings_file)
    assert result.returncode == 2
    assert result.stderr == "moodbox: camera of: 'of' is not known (moodbox camera [off|on])\n"


def test_look_and_check_leave_a_camera_that_is_off_alone(webcam_file: Path, library: PrivateMpd) -> None:
    moodbox("camera", "off", "--settings", webcam_file)
    result = moodbox("look", "--settings", webcam_file)
    assert result.returncode == 1
    assert result.stderr == "moodbox: the camera is switched off: `moodbox camera on` switches it on\n"
    findings = json.loads(moodbox("check", "--json", "--settings", webcam_file).stdout)
    (camera,) = [finding for finding in findings if finding["part"] == "camera"]
    assert camera["well"]
    assert camera["what"].startswith("not tried: the camera is switched off")

    moodbox("camera", "on", "--settings", webcam_file)
    assert "plug one in" in moodbox("look", "--settings", webcam_file).stderr


def test_while_a_box_runs_look_and_check_go_by_its_switch(settings_file: Path, library: PrivateMpd) -> None:
    with running(settings_file):
        moodbox("camera", "off", "--settings", settings_file)
        result = moodbox("look", "--camera", "webcam:9", "--settings", settings_file)
        assert "the camera is switched off" in result.stderr
        assert "ok   camera    the camera is switched off" in (
            moodbox("check", "--settings", settings_file).stdout
        )


def test_pictures_are_no_camera_unless_the_box_looks_at_them_itself(settings_file: Path) -> None:
    moodbox("camera", "off", "--settings", settings_file)
    others = ("--camera", f"images:{HAPPY}")
    assert moodbox("look", *others, "--settings", settings_file).returncode == 0
    assert "the camera is switched off" in moodbox("look", "--settings", settings_file).stderr


def test_look_does_not_open_the_camera_if_it_cannot_tell_whether_it_is_off(
    webcam_file: Path, settings: Settings
) -> None:
    settings.service.state_path().write_text("a file in place of the folder")
    result = moodbox("look", "--settings", webcam_file)
    assert result.returncode == 1
    assert "camera.off: cannot be read" in result.stderr
