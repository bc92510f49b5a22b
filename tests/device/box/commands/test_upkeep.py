"""How the box is, a restart, and to forget what was learned: asked over the control socket."""

from __future__ import annotations

import time
from datetime import datetime, timedelta, tzinfo
from pathlib import Path
from typing import Self

import pytest

from device.box.commands import upkeep
from device.config.settings import Settings
from device.control import page_commands as page
from device.control.client import ask
from device.control.protocol import Was
from device.demo.harness import Harness
from device.errors import ServiceError
from device.mood import Mood
from device.mood_bias import NO_BIAS
from device.playback.memory import Memory
from device.system import machine
from tests.device.box.helpers import plays
from tests.waiting import eventually


def test_the_health_names_each_part_and_what_is_wrong(harness: Harness, settings: Settings) -> None:
    plays(harness, "Disco")
    report = ask(settings.service.socket_path(), page.HealthReport())
    assert [each["part"] for each in report["parts"]] == [str(part) for part in upkeep.CHECKED]
    assert all(each["well"] and each["what"] for each in report["parts"])
    assert report["memory"]["rss_mb"] > 10
    assert report["memory"]["free_mb"] > 10


def test_what_was_learned_is_forgotten_in_the_running_box(harness: Harness, settings: Settings) -> None:
    plays(harness, "Disco")
    ask(settings.service.socket_path(), Was(mood=Mood.SAD))
    with Memory.opened_for_command(settings.service.state_path()) as memory:
        eventually(lambda: memory.mood_bias() != NO_BIAS)
        assert ask(settings.service.socket_path(), page.Forget()) == {"ok": True}
        assert memory.mood_bias() == NO_BIAS


def test_what_was_learned_is_told_until_it_is_forgotten(harness: Harness, settings: Settings) -> None:
    socket = settings.service.socket_path()
    plays(harness, "Disco")
    ask(socket, Was(mood=Mood.SAD))
    plays(harness, "Blues")

    def is_counted() -> bool:
        """A song that nobody can have heard yet was not skipped."""
        time.sleep(0.5)
        ask(socket, "skip")
        return bool(ask(socket, page.Learned())["skipped"])

    eventually(is_counted)
    learned = ask(socket, page.Learned())
    assert (learned["heard"], learned["songs"]) == (0, learned["skipped"])
    assert {(each["mood"], each["heard"]) for each in learned["genres"]} == {("sad", 0)}
    assert sum(each["skipped"] for each in learned["genres"]) == learned["skipped"]
    assert learned["moods"]["sad"] > 1 > learned["moods"]["happy"]

    def is_forgotten() -> bool:
        """The last skip may still be counted after a first time."""
        ask(socket, page.Forget())
        nothing = {"songs": 0, "heard": 0, "skipped": 0, "genres": [], "moods": {}}
        return bool(ask(socket, page.Learned()) == nothing)

    eventually(is_forgotten)


def test_a_box_that_nothing_would_start_again_does_not_end(
    harness: Harness, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("NOTIFY_SOCKET", raising=False)
    with pytest.raises(ServiceError, match="nothing would start this box again"):
        ask(settings.service.socket_path(), page.Restart())
    assert harness.status()["trouble"] == {}


def test_a_restart_ends_the_box_but_not_so_often_that_systemd_gives_up(
    harness: Harness, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("NOTIFY_SOCKET", "/nowhere")
    with pytest.raises(ServiceError, match=r"has just started: try again in 1\d\d s"):
        ask(settings.service.socket_path(), page.Restart())
    monkeypatch.setattr(upkeep, "SHORTEST_RUN", timedelta())
    assert ask(settings.service.socket_path(), page.Restart()) == {"ok": True}
    eventually(lambda: not settings.service.socket_path().exists())


def test_a_clock_that_is_set_after_the_start_makes_no_difference_to_a_restart(
    harness: Harness, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A Pi has no clock of its own: its time comes from the network, once the box runs already."""

    class Later(datetime):
        @classmethod
        def now(cls, tz: tzinfo | None = None) -> Self:
            return super().now(tz) + timedelta(days=300)

    monkeypatch.setenv("NOTIFY_SOCKET", "/nowhere")
    monkeypatch.setattr(upkeep, "datetime", Later)
    with pytest.raises(ServiceError, match=r"has just started: try again in 1\d\d s"):
        ask(settings.service.socket_path(), page.Restart())


def test_a_machine_without_a_thermometer_has_no_temperature(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(machine, "TEMPERATURE", tmp_path / "temp")
    assert machine.temperature() is None
    (tmp_path / "temp").write_text("48312\n")
    assert machine.temperature() == 48.312
