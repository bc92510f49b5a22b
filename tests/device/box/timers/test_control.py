"""Sleep timer and wake time of a real box at a real MPD, by a clock that the test sets."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from typing import Any

import mpd
import msgspec
import pytest

from device.box.timers import control
from device.config.settings import Room, Settings
from device.control.client import ask
from device.control.protocol import Volume
from device.control.timer_commands import Sleep, Wake
from device.demo.harness import Harness, harness_for
from device.demo.server import PrivateMpd
from device.errors import ServiceError
from device.playback.memory import Memory
from device.timers import row, state
from device.timers.now import Now
from device.timers.state import SOFTEST
from device.timers.wake_time import LATE_S
from tests.device.box.helpers import PictureSequence, plays
from tests.waiting import eventually


@dataclass
class Clock:
    """The machine's clocks, with seconds added: a real one cannot be set for a test."""

    added: float = 0.0
    is_set: bool = True

    def __call__(self) -> Now:
        return Now(time.monotonic() + self.added, time.time() + self.added, is_set=self.is_set)


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    made = Clock()
    monkeypatch.setattr(control, "read_clock", made)
    monkeypatch.setattr(state, "CHECK_S", 0.05)
    return made


@pytest.fixture
def client(library: PrivateMpd) -> Iterator[mpd.MPDClient]:
    other = library.client()
    yield other
    other.disconnect()


@pytest.fixture
def box(clock: Clock, harness: Harness, client: mpd.MPDClient) -> Harness:
    """A box whose music plays at half volume."""
    plays(harness, "Disco")
    client.setvol(50)
    eventually(lambda: harness.status()["volume"] == 50)
    return harness


def say(settings: Settings, command: Sleep | Wake) -> dict[str, Any]:
    return ask(settings.service.socket_path(), command)


def volume(client: mpd.MPDClient) -> int:
    return int(client.status()["volume"])


def pass_by(clock: Clock, seconds: float) -> None:
    """Let time pass; the box sees it at its next check."""
    clock.added += seconds


def in_a_minute() -> str:
    return time.strftime("%H:%M", time.localtime(time.time() + 60))


def test_the_music_pauses_and_is_as_loud_as_before(
    box: Harness, settings: Settings, clock: Clock, client: mpd.MPDClient
) -> None:
    reply = say(settings, Sleep(minutes=30))
    assert reply["sleep_minutes"] == 30
    assert box.status()["sleep"] == reply["sleep"]
    pass_by(clock, 29 * 60 + 1)
    eventually(lambda: box.state.timers and box.state.timers.fade)
    pass_by(clock, 30)
    eventually(lambda: volume(client) < 30)
    pass_by(clock, 30)
    eventually(lambda: client.status()["state"] == "pause")
    eventually(lambda: volume(client) == 50)
    assert box.status()["sleep"] is None


def fading(settings: Settings, clock: Clock, client: mpd.MPDClient) -> None:
    say(settings, Sleep(minutes=1))
    pass_by(clock, 30)
    eventually(lambda: volume(client) < 30)


@pytest.mark.parametrize("what", ["press", "skip", "play"])
def test_who_wants_music_during_the_fade_has_it_back(
    box: Harness, settings: Settings, clock: Clock, client: mpd.MPDClient, what: str
) -> None:
    fading(settings, clock, client)
    ask(settings.service.socket_path(), what)
    eventually(lambda: volume(client) == 50)
    assert box.status()["sleep"] is None


def test_a_press_of_the_button_does_so_too(
    box: Harness, settings: Settings, clock: Clock, client: mpd.MPDClient
) -> None:
    fading(settings, clock, client)
    box.press()
    eventually(lambda: volume(client) == 50)
    assert box.status()["sleep"] is None


def test_the_volume_that_somebody_sets_by_another_client_stays(
    box: Harness, settings: Settings, clock: Clock, client: mpd.MPDClient
) -> None:
    fading(settings, clock, client)
    client.setvol(60)
    eventually(lambda: box.status()["sleep"] is None)
    pass_by(clock, 120)
    assert client.status()["state"] == "play"
    assert volume(client) == 60


def test_the_volume_that_somebody_sets_by_the_box_stays(
    box: Harness, settings: Settings, clock: Clock, client: mpd.MPDClient
) -> None:
    fading(settings, clock, client)
    ask(settings.service.socket_path(), Volume(steps=2))
    assert box.status()["sleep"] is None


def test_to_pause_by_another_client_ends_the_timer(
    box: Harness, settings: Settings, clock: Clock, client: mpd.MPDClient
) -> None:
    say(settings, Sleep(minutes=30))
    client.pause(1)
    eventually(lambda: box.status()["sleep"] is None)


def test_the_music_of_last_begins_softly_at_the_wake_time(
    box: Harness, settings: Settings, clock: Clock, client: mpd.MPDClient
) -> None:
    client.pause(1)
    eventually(lambda: box.status()["playing"] == "pause")
    reply = say(settings, Wake(to=in_a_minute()))
    assert reply["wake_on"]
    pass_by(clock, 61)
    eventually(lambda: client.status()["state"] == "play")
    assert volume(client) <= SOFTEST + 5
    pass_by(clock, 300)
    eventually(lambda: volume(client) == 50)


def test_a_wake_time_says_that_no_music_begins_before_the_clock_is_set(
    box: Harness, settings: Settings, clock: Clock
) -> None:
    clock.is_set = False
    assert say(settings, Wake(to="7:30"))["notes"] == [control.CLOCK_NOT_SET]
    assert say(settings, Wake())["notes"] == [control.CLOCK_NOT_SET]
    assert say(settings, Wake(to="off"))["notes"] == []
    clock.is_set = True
    assert say(settings, Wake(to="on"))["notes"] == []


def test_what_was_set_outlasts_a_restart(
    settings: Settings, library: PrivateMpd, camera: PictureSequence, clock: Clock, client: mpd.MPDClient
) -> None:
    with harness_for(settings, camera) as box:
        plays(box, "Disco")
        client.setvol(50)
        eventually(lambda: box.status()["volume"] == 50)
        say(settings, Wake(to="7:30", once=True))
        fading(settings, clock, client)
    with harness_for(settings, camera) as box:
        status = box.status()
        assert (status["wake"], status["wake_on"], status["wake_once"]) == ("07:30", True, True)
        assert status["sleep_minutes"] == 1
        pass_by(clock, 60)
        eventually(lambda: client.status()["state"] == "pause")
        eventually(lambda: volume(client) == 50)


def test_a_volume_that_a_box_has_left_low_comes_back(
    settings: Settings, library: PrivateMpd, camera: PictureSequence, client: mpd.MPDClient
) -> None:
    with closing(Memory.open(settings.service.state_path())) as memory:
        memory.replace_rows({row.TABLE: [(0, 0.0, None, 0, 0, 0.0, 70, 10)]})
    client.setvol(3)
    with harness_for(settings, camera):
        eventually(lambda: volume(client) == 70)


def test_a_volume_that_somebody_has_set_while_the_box_was_not_running_stays(
    settings: Settings, library: PrivateMpd, camera: PictureSequence, clock: Clock, client: mpd.MPDClient
) -> None:
    with harness_for(settings, camera) as box:
        plays(box, "Disco")
        client.setvol(90)
        eventually(lambda: box.status()["volume"] == 90)
        say(settings, Sleep(minutes=1))
        pass_by(clock, 15)
        eventually(lambda: volume(client) < 90)
    client.setvol(20)
    pass_by(clock, 3600)
    with harness_for(settings, camera) as box:
        eventually(lambda: box.state.timers and box.state.timers.before is None)
        assert volume(client) == 20


def test_a_wake_time_for_once_at_which_mpd_was_away_is_over_and_the_log_says_so(
    box: Harness,
    settings: Settings,
    clock: Clock,
    library: PrivateMpd,
    caplog: pytest.LogCaptureFixture,
) -> None:
    caplog.set_level("INFO")
    say(settings, Wake(to=in_a_minute(), once=True))
    library.stop()
    eventually(lambda: box.status()["playing"] is None)
    pass_by(clock, 60 + LATE_S + 5)
    eventually(lambda: not box.status()["wake_on"])
    assert "no music begins for the wake time" in caplog.text


def test_wake_on_needs_a_time(box: Harness, settings: Settings) -> None:
    with pytest.raises(ServiceError, match="no time is known yet"):
        say(settings, Wake(to="on"))


def test_a_box_that_plays_along_with_another_says_where_to_set_it(
    settings: Settings, camera: PictureSequence, library: PrivateMpd
) -> None:
    along = msgspec.structs.replace(settings, room=Room(server="kitchen.local"))
    with harness_for(along, camera):
        for command in (Sleep(minutes=30), Wake(to="7:30")):
            with pytest.raises(ServiceError, match=r"kitchen\.local"):
                say(settings, command)


def test_without_a_mixer_it_says_so(settings: Settings, camera: PictureSequence, library: PrivateMpd) -> None:
    configuration = library.folder / "mpd.conf"
    text = configuration.read_text()
    configuration.write_text(text.replace('mixer_type "software"', 'mixer_type "none"'))
    library.stop()
    library.start()
    with harness_for(settings, camera) as box:
        plays(box, "Disco")
        assert say(settings, Sleep(minutes=30))["notes"] == [control.NO_MIXER]
