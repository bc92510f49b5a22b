"""systemd's own tools read the unit of `moodbox home`; nothing is started here."""

from __future__ import annotations

import re
import shlex
import subprocess
from pathlib import Path

import pytest

from tests.systemd.test_unit import SYSTEMD, complaints_about, exposure_of, groups_of

SERVICE = SYSTEMD / "moodbox-home.service"


def test_systemd_rates_the_exposure_as_low() -> None:
    assert exposure_of(SERVICE) <= 1.1


def test_systemd_accepts_every_line() -> None:
    assert complaints_about(SERVICE) == []


def test_systemd_creates_its_user_in_the_boxs_group(tmp_path: Path) -> None:
    assert groups_of(SYSTEMD / "moodbox-home.sysusers.conf", tmp_path) == {
        "moodbox-home": "",
        "moodbox": "moodbox-home",
    }


@pytest.mark.parametrize(
    ("line", "starts"),
    [
        ('broker = "mqtt://host"', True),
        ("broker='mqtt://host'", True),
        ('home.broker = "mqtt://host"', True),
        ('broker = ""', False),
        ('# broker = "mqtt://host"', False),
        ("", False),
    ],
)
def test_nothing_is_started_without_a_broker(tmp_path: Path, line: str, starts: bool) -> None:
    settings = tmp_path / "moodbox.toml"
    settings.write_text(f"[home]\n{line}\n")
    assert (condition(settings, tmp_path) == 0) is starts
    (tmp_path / "announced.json").touch()
    assert condition(settings, tmp_path) == 0  # it is still to be removed from Home Assistant


def condition(settings: Path, state: Path) -> int:
    """The exit code of the unit's condition, for other files than the service's."""
    (line,) = re.findall(r"^ExecCondition=(.*)$", SERVICE.read_text(), re.MULTILINE)
    shell, option, script = shlex.split(line)
    script = script.replace("/etc/moodbox/moodbox.toml", str(settings))
    environment = {"STATE_DIRECTORY": str(state), "PATH": "/usr/bin:/bin"}
    return subprocess.run([shell, option, script], env=environment, check=False, timeout=60).returncode
