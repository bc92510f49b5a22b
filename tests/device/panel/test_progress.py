"""The lights while the box is installed."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from gpiozero import Device
from gpiozero.pins.mock import MockFactory, MockPWMPin

from device.config import reading
from device.config.settings import Panel
from device.mood import Mood
from device.panel import progress


@pytest.fixture(autouse=True)
def pins() -> Iterator[MockFactory]:
    Device.pin_factory = MockFactory(pin_class=MockPWMPin)
    yield Device.pin_factory
    Device.pin_factory.reset()


class Input:
    """Standard input that notes, after each line, how bright the lights are."""

    def __init__(self, text: str, factory: MockFactory) -> None:
        self._lines = text.splitlines(keepends=True)
        self._factory = factory
        self.levels: list[list[float]] = []

    def __iter__(self) -> Iterator[str]:
        for line in self._lines:
            yield line
            self.levels.append([float(self._factory.pin(pin).state) for pin in Panel().leds.values()])


def test_each_line_is_shown_until_the_next_one_and_then_it_is_dark(
    pins: MockFactory, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(reading, "DEFAULT_FILE", tmp_path / "moodbox.toml")
    asked = Input("mood sad\nmood neutral\nheld\n", pins)
    monkeypatch.setattr(sys, "stdin", asked)
    progress.main(tmp_path / "nowhere.toml")
    moods = list(Panel().leds)
    alone = {mood: [float(each is mood) for each in moods] for mood in moods}
    assert asked.levels == [alone[Mood.SAD], alone[Mood.NEUTRAL], [1.0, 1.0, 1.0]]
    assert all(pins.pin(pin).state in (0, None) for pin in Panel().leds.values())


def test_wrong_settings_leave_the_lights_where_they_are_by_default(
    pins: MockFactory, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    (tmp_path / "moodbox.toml").write_text("[panel\n")
    asked = Input("mood sad\n", pins)
    monkeypatch.setattr(sys, "stdin", asked)
    progress.main(tmp_path / "moodbox.toml")
    assert sum(asked.levels[0]) == 1.0


def test_the_pins_are_those_of_the_settings_that_come(
    pins: MockFactory, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    (tmp_path / "card.toml").write_text("[panel.leds]\nhappy = 20\nneutral = 21\nsad = 26\n")
    lit: list[float] = []

    def lines() -> Iterator[str]:
        yield "mood sad\n"
        lit.append(float(pins.pin(26).state))

    monkeypatch.setattr(sys, "stdin", lines())
    progress.main(tmp_path / "card.toml")
    assert lit == [1.0]


def test_a_box_to_come_that_is_dimmed_is_dim_from_the_start(
    pins: MockFactory, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    (tmp_path / "card.toml").write_text("[panel]\nbrightness = 0.5\n")
    asked = Input("mood sad\n", pins)
    monkeypatch.setattr(sys, "stdin", asked)
    progress.main(tmp_path / "card.toml")
    assert sum(asked.levels[0]) == pytest.approx(0.184, abs=0.0005)
