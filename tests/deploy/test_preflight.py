"""Which findings of `moodbox check` stop a deploy on the box."""

from __future__ import annotations

import importlib
import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from tests.deploy.machine import REPOSITORY

CHECK = (
    "from pathlib import Path; import preflight, sandbox;"
    "preflight.properties = lambda _: sandbox.properties(Path('../..'));"
    "print(*sorted(preflight.check(Path('release'))))"
)


def check(tmp_path: Path, part: str) -> subprocess.CompletedProcess[str]:
    """Run preflight.check with a script as systemd-run, which prints one finding of `moodbox check`."""
    finding = {"part": part, "well": False, "what": "damaged"}
    (tmp_path / "systemd-run").write_text(
        f"#!/bin/sh\nprintf '%s\\n' \"$@\" >{tmp_path}/given\necho '{json.dumps([finding])}'\nexit 1\n"
    )
    (tmp_path / "systemd-run").chmod(0o755)
    return subprocess.run(
        [sys.executable, "-c", CHECK],
        capture_output=True,
        text=True,
        check=False,
        cwd=REPOSITORY / "deploy" / "box",
        env=os.environ | {"PATH": f"{tmp_path}:{os.environ['PATH']}"},
    )


def test_the_check_runs_in_the_sandbox_of_the_unit_and_of_the_owners_drop_ins(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.syspath_prepend(REPOSITORY / "deploy" / "box")
    sandbox = importlib.import_module("sandbox")
    monkeypatch.setattr(sandbox, "UNITS", tmp_path)
    own = sandbox.properties(REPOSITORY)
    assert {"User=moodbox", "PrivateUsers=yes", "ProtectSystem=strict", "CapabilityBoundingSet="} <= set(own)
    assert own.count("SystemCallFilter=@system-service") == 1
    unit = (REPOSITORY / "systemd/moodbox.service").read_text()
    assert set(own) <= set(unit.splitlines())
    assert not [line for line in own if line.startswith(("Exec", "Restart", "Watchdog", "Type", "Timeout"))]
    drop_ins = tmp_path / "moodbox.service.d"
    drop_ins.mkdir()
    (drop_ins / "override.conf").write_text(
        "# mine\n[Service]\nPrivateNetwork=no\nRestrictAddressFamilies=AF_INET \\\n  AF_INET6\n"
        "Environment=A=1\nNice=5\nRestartSec=3\n[Unit]\nUser=nobody\n"
    )
    assert sandbox.properties(REPOSITORY) == [
        *own, "PrivateNetwork=no", "RestrictAddressFamilies=AF_INET    AF_INET6", "Environment=A=1",
    ]  # fmt: skip


def test_the_check_gets_each_line_of_the_sandbox(tmp_path: Path) -> None:
    """The script in place of systemd-run writes down what it was given."""
    check(tmp_path, "camera")
    given = (tmp_path / "given").read_text().splitlines()
    assert "--property=PrivateUsers=yes" in given
    assert "--setenv=XDG_RUNTIME_DIR=/run/moodbox-check" in given
    assert "--property=SystemCallFilter=~@privileged @resources" in given
    assert given.index("--property=User=moodbox") < given.index("release/venv/bin/moodbox")


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
