"""A strip's device that hangs, fails or is not there any more. `wire.py` says what stands in for it."""

from __future__ import annotations

import threading
from collections.abc import Iterator

import pytest

from device.errors import PanelError
from device.mood import Mood
from device.panel import sender
from device.panel.lights import STRIP_THREAD, Indication, open_lights
from device.panel.spi import SpiDevice
from tests.device.panel.threads import no_thread
from tests.device.panel.wire import Wire
from tests.waiting import eventually

BLUE = (51, 0, 255)  # of sad, green first


@pytest.fixture
def goes_on(monkeypatch: pytest.MonkeyPatch) -> Iterator[threading.Event]:
    """Let each write hang until this is set."""
    event, write = threading.Event(), SpiDevice.write

    def hang(device: SpiDevice, content: bytes) -> None:
        event.wait()
        write(device, content)

    monkeypatch.setattr(SpiDevice, "write", hang)
    monkeypatch.setattr(sender, "PATIENCE_S", 0.05)
    yield event
    event.set()


@pytest.mark.parametrize("first", [Indication.LOOKING, Indication.MOOD])
def test_a_device_that_hangs_is_said_and_shows_the_last_indication_once_it_goes_on(
    wire: Wire, goes_on: threading.Event, first: Indication, monkeypatch: pytest.MonkeyPatch
) -> None:
    lights = open_lights(wire.panel())
    if first is Indication.LOOKING:  # its thread alone notices
        lights.show(first, Mood.HAPPY)
    for _ in range(3):
        with pytest.raises(PanelError, match="hangs, and takes no colours"):
            lights.show(Indication.MOOD, Mood.SAD)
    assert [thread.name for thread in threading.enumerate()].count(STRIP_THREAD) == 1
    goes_on.set()
    eventually(lambda: STRIP_THREAD not in {thread.name for thread in threading.enumerate()})
    lights.show(Indication.MOOD, Mood.SAD)
    assert wire.colour() == BLUE


def test_one_that_is_known_to_hang_costs_no_more_time(
    wire: Wire, goes_on: threading.Event, monkeypatch: pytest.MonkeyPatch
) -> None:
    waited: list[float | None] = []
    join = threading.Thread.join

    def note(thread: threading.Thread, timeout: float | None = None) -> None:
        if thread.name == STRIP_THREAD:
            waited.append(timeout)
        join(thread, timeout)

    monkeypatch.setattr(threading.Thread, "join", note)
    lights = open_lights(wire.panel())
    for _ in range(3):
        with pytest.raises(PanelError):
            lights.show(Indication.MOOD, Mood.SAD)
    lights.close()
    assert waited == [sender.PATIENCE_S, 0, 0, 0]


def test_one_that_fails_is_opened_anew_since_it_may_be_another_one_then(
    wire: Wire, monkeypatch: pytest.MonkeyPatch
) -> None:
    write, fails = SpiDevice.write, [True, False, True, False]

    def fail(device: SpiDevice, content: bytes) -> None:
        if fails.pop(0):
            raise OSError(108, "Cannot send after transport endpoint shutdown")
        write(device, content)

    monkeypatch.setattr(SpiDevice, "write", fail)
    lights = open_lights(wire.panel())
    for _ in range(2):
        with pytest.raises(OSError, match="shutdown"):
            lights.show(Indication.MOOD, Mood.HAPPY)
        wire.path.unlink()
        wire.path.touch()
        lights.show(Indication.MOOD, Mood.SAD)
        assert wire.colour() == BLUE


def test_one_that_is_not_there_any_more_is_said_with_what_to_do(
    wire: Wire, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(device: SpiDevice, content: bytes) -> None:
        wire.path.unlink()
        raise OSError(19, "No such device")

    monkeypatch.setattr(SpiDevice, "write", fail)
    lights = open_lights(wire.panel())
    with pytest.raises(OSError, match="No such device"):
        lights.show(Indication.MOOD, Mood.SAD)
    with pytest.raises(PanelError, match="is not there: switch SPI on"):
        lights.show(Indication.MOOD, Mood.SAD)
    lights.close()


@pytest.mark.parametrize("indication", [Indication.LOOKING, Indication.MOOD])
def test_a_strip_for_which_no_thread_could_be_started_is_lit_once_one_can(
    wire: Wire, monkeypatch: pytest.MonkeyPatch, indication: Indication
) -> None:
    lights = open_lights(wire.panel())
    with monkeypatch.context() as patched:
        patched.setattr(threading.Thread, "start", no_thread)
        for _ in range(2):
            with pytest.raises(PanelError, match="gets no colours: can't start new thread"):
                lights.show(indication, Mood.SAD)
    lights.show(Indication.MOOD, Mood.SAD)
    assert wire.colour() == BLUE
    with monkeypatch.context() as patched:
        patched.setattr(threading.Thread, "start", no_thread)
        lights.close()  # without an error: there is nothing that could be done
