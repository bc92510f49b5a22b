"""What the box does for the control socket's requests, at a real MPD."""

from __future__ import annotations

import contextlib
from collections.abc import Callable
from pathlib import Path
from typing import Any
from unittest.mock import Mock

import pytest

from device.box.requests import RequestHandler
from device.config.settings import Settings
from device.control import protocol
from device.control.client import ask, subscribe
from device.control.command import Command
from device.control.room_commands import Looks
from device.control.server import Request
from device.demo.harness import Harness
from device.demo.server import PrivateMpd
from device.errors import ServiceError
from device.playback.controller import PlaybackController
from tests.device.box.helpers import plays
from tests.waiting import eventually

Ask = Callable[[Command], dict[str, Any]]


@pytest.fixture
def send(harness: Harness, settings: Settings) -> Ask:
    plays(harness, "Disco")
    return lambda command: ask(settings.service.socket_path(), command)


def test_the_music_is_paused_and_goes_on(harness: Harness, send: Ask) -> None:
    send(protocol.Pause())
    eventually(lambda: harness.status()["playing"] == "pause")
    send(protocol.Pause())
    send(protocol.Play())
    eventually(lambda: harness.status()["playing"] == "play")


def test_a_request_for_what_the_settings_do_not_ask_for_is_refused_with_the_reason(send: Ask) -> None:
    with pytest.raises(ServiceError, match="looks: this box's settings do not ask for it; "):
        send(Looks())


def test_the_volume_is_set_and_changed(harness: Harness, send: Ask) -> None:
    assert send(protocol.Volume(to=50)) == {"ok": True, "volume": 50}
    eventually(lambda: send(protocol.Volume())["volume"] == 50)
    assert send(protocol.Volume(steps=-2)) == {"ok": True, "volume": 40}
    eventually(lambda: harness.status()["volume"] == 40)


def test_a_subscriber_hears_of_another_song_and_of_another_volume(
    harness: Harness, settings: Settings, send: Ask, library: PrivateMpd
) -> None:
    with contextlib.closing(subscribe(settings.service.socket_path())) as replies:
        first = next(replies)
        assert first["protocol"] == protocol.PROTOCOL_VERSION
        library.client().setvol(33)
        assert next(reply for reply in replies if reply["volume"] == 33)
        send(protocol.Skip())
        assert next(reply for reply in replies if reply["song"] not in (None, first["song"]))


def test_without_an_mpd_the_volume_is_an_error(
    harness: Harness, send: Ask, library: PrivateMpd, tmp_path: Path
) -> None:
    library.stop()
    eventually(lambda: harness.status()["playing"] is None)
    for command in (protocol.Volume(), protocol.Volume(to=1), protocol.Pause(), protocol.Play()):
        with pytest.raises(ServiceError):
            send(command)


def waiting(subscriber: Request) -> list[dict[str, Any]]:
    """The lines that wait for a subscriber."""
    lines = []
    while line := subscriber.reply.get(0):
        lines.append(line)
    return lines


def test_every_subscriber_gets_each_change_once_even_if_another_one_subscribes() -> None:
    status = {"song": "first"}
    handler = RequestHandler(Mock(spec=PlaybackController, controls=Mock()), lambda: dict(status), {})
    early, late = Request(protocol.Subscribe()), Request(protocol.Subscribe())
    handler.handle(early)
    assert waiting(early) == [{"song": "first"}]

    status["song"] = "second"
    handler.handle(late)  # in the same turn of the loop as the change, before it is published
    handler.publish()

    assert waiting(early) == [{"song": "second"}]
    assert waiting(late) == [{"song": "second"}]
