"""The most important test of a deploy: one command installs a box, and it plays again after a reboot."""

from __future__ import annotations

import re

import pytest

from tests.deploy.machine import Machine, Source, eventually

pytestmark = pytest.mark.smoke


def plays(machine: Machine) -> bool:
    """Tell whether the box plays the mood of its picture, and reports no fault."""
    status = machine.status()
    return status.get("playing") == "play" and status["mood"] == "happy" and status["trouble"] == {}


def test_a_box_plays_after_one_deploy_and_again_after_a_reboot(furnished: Machine, source: Source) -> None:
    output = source.deploy(furnished)
    assert re.search(r"^moodbox: healthy: the box runs \S+", output, re.MULTILINE)
    eventually(lambda: plays(furnished), 60)

    furnished.reboot()
    eventually(lambda: plays(furnished), 60)
    print(f"$ sudo reboot\n$ sudo moodbox status\n{furnished.run('sudo moodbox status')}")
