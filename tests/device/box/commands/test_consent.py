"""Somebody at the box says yes by its button, and nobody else does."""

from __future__ import annotations

import threading
from queue import SimpleQueue
from typing import Any

import pytest

from device.box.commands import consent
from device.config.settings import Settings
from device.control import page_commands as page
from device.control.client import ask
from device.control.command import Command
from device.demo.harness import Harness
from device.errors import ServiceError
from device.panel.lights import Indication
from tests.device.box.helpers import PictureSequence, plays, shows


def asked_for(settings: Settings, what: Any) -> SimpleQueue[Any]:
    """Ask on another thread; its reply, or the error, comes into the queue."""
    replies: SimpleQueue[Any] = SimpleQueue()

    def run() -> None:
        try:
            replies.put(ask(settings.service.socket_path(), page.Allow(what=what)))
        except ServiceError as error:
            replies.put(str(error))

    threading.Thread(target=run, daemon=True).start()
    return replies


def request(settings: Settings, command: Command) -> Any:
    return ask(settings.service.socket_path(), command)


@pytest.fixture
def box(harness: Harness) -> Harness:
    """A box that has looked once, and plays."""
    plays(harness, "Disco")
    shows(harness, Indication.MOOD)
    return harness


def test_a_press_says_yes_and_starts_no_look(
    box: Harness, settings: Settings, camera: PictureSequence
) -> None:
    replies = asked_for(settings, "pair")
    shows(box, Indication.CONSENT)
    box.press()
    assert replies.get(timeout=60) == {"ok": True}
    shows(box, Indication.MOOD)
    assert camera.opened == 1
    box.press()  # and the next one is a press again
    assert box.wait_for_observation(60)


def test_without_a_press_the_answer_is_no(
    box: Harness, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(consent, "CONSENT_S", 0.2)
    assert "nobody has pressed" in asked_for(settings, "pair").get(timeout=60)
    shows(box, Indication.MOOD)


def test_the_command_pair_says_yes_in_place_of_the_button(box: Harness, settings: Settings) -> None:
    with pytest.raises(ServiceError, match="no browser asks: press Start on its page first"):
        request(settings, page.Pair())
    replies = asked_for(settings, "pair")
    shows(box, Indication.CONSENT)
    assert request(settings, page.Pair()) == {"ok": True}
    assert replies.get(timeout=60) == {"ok": True}


def test_a_press_that_comes_over_the_socket_says_nothing(box: Harness, settings: Settings) -> None:
    replies = asked_for(settings, "pair")
    shows(box, Indication.CONSENT)
    ask(settings.service.socket_path(), "press")
    shows(box, Indication.CONSENT)
    assert replies.empty()
    box.press()
    assert replies.get(timeout=60) == {"ok": True}


def test_one_question_at_a_time(box: Harness, settings: Settings) -> None:
    first = asked_for(settings, "pair")
    shows(box, Indication.CONSENT)
    with pytest.raises(ServiceError, match="somebody else is asking"):
        request(settings, page.Allow(what="aim"))
    box.press()
    assert first.get(timeout=60) == {"ok": True}
