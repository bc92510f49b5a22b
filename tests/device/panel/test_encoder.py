"""A rotary encoder on gpiozero's mock pins: each stop counts once, whatever its contacts do."""

from __future__ import annotations

import random
import threading
from collections.abc import Iterator, Sequence
from itertools import pairwise
from typing import Literal

import pytest
from gpiozero import Device
from gpiozero.pins.mock import MockFactory

from device.config.settings import Panel
from device.errors import PanelError
from device.panel.encoder import CYCLE, GLITCH_S, Encoder, EncoderDecoder, EncoderEdge

A, B = PINS = (22, 23)
Kind = Literal[2, 4]
KINDS: list[Kind] = [2, 4]  # steps from one stop to the next
SEEDS = range(20)


class Shaft:
    """The encoder's shaft in somebody's hand: changes the levels of the pins, by a clock of its own."""

    def __init__(
        self, monkeypatch: pytest.MonkeyPatch, steps_per_stop: Kind, *, pull_up: bool = True
    ) -> None:
        self.now = 1000.0
        monkeypatch.setattr("gpiozero.pins.mock.monotonic", lambda: self.now)
        Device.pin_factory = MockFactory()
        panel = Panel(volume=PINS, volume_steps_per_stop=steps_per_stop, pull_up=pull_up)
        self.edges: list[EncoderEdge] = []
        self.encoder = Encoder(panel, self.edges.append)
        self.steps_per_stop, self.place, self._pull_up = steps_per_stop, 0, pull_up
        self._pins = [Device.pin_factory.pin(number) for number in PINS]
        self.counted = 0

    def set(self, contact: int, is_closed: bool) -> None:
        """Close or open a contact."""
        high = is_closed is not self._pull_up
        self._pins[contact].drive_high() if high else self._pins[contact].drive_low()

    def step(self, direction: int, seconds: float = 0.003) -> int:
        """Turn by one step. Returns the contact that it has changed."""
        self.now += seconds
        before, self.place = CYCLE[self.place % 4], self.place + direction
        contact = int(CYCLE[self.place % 4][1] != before[1])
        self.set(contact, CYCLE[self.place % 4][contact])
        return contact

    def turn(self, stops: int) -> None:
        """Turn by so many stops."""
        for _ in range(abs(stops) * self.steps_per_stop):
            self.step(1 if stops > 0 else -1)

    def disturb(self, contacts: Sequence[int], times: int, seconds: float) -> None:
        """Change contacts `times` times to their other level and back, within `seconds`."""
        for _ in range(times):
            for closed in (True, False):
                for contact in contacts:
                    self.now += seconds / (2 * times * len(contacts))
                    self.set(contact, closed != CYCLE[self.place % 4][contact])

    def count(self) -> int:
        """The stops that the box has counted since the start, after the shaft has come to rest."""
        decoder = self.encoder.decoder
        self.counted += sum(decoder.on_edge(edge) for edge in self.edges)
        self.edges.clear()
        self.counted += self.encoder.settle()
        return self.counted


@pytest.fixture(params=KINDS)
def shaft(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Iterator[Shaft]:
    made = Shaft(monkeypatch, request.param)
    yield made
    made.encoder.close()
    Device.pin_factory.reset()


def test_a_turn_by_a_stop_counts_one(shaft: Shaft) -> None:
    shaft.turn(1)
    assert shaft.count() == 1
    shaft.turn(-1)
    assert shaft.count() == 0
    shaft.turn(-1)
    assert shaft.count() == -1


def test_less_than_a_stop_counts_nothing(shaft: Shaft) -> None:
    for _ in range(shaft.steps_per_stop - 1):
        shaft.step(1)
    assert shaft.count() == 0
    shaft.step(1)
    assert shaft.count() == 1


@pytest.mark.parametrize("seed", SEEDS)
def test_a_fast_turn_whose_contacts_bounce_counts_each_stop_once(shaft: Shaft, seed: int) -> None:
    rng = random.Random(seed)
    for turn in range(1, 11):
        stops = rng.randint(-12, 12)
        before = shaft.count()
        for _ in range(abs(stops) * shaft.steps_per_stop):
            contact = shaft.step(1 if stops > 0 else -1, seconds=rng.uniform(0.001, 0.003))
            shaft.disturb([contact], rng.randint(0, 12), seconds=rng.uniform(1e-6, 1e-3))
        assert shaft.count() == before + stops, turn


@pytest.mark.parametrize("seed", SEEDS)
def test_contacts_that_bounce_for_longer_than_a_glitch_count_each_stop_once(shaft: Shaft, seed: int) -> None:
    rng = random.Random(seed)
    for direction in (1, 1, -1, 1):
        for _ in range(shaft.steps_per_stop):
            shaft.disturb([shaft.step(direction, seconds=0.05)], rng.randint(1, 5), seconds=0.03)
    assert shaft.count() == 2


@pytest.mark.parametrize("seed", SEEDS)
def test_a_turn_that_hesitates_and_reverses_counts_the_stops_that_it_ends_on(shaft: Shaft, seed: int) -> None:
    rng = random.Random(seed)
    for _ in range(200):
        shaft.step(rng.choice((1, 1, -1)))
    while shaft.place % shaft.steps_per_stop:
        shaft.step(-1)
    assert shaft.count() == shaft.place // shaft.steps_per_stop


@pytest.mark.parametrize("seed", SEEDS)
def test_glitches_on_a_long_cable_count_nothing(shaft: Shaft, seed: int) -> None:
    """Spikes on one pin and, as cables couple, on both: those on both look like a whole turn."""
    rng = random.Random(seed)
    for _ in range(100):
        shaft.now += rng.uniform(0.001, 0.1)
        shaft.disturb(rng.choice(([0], [1], [0, 1], [1, 0])), 1, seconds=rng.uniform(1e-6, GLITCH_S / 2))
    assert shaft.count() == 0


@pytest.mark.parametrize("seed", SEEDS)
def test_glitches_during_a_turn_cost_no_stop(shaft: Shaft, seed: int) -> None:
    rng = random.Random(seed)
    for direction in (1, -1, 1, 1):
        for _ in range(3 * shaft.steps_per_stop):
            shaft.step(direction)
            shaft.now += 0.0006
            shaft.disturb(rng.choice(([0], [1], [0, 1])), 1, seconds=GLITCH_S / 2)
    assert shaft.count() == 6


def test_a_lost_last_edge_is_made_good_by_the_level_of_the_pin(shaft: Shaft) -> None:
    shaft.turn(1)
    shaft.edges.pop()
    assert shaft.count() == 1


def test_an_edge_without_a_change_counts_nothing(shaft: Shaft) -> None:
    for contact in (0, 1):
        shaft.edges.append(EncoderEdge(contact, True, shaft.now))
        shaft.now += 1
    assert shaft.count() == 0
    shaft.turn(3)
    assert shaft.count() == 3


@pytest.mark.parametrize("steps_per_stop", KINDS)
def test_edges_that_a_busy_box_handles_late_count_the_same(steps_per_stop: int) -> None:
    decoder = EncoderDecoder(steps_per_stop)
    levels = [CYCLE[n % 4] for n in range(8 * steps_per_stop + 1)]
    edges = [
        EncoderEdge(int(after[1] != before[1]), after[int(after[1] != before[1])], 0.002 * n)
        for n, (before, after) in enumerate(pairwise(levels))
    ]
    assert sum(decoder.on_edge(edge) for edge in edges) + decoder.settle(levels[-1]) == 8


def test_an_encoder_to_3v3_turns_the_same_way(monkeypatch: pytest.MonkeyPatch) -> None:
    shaft = Shaft(monkeypatch, 4, pull_up=False)
    shaft.turn(2)
    assert shaft.count() == 2


def test_an_encoder_that_nobody_turns_has_no_thread(monkeypatch: pytest.MonkeyPatch) -> None:
    before = set(threading.enumerate())
    Shaft(monkeypatch, 4)
    assert set(threading.enumerate()) <= before  # one of another test may have ended


def test_a_pin_that_is_taken_leaves_the_other_one_free(monkeypatch: pytest.MonkeyPatch) -> None:
    shaft = Shaft(monkeypatch, 4)
    with pytest.raises(PanelError, match="GPIO22 is already in use"):
        Encoder(Panel(volume=(24, A)), shaft.edges.append)
    with pytest.raises(PanelError, match="GPIO23 is already in use"):
        Encoder(Panel(volume=(24, B)), shaft.edges.append)  # not: GPIO24
