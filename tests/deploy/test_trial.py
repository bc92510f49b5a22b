"""What a deploy on the box makes of `moodbox check`."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.deploy.machine import REPOSITORY

CHECK = "from pathlib import Path; import trial; print(*sorted(trial.check(Path('release'))))"


def check(tmp_path: Path, part: str) -> subprocess.CompletedProcess[str]:
    """With a stand-in for systemd-run, which answers in the place of a release's `moodbox check`."""
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
def test_what_is_no_releases_fault_does_not_keep_it_off_the_box(tmp_path: Path, part: str) -> None:
    done = check(tmp_path, part)
    assert done.returncode == 0, done.stderr
    assert done.stdout.splitlines()[-1] == part


@pytest.mark.parametrize("part", ["model", "settings"])
def test_what_is_its_fault_does(tmp_path: Path, part: str) -> None:
    done = check(tmp_path, part)
    assert f"`moodbox check` fails: {part}: damaged" in done.stderr
