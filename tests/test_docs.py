"""What the pages say of tests, files, links and pins is true."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from gpiozero.pins.pi import PiBoardInfo

from device.config.settings import Panel

ROOT = Path(__file__).parents[1]
ROWS = [
    [cell.strip() for cell in line.strip("|").split("|")]
    for line in (ROOT / "docs" / "faults.md").read_text().partition("## Each fault")[2].splitlines()
    if line.startswith("| ") and not line.startswith("| fault ")
]
PAGES = sorted(
    [
        *ROOT.glob("*.md"),
        *ROOT.glob("docs/*.md"),
        *ROOT.glob("docs/decisions/*.md"),
        *ROOT.glob("models/*.md"),
    ]
)
FOLDERS = "device|converter|window|home|deploy|tests|script|systemd|models|lock|docs"
PI_4 = PiBoardInfo.from_revision(0xC03111)


def test_there_are_faults() -> None:
    assert len(ROWS) >= 50


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row[0])
def test_each_fault_names_tests_that_there_are(row: list[str]) -> None:
    *cells, tests = row
    assert len(cells) == 4
    assert all(cells)
    named = re.findall(r"`(tests/[\w/]+\.py)::(\w+)`", tests)
    assert len(named) == tests.count("`") / 2 >= 1
    for file, name in named:
        assert re.search(rf"^def {name}\(", (ROOT / file).read_text(), re.MULTILINE), f"{file}: no {name}"


def anchors(page: Path) -> set[str]:
    """Return what links may name after `#`, as GitHub makes it of the headings."""
    headings = re.findall(r"^#+ (.+)$", page.read_text(), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_links_between_pages_lead_somewhere(page: Path) -> None:
    for target in re.findall(r"\]\(([^)\s]+)\)", page.read_text()):
        if not re.match(r"[a-z]+:", target):
            path, _, anchor = target.partition("#")
            linked = (page.parent / path).resolve() if path else page
            assert linked.exists(), f"{target}: not there"
            assert not anchor or anchor in anchors(linked), f"{target}: no such heading"


# CHANGELOG.md and models/RUNS.md name files that were there once.
@pytest.mark.parametrize("page", sorted((ROOT / "docs").rglob("*.md")), ids=lambda page: page.name)
def test_files_that_a_page_names_are_there(page: Path) -> None:
    named = re.findall(rf"`((?:{FOLDERS})/[\w./-]*)`", page.read_text())
    assert not [file for file in named if not (ROOT / file).exists()]


@pytest.mark.parametrize(
    ("drawing", "gpio"),
    [("wiring.svg", gpio) for gpio in (*Panel().leds.values(), Panel().button)]
    + [("wiring-rgb.svg", gpio) for gpio in (*Panel().rgb, Panel().button)],
)
def test_the_wiring_is_drawn_at_the_pins_of_the_settings(drawing: str, gpio: int) -> None:
    pin = next(pin for pin in PI_4.headers["J8"].pins.values() if pin.name == f"GPIO{gpio}")
    assert f">GPIO {gpio}, pin {pin.number}<" in (ROOT / "docs" / drawing).read_text()


@pytest.mark.parametrize("drawing", ["wiring.svg", "wiring-rgb.svg"])
def test_the_wires_to_ground_end_at_ground(drawing: str) -> None:
    drawn = re.findall(r">ground, pin (\d+)<", (ROOT / "docs" / drawing).read_text())
    assert len(drawn) == 2
    assert {PI_4.headers["J8"].pins[int(pin)].name for pin in drawn} == {"GND"}
