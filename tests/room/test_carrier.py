"""The end at the box that plays along: it tries again, drops what is late, and says what is wrong."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from device.control.room_commands import Looks, RoomLook, RoomTrouble
from device.control.server import ControlServer, Request
from room import carrier
from room.carrier import Address
from tests.device.ports import kept_port
from tests.room.ends import KEY, carry, listening
from tests.waiting import eventually


class Bedroom:
    """The control socket of a box that plays along; no box is needed to say that somebody has pressed."""

    def __init__(self, folder: Path) -> None:
        self.path = folder / "control.sock"
        self.readers: list[Request] = []
        self.troubles: list[str] = []
        self.looks: list[RoomLook] = []  # where it is the box that plays, too
        self.server = ControlServer(self.path, self._take)

    def _take(self, request: Any) -> None:
        match request:
            case Request(command=Looks()):
                self.readers.append(request)
            case Request(command=RoomTrouble(problem=problem)):
                self.troubles.append(problem)
            case Request(command=RoomLook() as look):
                self.looks.append(look)
        if isinstance(request, Request):
            request.reply.put({"ok": True})

    def press(self, mood: str, *, steer: bool = False) -> None:
        eventually(lambda: self.readers)
        self.readers[-1].reply.put({"probabilities": {mood: 1.0}, "steer": steer})


@pytest.fixture
def bedroom(tmp_path: Path) -> Iterator[Bedroom]:
    made = Bedroom(tmp_path)
    yield made
    made.server.close()


@pytest.fixture
def address() -> Iterator[Address]:
    """Where nobody listens yet."""
    with kept_port() as port:
        yield Address("127.0.0.1", port)


def test_a_press_waits_for_a_box_that_is_just_starting(bedroom: Bedroom, address: Address) -> None:
    carry(bedroom.path, address)
    eventually(lambda: "does not answer" in "".join(bedroom.troubles))
    bedroom.press("sad")
    bedroom.press("happy", steer=True)
    with listening(bedroom.path, port=address.port):
        eventually(lambda: bedroom.looks and bedroom.looks[-1].probabilities == {"happy": 1.0})
        eventually(lambda: bedroom.troubles[-1] == "")
    assert bedroom.looks[-1].age > 0


def test_a_press_is_dropped_when_it_is_too_late_for_it(
    bedroom: Bedroom, address: Address, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    monkeypatch.setattr(carrier, "LATE_S", 0.0)
    monkeypatch.setattr(carrier, "TRY_AGAIN_S", 0.05)
    carry(bedroom.path, address)
    bedroom.press("sad")
    eventually(lambda: "a press came to nothing" in caplog.text)
    with listening(bedroom.path, port=address.port):
        eventually(lambda: bedroom.troubles[-1:] == [""])  # seen without a press
    assert bedroom.looks == []


def test_another_key_is_said_at_once(bedroom: Bedroom) -> None:
    with listening(bedroom.path, key=b"x" * 64) as address:
        carry(bedroom.path, address, KEY)
        eventually(lambda: "127.0.0.1: it has another key than this box" in "".join(bedroom.troubles))


@pytest.mark.parametrize("host", ["a..b", "a" * 64])
def test_a_name_that_no_machine_can_have_is_said_and_does_not_end_the_process(
    bedroom: Bedroom, host: str
) -> None:
    carry(bedroom.path, Address(host, 1707))
    eventually(lambda: any(host in trouble for trouble in bedroom.troubles))
