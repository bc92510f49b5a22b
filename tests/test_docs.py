"""What the pages in docs/ say of tests and pins is so."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from gpiozero.pins.pi import PiBoardInfo

from device.config.settings import Panel

ROOT = Path(__file__).parents[1]
ROWS = [
    [cell.strip() for cell in line.strip("|").split("|")]
    for line in (ROOT / "docs" / "faults.md").read_text().splitlines()
    if line.startswith("| ") and not line.startswith("| fault ")
]
PI_4 = PiBoardInfo.from_revision(0xC03111)


def test_there_are_faults() -> None:
    assert len(ROWS) >= 25


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row[0])
def test_each_fault_names_tests_that_there_are(row: list[str]) -> None:
    fault, seen, lost, well, tests = row
    assert all((fault, seen, lost, well))
    named = re.findall(r"`(tests/[\w/]+\.py)::(\w+)`", tests)
    assert len(named) == tests.count("`") / 2 >= 1
    for file, name in named:
        assert re.search(rf"^def {name}\(", (ROOT / file).read_text(), re.MULTILINE), f"{file}: no {name}"


@pytest.mark.parametrize("gpio", [*Panel().leds.values(), Panel().button])
def test_the_wiring_is_drawn_at_the_pins_of_the_settings(gpio: int) -> None:
    pin = next(pin for pin in PI_4.headers["J8"].pins.values() if pin.name == f"GPIO{gpio}")
    assert f">GPIO {gpio}, pin {pin.number}<" in (ROOT / "docs" / "wiring.svg").read_text()


def test_the_wires_to_ground_end_at_ground() -> None:
    drawn = re.findall(r">ground, pin (\d+)<", (ROOT / "docs" / "wiring.svg").read_text())
    assert len(drawn) == 2
    assert {PI_4.headers["J8"].pins[int(pin)].name for pin in drawn} == {"GND"}
