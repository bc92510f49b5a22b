"""systemd's own tools read the unit; nothing is started here."""

from __future__ import annotations

import re
import shutil
import subprocess
from pathlib import Path

import pytest

import device

SYSTEMD = Path(device.__file__).parent.parent / "systemd"
UNIT = SYSTEMD / "moodbox.service"
NOT_INSTALLED = re.compile(
    r".*: Command /opt/moodbox/current/\S+ is not executable: No such file or directory"
)


def analyze(*words: str | Path) -> subprocess.CompletedProcess[str]:
    """Run systemd-analyze."""
    return subprocess.run(
        ["systemd-analyze", "--no-pager", *map(str, words)],
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )


def exposure_of(unit: Path) -> float:
    """Return how exposed systemd finds a service, from 0 to 10."""
    found = analyze("security", "--offline=yes", unit).stdout
    exposure = re.search(rf"Overall exposure level for {re.escape(unit.name)}: ([\d.]+)", found)
    assert exposure is not None, found
    return float(exposure[1])


def complaints_about(*units: Path) -> list[str]:
    """Return what systemd does not accept in units, but for programs that are not installed here."""
    errors = analyze("verify", "--man=no", *units).stderr.splitlines()
    return [line for line in errors if not NOT_INSTALLED.fullmatch(line)]


def groups_of(users: Path, root: Path) -> dict[str, str]:
    """Let systemd-sysusers create users in an empty system, and return its groups with their members."""
    (root / "etc").mkdir()
    subprocess.run(["systemd-sysusers", f"--root={root}", str(users)], check=True, timeout=60)
    groups = (root / "etc" / "group").read_text()
    return dict(re.findall(r"^([\w-]+):.*:(.*)$", groups, re.MULTILINE))


def version() -> int:
    """Return the version of systemd here."""
    first = analyze("--version").stdout.split()
    return int(re.match(r"\d+", first[1])[0])  # type: ignore[index]


def test_systemd_rates_the_exposure_of_the_unit_as_low() -> None:
    assert exposure_of(UNIT) <= 0.7


def test_systemd_accepts_every_line_of_the_unit() -> None:
    assert complaints_about(UNIT) == []


def test_systemd_reports_an_invalid_line(tmp_path: Path) -> None:
    broken = tmp_path / UNIT.name
    broken.write_text(UNIT.read_text().replace("WatchdogSec=30", "WatchdogSex=30"))
    assert "WatchdogSex" in analyze("verify", "--man=no", broken).stderr


def test_systemd_accepts_the_growing_pause_from_254_on(tmp_path: Path) -> None:
    if version() < 254:
        pytest.skip(f"systemd {version()} has no RestartSteps=: 254 and newer have it")
    shutil.copy(UNIT, tmp_path)
    drop_ins = tmp_path / f"{UNIT.name}.d"
    drop_ins.mkdir()
    shutil.copy(SYSTEMD / "growing-pause.conf", drop_ins)
    assert complaints_about(tmp_path / UNIT.name) == []


def test_the_unit_with_a_strip_is_accepted_and_as_little_exposed(tmp_path: Path) -> None:
    unit = tmp_path / UNIT.name
    strip = (SYSTEMD / "moodbox-strip.conf").read_text().partition("[Service]\n")[2]
    unit.write_text(UNIT.read_text().replace("[Service]\n", f"[Service]\n{strip}", 1))
    assert complaints_about(unit) == []
    assert exposure_of(unit) <= 0.7


def test_systemd_creates_the_user_and_the_groups_of_the_unit(tmp_path: Path) -> None:
    """On an empty system, which has no group gpio yet."""
    file = SYSTEMD / "moodbox.sysusers.conf"
    (tmp_path / "etc").mkdir()
    subprocess.run(["systemd-sysusers", f"--root={tmp_path}", str(file)], check=True, timeout=60)
    users = (tmp_path / "etc" / "passwd").read_text()
    groups = dict(re.findall(r"^(\w+):.*:(.*)$", (tmp_path / "etc" / "group").read_text(), re.MULTILINE))
    assert re.search(r"^moodbox:.*:/var/lib/moodbox:/usr/s?bin/nologin$", users, re.MULTILINE)
    assert groups == {"moodbox": "", "gpio": "moodbox", "video": "moodbox"}


def test_the_unit_has_user_ids_of_its_own_and_a_frozen_kernel_is_reset() -> None:
    assert "\nPrivateUsers=yes\n" in UNIT.read_text()
    [seconds] = re.findall(
        r"^RuntimeWatchdogSec=(\d+)$", (SYSTEMD / "hardware-watchdog.conf").read_text(), re.M
    )
    assert 0 < int(seconds) <= 15  # what a Pi's watchdog can wait
