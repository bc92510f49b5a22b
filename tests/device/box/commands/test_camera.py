"""Privacy at the box: what the camera's switch does, and that nothing opens a camera that is off."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from queue import SimpleQueue
from typing import Any, Self
from unittest.mock import Mock

import pytest

from device.box.commands import camera as camera_control
from device.box.commands.camera import CameraControl
from device.box.loop import Loop
from device.box.observer import Observer
from device.box.state import State, StateHolder
from device.config.settings import Settings
from device.control import protocol
from device.control.client import ask
from device.demo.harness import Harness, harness_for
from device.demo.server import PrivateMpd
from device.errors import ServiceError
from device.health import Health
from device.mood import Mood
from device.panel.lights import Indication
from device.vision.cameras.capture import Capture
from device.vision.cameras.switch import FILE, CameraSwitch
from tests.device.box.helpers import PictureSequence, SlowCamera, lit, plays, shows
from tests.device.conftest import NEUTRAL
from tests.waiting import eventually


def switch(settings: Settings, to: Any = None) -> dict[str, Any]:
    return ask(settings.service.socket_path(), protocol.Camera(to=to))


@pytest.fixture
def switched_off(settings: Settings) -> None:
    CameraSwitch(settings.service.state_path()).turn_off()


def test_the_camera_is_switched_off_and_on_and_the_status_and_the_lights_say_so(
    harness: Harness, settings: Settings
) -> None:
    plays(harness, "Disco")
    assert switch(settings) == {"ok": True, "camera": "on"}
    assert harness.status()["camera"] == "on"

    assert switch(settings, "off") == {"ok": True, "camera": "off"}
    shows(harness, Indication.CAMERA_OFF)
    eventually(lambda: len(set(harness.lights().values())) == 1 and 0 not in harness.lights().values())
    assert switch(settings) == {"ok": True, "camera": "off"}
    assert harness.status()["camera"] == "off"
    assert harness.status()["playing"] == "play"

    assert switch(settings, "on") == {"ok": True, "camera": "on"}
    shows(harness, Indication.MOOD)
    assert lit(harness) == {Mood.HAPPY}


def test_while_it_is_off_neither_a_press_nor_a_start_opens_the_camera(
    settings: Settings, camera: PictureSequence, library: PrivateMpd, switched_off: None
) -> None:
    with harness_for(settings, camera) as harness:
        shows(harness, Indication.CAMERA_OFF)
        harness.press()
        ask(settings.service.socket_path(), "press")
        plays(harness, "Jazz")  # nobody was seen, and nothing was played before: a neutral beginning
        shows(harness, Indication.CAMERA_OFF)
        assert camera.opened == 0
        switch(settings, "on")
        plays(harness, "Disco")  # it could not look since the press: it looks now
        assert camera.opened == 1


def test_it_stays_off_over_a_restart(
    settings: Settings, camera: PictureSequence, library: PrivateMpd
) -> None:
    with harness_for(settings, camera) as harness:
        plays(harness, "Disco")
        switch(settings, "off")
    opened = camera.opened
    with harness_for(settings, camera) as harness:
        shows(harness, Indication.CAMERA_OFF)
        assert harness.status()["trouble"] == {}
    assert camera.opened == opened


def test_switched_on_the_box_waits_for_the_next_press_if_it_has_seen_somebody(
    harness: Harness, settings: Settings, camera: PictureSequence
) -> None:
    plays(harness, "Disco")
    switch(settings, "off")
    camera.paths = [NEUTRAL]
    switch(settings, "on")
    shows(harness, Indication.MOOD)
    assert camera.opened == 1
    harness.press()
    plays(harness, "Jazz")


def test_switched_off_it_ends_a_look_at_once(settings: Settings, library: PrivateMpd) -> None:
    opens = threading.Event()
    opens.set()
    reads: list[int] = []

    class Opening(SlowCamera):
        opening = 0

        def __enter__(self) -> Self:
            opens.wait(60)
            return super().__enter__()

        def __exit__(self, *_: object) -> None:
            reads.append(self.frames - self.left)

    with harness_for(settings, Opening) as harness:
        shows(harness, Indication.MOOD)
        eventually(lambda: reads)
        opens.clear()
        harness.press()
        shows(harness, Indication.LOOKING)
        switch(settings, "off")
        assert harness.status()["state"] == Indication.CAMERA_OFF
        opens.set()
        eventually(lambda: reads[1:] == [0])  # it has opened by now, and is closed unread
        assert harness.state.decision is None
        assert harness.status()["chosen_by"] == "last"  # the press still ends in music


def test_a_switch_that_cannot_be_read_keeps_the_camera_off_and_is_trouble(
    settings: Settings, camera: PictureSequence, library: PrivateMpd
) -> None:
    folder = settings.service.state_path()
    folder.write_text("a file in place of the folder")
    with harness_for(settings, camera) as harness:
        shows(harness, Indication.TROUBLE)
        assert "cannot tell whether it should be on" in harness.status()["trouble"]["camera"]
        harness.press()
        assert harness.status()["camera"] == "off"
        folder.unlink()
        folder.mkdir()
        switch(settings, "on")
        eventually(lambda: harness.status()["mood"] == "happy")
        assert "camera" not in harness.status()["trouble"]
    assert camera.opened == 1


def test_off_that_cannot_be_kept_is_off_all_the_same_and_says_so(
    harness: Harness, settings: Settings, camera: PictureSequence
) -> None:
    plays(harness, "Disco")
    settings.service.state_path().rename(settings.service.state_path().with_name("moved"))
    settings.service.state_path().write_text("a file in place of the folder")
    with pytest.raises(ServiceError, match="only until the box starts again"):
        switch(settings, "off")
    assert "only until the box starts again" in harness.status()["trouble"]["camera"]
    harness.press()
    assert harness.status()["camera"] == "off"
    assert camera.opened == 1


def test_a_switch_that_cannot_be_changed_back_keeps_the_camera_off(
    settings: Settings, camera: PictureSequence, library: PrivateMpd
) -> None:
    (settings.service.state_path() / FILE).mkdir(parents=True)
    with harness_for(settings, camera) as harness:
        shows(harness, Indication.CAMERA_OFF)
        with pytest.raises(ServiceError, match=f"stays as it was: .*{FILE}: cannot be removed"):
            switch(settings, "on")
        assert harness.status()["camera"] == "off"
    assert camera.opened == 0


@contextmanager
def hanging_capture() -> Iterator[Capture]:
    """A capture whose camera hangs once it is open."""
    closing: SimpleQueue[None] = SimpleQueue()
    frames: SimpleQueue[Any] = SimpleQueue()

    class Hanging(SlowCamera):
        opening = 0

        def __exit__(self, *_: object) -> None:
            closing.get()

    capture = Capture(Hanging, frames.put)
    capture.start()
    frames.get()
    try:
        yield capture
    finally:
        closing.put(None)
        capture.close()
    eventually(lambda: not capture.is_open)


def test_a_camera_that_does_not_close_is_trouble_until_it_does(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(camera_control, "CLOSE_TIMEOUT_S", 0.0)
    loop: Loop[Any] = Loop(SimpleQueue())
    health = Health()
    with hanging_capture() as capture:
        control = CameraControl(
            CameraSwitch(tmp_path), loop, StateHolder(State()), health, Mock(spec=Observer), capture
        )
        capture.stop()
        control.actions[protocol.Camera](protocol.Camera(to="off"))
        loop.run_due_timers()
        assert "may still be open" in health.trouble["camera"]
    loop.run_due_timers()
    assert not health.trouble
