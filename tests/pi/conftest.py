from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.deploy.machine import REPOSITORY, Source
from tests.pi.box import mpd, wait_until_it_plays
from tests.pi.emulated import EmulatedPi
from tests.pi.provisioning import provision

SUITE = os.environ.get("SUITE", "trixie")


@dataclass(frozen=True)
class Box:
    """An emulated Pi on which deploy.sh has installed moodbox."""

    pi: EmulatedPi
    files_before: str  # moodbox's files and user on the Pi before the deploy
    deploy_output: str


@pytest.fixture(scope="session")
def bare() -> Iterator[EmulatedPi]:
    """Boot a Pi with its owner's wiring, songs and sound card, but without moodbox."""
    with tempfile.TemporaryDirectory(prefix="run.", dir=REPOSITORY / ".pi") as folder:
        pi = EmulatedPi(Path(folder), SUITE)
        try:
            pi.boot()
            provision(pi)
            yield pi
        finally:
            pi.stop()


@pytest.fixture(scope="session")
def box(bare: EmulatedPi, tmp_path_factory: pytest.TempPathFactory) -> Box:
    """Deploy moodbox with one command."""
    list_files = "find /opt /usr/local/bin -mindepth 1; getent passwd moodbox"
    files_before = bare.run(list_files, check=False)
    return Box(bare, files_before, Source(tmp_path_factory.mktemp("pi") / "source").deploy(bare))


@pytest.fixture
def pi(box: Box) -> EmulatedPi:
    """Return a box that plays, whatever state the previous test left."""
    status = box.pi.status()
    if status.get("playing") == "pause":
        mpd(box.pi, "pause 0")
    if status.get("trouble") != {}:
        box.pi.run("sudo systemctl reset-failed moodbox; sudo systemctl restart mpd moodbox", check=False)
    wait_until_it_plays(box.pi)
    return box.pi
