"""An error that ends a running box is moodbox's own, whatever its type: systemd has to start it again."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from device.demo.server import PrivateMpd
from device.supervision import EXIT_INTERNAL_ERROR
from tests.device.box.test_endings import failing
from tests.device.failing import ERRORS


@pytest.mark.parametrize("error", ERRORS)
@pytest.mark.parametrize("where", ["loop", "closing"])
def test_an_error_in_the_loop_or_while_the_parts_are_closed_ends_with_70_and_dark(
    settings_file: Path, library: PrivateMpd, where: str, error: str
) -> None:
    with failing(f"{where}:{error}", settings_file) as box:
        lights, log = box.communicate(timeout=60)
    assert box.returncode == EXIT_INTERNAL_ERROR, log
    assert json.loads(lights) == [0, 0, 0]
    assert f"{error}: " in log


def test_what_keeps_a_box_from_starting_keeps_its_own_exit_code(tmp_path: Path) -> None:
    settings = tmp_path / "moodbox.toml"
    settings.write_text(f'[service]\nsocket = "{tmp_path}/file/control.sock"\n')
    (tmp_path / "file").touch()
    done = subprocess.run(
        [sys.executable, "-m", "device", "run", "--settings", settings],
        capture_output=True, text=True, check=False, timeout=60,
    )  # fmt: skip
    assert done.returncode == 1
    assert "Traceback" not in done.stderr
