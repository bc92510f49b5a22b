from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.deploy.machine import REPOSITORY, Source
from tests.pi.box import mpd, plays
from tests.pi.emulated import EmulatedPi
from tests.pi.furniture import furnish

SUITE = os.environ.get("SUITE", "trixie")


@dataclass(frozen=True)
class Box:
    pi: EmulatedPi
    before: str  # what lay there before moodbox came
    deploy: str  # what deploy.sh said


@pytest.fixture(scope="session")
def bare() -> Iterator[EmulatedPi]:
    """Up, with the wiring, the songs and the sound card of its owner; it never saw moodbox."""
    with tempfile.TemporaryDirectory(prefix="run.", dir=REPOSITORY / ".pi") as folder:
        pi = EmulatedPi(Path(folder), SUITE)
        try:
            pi.boot()
            furnish(pi)
            yield pi
        finally:
            pi.stop()


@pytest.fixture(scope="session")
def box(bare: EmulatedPi, tmp_path_factory: pytest.TempPathFactory) -> Box:
    """With moodbox, by one command."""
    traces = "find /opt /usr/local/bin -mindepth 1; getent passwd moodbox"
    before = bare.run(traces, check=False)
    return Box(bare, before, Source(tmp_path_factory.mktemp("pi") / "source").deploy(bare))


@pytest.fixture
def pi(box: Box) -> EmulatedPi:
    """A box that plays, whatever the test before has left."""
    status = box.pi.status()
    if status.get("playing") == "pause":
        mpd(box.pi, "pause 0")
    if status.get("trouble") != {}:
        box.pi.run("sudo systemctl reset-failed moodbox; sudo systemctl restart mpd moodbox", check=False)
    plays(box.pi)
    return box.pi
