from __future__ import annotations

from typing import Any

import pytest

from device.demo.server import PrivateMpd
from tests.device.playback.conftest import ControllerHarness, StartHarness


@pytest.fixture
def client(mpd: PrivateMpd) -> Any:
    client = mpd.client()
    client.setvol(50)
    yield client
    client.disconnect()


def has_volume(harness: ControllerHarness, volume: int | None) -> None:
    harness.wait_until(lambda: harness.playback.snapshot and harness.playback.snapshot.volume == volume)


def test_steps_that_come_quickly_are_all_made(client: Any, harness: ControllerHarness) -> None:
    has_volume(harness, 50)
    for _ in range(5):
        harness.playback.controls.change_volume(1)
    for _ in range(3):
        harness.playback.controls.change_volume(-1)
    has_volume(harness, 60)


def test_the_box_is_never_louder_than_its_maximum(client: Any, start: StartHarness) -> None:
    harness = start(volume_max=60)
    has_volume(harness, 50)
    assert harness.playback.controls.change_volume(3) == 60
    has_volume(harness, 60)
    assert harness.playback.controls.set_volume(90) == 60
    harness.run_for()
    client.setvol(80)  # somebody else may be louder
    has_volume(harness, 80)
    harness.playback.controls.change_volume(1)
    has_volume(harness, 60)


def test_the_volume_at_the_start_is_set_once(client: Any, mpd: PrivateMpd, start: StartHarness) -> None:
    harness = start(volume_start=30)
    has_volume(harness, 30)
    client.setvol(45)
    has_volume(harness, 45)
    client.disconnect()
    mpd.stop()
    harness.wait_until(lambda: harness.playback.snapshot is None)
    mpd.start()
    has_volume(harness, 45)
    client.connect()


def test_an_mpd_without_a_mixer_has_no_volume(mpd: PrivateMpd, start: StartHarness) -> None:
    mpd.stop()
    file = mpd.folder / "mpd.conf"
    file.write_text(file.read_text().replace('mixer_type "software"', 'mixer_type "none"'))
    mpd.start()
    harness = start(volume_start=30)
    harness.wait_until(lambda: harness.playback.snapshot)
    assert harness.playback.controls.set_volume(20) is None
    assert harness.playback.controls.change_volume(1) is None
