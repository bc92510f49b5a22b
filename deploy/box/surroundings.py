"""What a release needs around it: Debian's packages, its user, its settings, its units."""

from __future__ import annotations

import contextlib
import os
import re
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from common import APT, CURRENT, RELEASES, SETTINGS, UNITS, DeployError, put, run, say

COMMAND = Path("/usr/local/bin/moodbox")
USERS = Path("/etc/sysusers.d/moodbox.conf")
OWN_UNITS = ("moodbox.service", "moodbox-back.service")
POWER = Path("/etc/polkit-1/rules.d/moodbox.rules")
PAUSE = UNITS / "moodbox.service.d" / "growing-pause.conf"

PACKAGES = ["python3-venv", "python3-systemd", "mpd", "polkitd"]
PI_PACKAGES = ["python3-lgpio", "python3-picamera2"]  # only Raspberry Pi OS has them


def install_packages() -> None:
    wanted = PACKAGES + (PI_PACKAGES if os.uname().machine == "aarch64" else [])
    missing = [package for package in wanted if not _installed(package)]
    if not missing:
        return
    say(f"installing with apt: {' '.join(missing)}")
    # A configuration file that a person has written (MPD's) is kept.
    apt = ["apt-get", "-y", "-q", "-o", "DPkg::Lock::Timeout=30", "-o", "Dpkg::Options::=--force-confold",
        "--no-install-recommends"]  # fmt: skip
    quiet = os.environ | {"DEBIAN_FRONTEND": "noninteractive"}
    install = run(*apt, "install", *missing, check=False, env=quiet)
    if install.returncode and "lock" not in install.stderr:
        run(*apt, "update", check=False, env=quiet)  # the lists may be old, or were never fetched
        install = run(*apt, "install", *missing, check=False, env=quiet)
    if install.returncode == 0:
        return
    if "Could not get lock" in install.stderr or "Unable to acquire" in install.stderr:
        raise DeployError(APT, "apt is busy on the box (with its own updates?): try again in a few minutes")
    why = [line for line in install.stderr.splitlines() if line.startswith("E:")] or ["no reason given"]
    raise DeployError(APT, f"apt cannot install {' '.join(missing)} ({why[0]}): has the box internet?")


def _installed(package: str) -> bool:
    return run("dpkg-query", "-W", "-f", "${db:Status-Status}", package, check=False).stdout == "installed"


def make_user(release: Path) -> None:
    put(release / "systemd/moodbox.sysusers.conf", USERS)
    run("systemd-sysusers", USERS)
    put(release / "systemd/moodbox.rules", POWER)  # polkitd sees it at once
    if person := os.environ.get("SUDO_USER"):
        run("usermod", "--append", "--groups", "moodbox", person)  # to ask the box


def keep_settings(release: Path, before: str | None) -> None:
    """What is there stays, even if nobody has changed it: an older release, which does not know a newer one's
    keys, may have to run again. Keys that are new in this release are pointed out.
    """
    new = release / "deploy/moodbox.toml"
    if before is None and not SETTINGS.exists():
        put(new, SETTINGS)
        return
    if not SETTINGS.exists():
        return  # somebody is content with the defaults
    say(f"keeping {SETTINGS}")
    old = RELEASES / before / "deploy/moodbox.toml" if before else None
    if old is None or not old.exists():
        return
    with contextlib.suppress(tomllib.TOMLDecodeError):  # the check will say so, and better
        mine = set(_keys(tomllib.loads(SETTINGS.read_text())))
        added = set(_keys(tomllib.loads(new.read_text()))) - set(_keys(tomllib.loads(old.read_text())))
        for key in sorted(added - mine):
            say(f"  a new setting: {key} ({release}/deploy/moodbox.toml explains it)")


def _keys(table: dict[str, Any], above: str = "") -> Iterator[str]:
    for key, value in table.items():
        if isinstance(value, dict):
            yield from _keys(value, f"{above}{key}.")
        else:
            yield f"{above}{key}"


def install_units(release: Path) -> None:
    for unit in OWN_UNITS:
        put(release / "systemd" / unit, UNITS / unit)
    known = re.match(r"systemd (\d+)", run("systemctl", "--version").stdout)
    if known and int(known[1]) >= 254:
        put(release / "systemd/growing-pause.conf", PAUSE)
    COMMAND.unlink(missing_ok=True)
    COMMAND.symlink_to(CURRENT / "venv/bin/moodbox")


def remove() -> None:
    """All but the settings and what the box remembers, which a person may want again."""
    run("systemctl", "disable", "--now", "--quiet", "moodbox.service", check=False)
    for file in (*(UNITS / unit for unit in OWN_UNITS), PAUSE, COMMAND, USERS, POWER):
        file.unlink(missing_ok=True)
    with contextlib.suppress(OSError):  # a drop-in of a person's own is in it
        PAUSE.parent.rmdir()
    run("systemctl", "daemon-reload")
    run("systemctl", "reset-failed", "moodbox.service", check=False)
