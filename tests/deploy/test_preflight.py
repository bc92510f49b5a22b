"""Which findings of `moodbox check` stop a deploy on the box."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from tests.deploy.machine import REPOSITORY

CHECK = "from pathlib import Path; import preflight; print(*sorted(preflight.check(Path('release'))))"


def check(tmp_path: Path, part: str) -> subprocess.CompletedProcess[str]:
    """Run preflight.check with a script as systemd-run, which prints one finding of `moodbox check`."""
    finding = {"part": part, "well": False, "what": "damaged"}
    (tmp_path / "systemd-run").write_text(f"#!/bin/sh\necho '{json.dumps([finding])}'\nexit 1\n")
    (tmp_path / "systemd-run").chmod(0o755)
    return subprocess.run(
        [sys.executable, "-c", CHECK],
        capture_output=True,
        text=True,
        check=False,
        cwd=REPOSITORY / "deploy" / "box",
        env=os.environ | {"PATH": f"{tmp_path}:{os.environ['PATH']}"},
    )


@pytest.mark.parametrize("part", ["storage", "camera", "library"])
def test_a_fault_of_the_environment_does_not_stop_the_deploy(tmp_path: Path, part: str) -> None:
    done = check(tmp_path, part)
    assert done.returncode == 0, done.stderr
    assert done.stdout.splitlines()[-1] == part


@pytest.mark.parametrize("part", ["model", "settings"])
def test_a_fault_of_the_release_stops_the_deploy(tmp_path: Path, part: str) -> None:
    done = check(tmp_path, part)
    assert f"`moodbox check` fails: {part}: damaged" in done.stderr


@pytest.mark.parametrize("file", ["deploy/probe.sh", "script/machine", "tests/pi/image/customize"])
def test_the_packages_of_a_deploy_are_the_same_everywhere(file: str) -> None:
    """deploy.sh asks for them, and the test machines, which have no network, keep them."""
    installed = re.search(
        r"^PACKAGES = (\[.+\])$", (REPOSITORY / "deploy/box/preflight.py").read_text(), re.M
    )
    assert installed
    text = (REPOSITORY / file).read_text()
    [named] = re.findall(r"^(?:packages='|deployed='|for package in )([a-z0-9 -]+)", text, re.M)
    # An emulated Pi's system has polkitd itself.
    assert set(json.loads(installed[1])) - {"polkitd"} == set(named.split()) - {
        "polkitd",
        "python3-lgpio",
        "python3-picamera2",
    }
