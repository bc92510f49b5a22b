"""Somebody says that the last look was wrong: on the control socket, and by the button *correct*."""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path
from typing import Any
from unittest.mock import Mock

import msgspec
import pytest
from gpiozero import Device

from device.box.commands import correct_button
from device.box.commands.correction import NOT_KEPT, CorrectionError, Corrector
from device.box.state import Activity, State, StateHolder
from device.config.settings import Settings
from device.control import protocol
from device.control.client import ask
from device.control.command import Command
from device.control.room_commands import RoomLook
from device.demo.harness import PRESS_S, Harness, harness_for
from device.demo.server import PrivateMpd
from device.errors import ServiceError
from device.health import Health
from device.mood import Decision, Mood, Outcome, Probabilities
from device.mood_bias import NO_BIAS, MoodBias
from device.panel.lights import Indication
from device.playback.controller import PlaybackController
from device.playback.guarded_memory import GuardedMemory
from device.playback.memory import Memory
from tests.device.box.helpers import HangingCamera, PictureSequence, Shown, lit, plays, shows
from tests.device.conftest import NEUTRAL
from tests.waiting import eventually

PIN = 25
Say = Callable[[Mood], dict[str, Any]]


@pytest.fixture
def wired(settings: Settings) -> Settings:
    """Settings with the button *correct*."""
    return msgspec.structs.replace(settings, panel=msgspec.structs.replace(settings.panel, correct=PIN))


@pytest.fixture
def neutral(wired: Settings, library: PrivateMpd, monkeypatch: pytest.MonkeyPatch) -> Iterator[Harness]:
    """A box that has seen a neutral face, and plays."""
    monkeypatch.setattr(correct_button, "WINDOW_S", 3600.0)
    with harness_for(wired, PictureSequence(NEUTRAL)) as made:
        plays(made, "Jazz")
        shows(made, Indication.MOOD)
        yield made


@pytest.fixture
def say(settings: Settings) -> Say:
    return lambda mood: ask(settings.service.socket_path(), protocol.Was(mood=mood))


def press_correct() -> None:
    pin = Device.pin_factory.pin(PIN)
    pin.drive_low()
    time.sleep(PRESS_S)
    pin.drive_high()
    time.sleep(PRESS_S)


def learned(settings: Settings) -> MoodBias:
    """What the running box has written down."""
    with closing(sqlite3.connect(settings.service.state_path() / "moodbox.db")) as database:
        return MoodBias(dict(database.execute("SELECT mood, count FROM mood_bias")))


def test_the_music_the_light_and_the_status_follow_the_correction(
    neutral: Harness, settings: Settings, say: Say
) -> None:
    before = neutral.status()
    assert not before["corrected"]
    assert say(Mood.SAD) == {"ok": True}
    plays(neutral, "Blues")
    eventually(lambda: lit(neutral) == {Mood.SAD})
    status = neutral.status()
    assert (status["state"], status["mood"], status["corrected"]) == ("mood", "sad", True)
    assert status["confidence"] == before["confidence"]
    assert (status["chosen_by"], status["chosen_for"]) == ("correction", {"sad": 1.0})
    assert learned(settings).factor(Mood.SAD) > 1 > learned(settings).factor(Mood.NEUTRAL)


def test_of_several_corrections_of_one_look_the_last_one_counts(
    neutral: Harness, settings: Settings, say: Say
) -> None:
    say(Mood.SAD)
    once = learned(settings)
    say(Mood.SAD)
    assert learned(settings) == once
    say(Mood.HAPPY)
    assert learned(settings).factor(Mood.SAD) < 1 < learned(settings).factor(Mood.HAPPY)
    say(Mood.SAD)
    assert learned(settings) == once


def test_the_box_learns_nothing_if_somebody_returns_to_what_it_saw(
    neutral: Harness, settings: Settings, say: Say
) -> None:
    say(Mood.SAD)
    plays(neutral, "Blues")
    say(Mood.NEUTRAL)
    plays(neutral, "Jazz")
    assert learned(settings) == NO_BIAS


@pytest.mark.parametrize("other", [protocol.SetMood(mood=Mood.SAD), RoomLook(probabilities={Mood.SAD: 1.0})])
def test_where_the_look_was_right_its_music_comes_back_and_nothing_is_learned(
    neutral: Harness, settings: Settings, say: Say, other: Command
) -> None:
    ask(settings.service.socket_path(), other)
    plays(neutral, "Blues")
    assert say(Mood.NEUTRAL) == {"ok": True}
    plays(neutral, "Jazz")
    status = neutral.status()
    assert (status["by_hand"], status["mood"], status["corrected"]) == (None, "neutral", False)
    assert learned(settings) == NO_BIAS


def test_where_nothing_changes_the_answer_says_so(neutral: Harness, say: Say) -> None:
    assert "the last look says neutral already, and the music is for it" in say(Mood.NEUTRAL)["note"]
    assert say(Mood.SAD) == {"ok": True}
    assert "the last look was corrected to sad already" in say(Mood.SAD)["note"]


def test_a_second_correction_brings_back_nothing_that_was_forgotten(
    wired: Settings, library: PrivateMpd, say: Say
) -> None:
    with closing(Memory.open(wired.service.state_path())) as memory:
        memory.keep_mood_bias(MoodBias({Mood.NEUTRAL: 9.0}))
    with harness_for(wired, PictureSequence(NEUTRAL)) as harness:
        plays(harness, "Jazz")
        say(Mood.SAD)
        with closing(Memory.open(wired.service.state_path())) as memory:
            memory.forget()
        say(Mood.HAPPY)
        assert learned(wired).factor(Mood.NEUTRAL) < 1


def test_each_look_can_be_corrected_once_more(neutral: Harness, settings: Settings, say: Say) -> None:
    say(Mood.SAD)
    once = learned(settings)
    neutral.press()
    eventually(lambda: neutral.status()["mood"] == "neutral")
    say(Mood.SAD)
    assert learned(settings).factor(Mood.SAD) > once.factor(Mood.SAD)


def seen(harness: Harness) -> Probabilities:
    """What the last look saw."""
    decision = harness.state.decision
    assert decision
    assert decision.probabilities
    return decision.probabilities


def test_what_was_learned_changes_the_next_look(neutral: Harness, settings: Settings) -> None:
    before = seen(neutral)
    bias = MoodBias({Mood.SAD: 3.0, Mood.NEUTRAL: -2.0, Mood.HAPPY: -1.0})
    with closing(Memory.open(settings.service.state_path())) as memory:
        memory.keep_mood_bias(bias)
    neutral.press()
    eventually(lambda: neutral.state.decision and seen(neutral) != before)
    assert seen(neutral) == pytest.approx(bias.apply(before), abs=0.05)


def test_the_box_learns_from_an_unsure_look_even_if_its_likeliest_mood_was_right(
    unsure: Settings, library: PrivateMpd, say: Say
) -> None:
    with harness_for(unsure, PictureSequence(NEUTRAL)) as harness:
        shows(harness, Indication.UNSURE)
        ask(unsure.service.socket_path(), protocol.Press())
        eventually(lambda: harness.status()["chosen_by"] == "unsure")
        shows(harness, Indication.UNSURE)
        assert say(Mood.NEUTRAL) == {"ok": True}
        eventually(lambda: harness.status()["chosen_by"] == "correction")
        eventually(lambda: lit(harness) == {Mood.NEUTRAL})
        assert learned(unsure).factor(Mood.NEUTRAL) > 1


def test_a_mood_that_the_model_does_not_tell_is_refused(
    neutral: Harness, settings: Settings, say: Say
) -> None:
    with pytest.raises(ServiceError, match="does not tell fear; it tells happy, neutral, sad"):
        say(Mood.FEAR)
    assert learned(settings) == NO_BIAS


def test_a_look_without_a_face_is_not_corrected(
    settings: Settings, library: PrivateMpd, wall: Path, say: Say
) -> None:
    with harness_for(settings, PictureSequence(wall)) as harness:
        shows(harness, Indication.NO_FACE)
        with pytest.raises(ServiceError, match="saw no face"):
            say(Mood.SAD)


def test_before_the_first_look_and_during_one_there_is_nothing_to_correct(
    settings: Settings, library: PrivateMpd, camera: PictureSequence, say: Say
) -> None:
    camera.missing = True
    with harness_for(settings, camera) as harness:
        shows(harness, Indication.TROUBLE)
        with pytest.raises(ServiceError, match="there was no look yet: press the button"):
            say(Mood.SAD)
    hanging = HangingCamera()
    hanging.goes_on.clear()
    with harness_for(settings, hanging) as harness:
        shows(harness, Indication.LOOKING)
        with pytest.raises(ServiceError, match="the box is looking"):
            say(Mood.SAD)
        hanging.goes_on.set()


def test_a_look_that_the_camera_was_off_for_asks_for_the_camera(
    settings: Settings, library: PrivateMpd, neutral: Harness, say: Say
) -> None:
    path = settings.service.socket_path()
    ask(path, protocol.Camera(to="off"))
    ask(path, protocol.Press())
    with pytest.raises(ServiceError, match="the camera is off: moodbox camera on"):
        say(Mood.SAD)


def test_each_press_of_the_button_proposes_the_next_mood_and_the_last_one_counts(
    neutral: Harness, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(correct_button, "REST_S", 3600.0)
    _, second, third = sorted(seen(neutral), key=lambda mood: -seen(neutral)[mood])
    press_correct()
    shows(neutral, Indication.PROPOSED)
    assert neutral.state.proposed is second
    assert "Jazz" in neutral.status()["song"]
    monkeypatch.setattr(correct_button, "REST_S", 0.0)
    press_correct()
    shows(neutral, Indication.MOOD)
    eventually(lambda: lit(neutral) == {third})
    eventually(lambda: neutral.status()["chosen_for"] == {third: 1.0})
    assert learned(settings).factor(third) > 1 > learned(settings).factor(second)


def test_pressing_on_to_what_the_box_saw_changes_nothing(
    neutral: Harness, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    song = neutral.status()["song"]
    monkeypatch.setattr(correct_button, "REST_S", 3600.0)
    for _ in range(2):
        press_correct()
        shows(neutral, Indication.PROPOSED)
    monkeypatch.setattr(correct_button, "REST_S", 0.0)
    press_correct()
    shows(neutral, Indication.MOOD)
    assert (neutral.status()["song"], learned(settings)) == (song, NO_BIAS)


def test_another_look_ends_the_proposal(
    neutral: Harness, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(correct_button, "REST_S", 3.0)
    press_correct()
    shows(neutral, Indication.PROPOSED)
    ask(settings.service.socket_path(), protocol.Press())
    shows(neutral, Indication.MOOD)
    assert neutral.status()["mood"] == "neutral"
    eventually(lambda: not neutral._box._loop.is_scheduled(neutral._box._correct_button._take))
    assert (neutral.status()["mood"], learned(settings)) == ("neutral", NO_BIAS)


def test_a_press_too_long_after_the_look_is_refused_by_the_lights_and_the_log(
    shown: Shown,
    neutral: Harness,
    settings: Settings,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    monkeypatch.setattr(correct_button, "WINDOW_S", 0.0)
    caplog.set_level("INFO")
    press_correct()
    eventually(lambda: (Indication.REFUSED, set()) in shown)
    shows(neutral, Indication.MOOD)
    assert "the button correct was pressed, but the last look was more than 0 s ago" in caplog.text
    assert learned(settings) == NO_BIAS


def test_the_time_after_a_look_ends_a_proposal_early(
    neutral: Harness, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nobody can press on for ever: at the end of the ten seconds what is proposed counts."""
    monkeypatch.setattr(correct_button, "REST_S", 3600.0)
    decided = neutral.state.decided
    monkeypatch.setattr(correct_button, "WINDOW_S", time.monotonic() - decided)  # which are over now
    monkeypatch.setattr(correct_button, "monotonic", lambda: decided)  # but the press came in time
    press_correct()
    eventually(lambda: neutral.status()["corrected"])


def test_while_the_machine_switches_itself_off_nothing_is_corrected() -> None:
    decision = Decision(Outcome.MOOD, Mood.SAD, 0.8, {Mood.SAD: 0.8, Mood.HAPPY: 0.2})
    state = StateHolder(State(activity=Activity.POWERING_OFF, decision=decision))
    playback = Mock(spec=PlaybackController)
    corrector = Corrector(state, Mock(spec=GuardedMemory), playback, lambda: None)
    with pytest.raises(CorrectionError, match="switching itself off"):
        corrector.correct(Mood.HAPPY)
    assert not playback.play.called


def test_a_disk_that_cannot_keep_what_was_learned_is_said(tmp_path: Path) -> None:
    decision = Decision(Outcome.MOOD, Mood.SAD, 0.8, {Mood.SAD: 0.8, Mood.HAPPY: 0.2})
    state, playback = StateHolder(State(decision=decision)), Mock(spec=PlaybackController)
    with closing(Memory.open(tmp_path)) as memory:
        corrector = Corrector(state, GuardedMemory(memory, Health()), playback, lambda: None)
        (tmp_path / "moodbox.db").unlink()
        reply = corrector.actions[protocol.Was](protocol.Was(mood=Mood.HAPPY))
    assert reply == {"error": NOT_KEPT}
    assert playback.play.called
    assert state.value.mood is Mood.HAPPY
