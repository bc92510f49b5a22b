"""What every change leaves whole: one command makes a box of a machine, and it plays after a reboot too."""

from __future__ import annotations

import re

import pytest

from tests.deploy.machine import Machine, Source, eventually

pytestmark = pytest.mark.smoke


def plays(machine: Machine) -> bool:
    status = machine.status()
    return status.get("playing") == "play" and status["mood"] == "happy" and status["trouble"] == {}


def test_one_deploy_makes_a_box_that_plays_and_plays_again_after_a_reboot(
    furnished: Machine, source: Source
) -> None:
    said = source.deploy(furnished)
    assert re.search(r"^moodbox: well: the box runs \S+", said, re.MULTILINE)
    eventually(lambda: plays(furnished), 60)

    furnished.reboot()
    eventually(lambda: plays(furnished), 60)
    print(f"$ sudo reboot\n$ sudo moodbox status\n{furnished.run('sudo moodbox status')}")
