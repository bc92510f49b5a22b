"""The box on simulated pins, with any camera."""

from __future__ import annotations

from pathlib import Path
from time import CLOCK_BOOTTIME, clock_gettime

import numpy as np

from device.config.settings import Settings
from device.control import page_commands
from device.control.client import ask
from device.demo.harness import harness_for
from device.demo.server import PrivateMpd
from device.demo.slideshow import FrameRecorder
from tests.device.box.helpers import PictureSequence
from tests.device.conftest import HAPPY
from tests.waiting import eventually


def test_a_picture_that_is_turned_counts_from_the_next_look_on_and_is_drawn_as_the_box_sees_it(
    settings: Settings, settings_file: Path, library: PrivateMpd
) -> None:
    recorder = FrameRecorder()
    with harness_for(
        settings, PictureSequence(HAPPY), settings_file=settings_file, recorder=recorder
    ) as harness:
        assert harness.wait_for_decision(30)
        upright = recorder.frame
        assert upright is not None
        socket = settings.service.socket_path()
        ask(socket, page_commands.Set(key="camera.rotate", value=180))
        [rotate] = [
            each
            for each in ask(socket, page_commands.Settings())["settings"]
            if each["key"] == "camera.rotate"
        ]
        assert not rotate["restart"]
        harness.press()
        eventually(
            lambda: recorder.frame is not None and np.array_equal(recorder.frame, np.rot90(upright, 2))
        )


def test_an_observation_that_is_over_before_anybody_looks_is_not_missed(
    settings: Settings, library: PrivateMpd
) -> None:
    """On a busy machine it may begin and end between two looks at the state."""
    with harness_for(settings) as harness:
        assert harness.wait_for_decision(60)
        before = harness.state.decision
        harness.press()
        eventually(lambda: harness.state.decision is not None and harness.state.decision is not before)
        assert harness.wait_for_observation(0)


def test_the_start_is_timed_from_the_box_and_not_from_what_the_program_did_before(settings: Settings) -> None:
    """The demo makes songs before that, and starts MPD."""
    before = clock_gettime(CLOCK_BOOTTIME)
    with harness_for(settings) as harness:
        eventually(lambda: "rest" in (harness.status()["start"] or {}))
        parts = harness.status()["start"].values()
        assert sum(parts) <= clock_gettime(CLOCK_BOOTTIME) - before
