"""Everything before the switch to a release: packages, user, settings, units, and its `moodbox check`."""

from __future__ import annotations

import contextlib
import grp
import json
import os
import re
import subprocess
import tomllib
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import streams
from common import (
    APT,
    CURRENT,
    GROUP,
    RELEASES,
    SETTINGS,
    UNHEALTHY,
    UNITS,
    DeployError,
    health_check_timeout_s,
    install_file,
    report,
    run,
)
from sandbox import properties

COMMAND = Path("/usr/local/bin/moodbox")
USERS = Path("/etc/sysusers.d/moodbox.conf")
SETTINGS_MODE = 0o640  # they may hold MPD's password; the box's group may read them
OWN_UNITS = ("moodbox.service", "moodbox-back.service")
POWER_RULES = Path("/etc/polkit-1/rules.d/moodbox.rules")
RESTART_DROP_IN = UNITS / "moodbox.service.d" / "growing-pause.conf"

WATCHDOG = Path("/etc/systemd/system.conf.d/moodbox-watchdog.conf")
NO_SUCH_PROPERTY = ("Unknown assignment", "Failed to parse", "Failed to set")

PACKAGES = ["python3-venv", "python3-systemd", "mpd", "mpc", "polkitd"]
PI_PACKAGES = ["python3-lgpio", "python3-picamera2"]  # only Raspberry Pi OS has them

RASPBERRY_PI_OS = Path("/etc/rpi-issue")
"""Only Raspberry Pi OS has this file; /etc/os-release says Debian."""

OTHER_MACHINES = {"home", "room"}
"""Parts whose fault is mostly that another machine is away, which may have gone just now."""
ENVIRONMENT_PARTS = OTHER_MACHINES | {
    "camera", "panel", "volume", "next", "correct", "player", "library", "storage",
}  # fmt: skip
"""Parts whose faults are reported, but do not stop the deploy: a missing camera is not the release's fault.

storage: the new release repairs a damaged file when it starts, so the fault must not keep it from starting.
"""


def install_packages(more: Sequence[str] = ()) -> None:
    """Install the missing Debian packages.

    Args:
        more: Those that only some boxes need.

    Raises:
        DeployError: If another apt is running, or apt cannot install them.
    """
    missing = missing_packages(more)
    if not missing:
        return
    report(f"installing with apt: {' '.join(missing)}")
    # confold keeps a configuration file that the user has written, such as MPD's.
    apt = ["apt-get", "-y", "-q", "-o", "DPkg::Lock::Timeout=30", "-o", "Dpkg::Options::=--force-confold",
        "--no-install-recommends"]  # fmt: skip
    quiet = os.environ | {"DEBIAN_FRONTEND": "noninteractive"}
    install = run(*apt, "install", *missing, check=False, env=quiet)
    if install.returncode and "lock" not in install.stderr:
        run(*apt, "update", check=False, env=quiet)  # the package lists may be old or missing
        install = run(*apt, "install", *missing, check=False, env=quiet)
    if install.returncode == 0:
        return
    if "Could not get lock" in install.stderr or "Unable to acquire" in install.stderr:
        raise DeployError(APT, "apt is busy on the box (with its own updates?): try again in a few minutes")
    reasons = [line for line in install.stderr.splitlines() if line.startswith("E:")] or ["no reason given"]
    raise DeployError(
        APT, f"apt cannot install {' '.join(missing)} ({reasons[0]}): is the box connected to the internet?"
    )


def missing_packages(more: Sequence[str] = ()) -> list[str]:
    """Return those of the box's Debian packages, and of `more`, that are not installed."""
    wanted = [*PACKAGES, *(PI_PACKAGES if RASPBERRY_PI_OS.exists() else []), *more]
    return [package for package in wanted if not _installed(package)]


def _installed(package: str) -> bool:
    return run("dpkg-query", "-W", "-f", "${db:Status-Status}", package, check=False).stdout == "installed"


def create_user(release: Path) -> None:
    """Create the user moodbox with its groups, and let it switch the machine off."""
    install_file(release / "systemd/moodbox.sysusers.conf", USERS)
    run("systemd-sysusers", USERS)
    install_file(release / "systemd/moodbox.rules", POWER_RULES)  # polkitd notices it without a restart
    if person := os.environ.get("SUDO_USER"):
        run("usermod", "--append", "--groups", "moodbox", person)  # for `moodbox status` without sudo


def install_settings(release: Path, previous: str | None, *, may_stream: bool = False) -> None:
    """Install the default settings on the first deploy; later, keep the file and report new keys.

    The file stays even if nobody has changed it: a rollback starts an older release, which does not know the
    keys of a newer one.
    """
    new = release / "deploy/moodbox.toml"
    group = grp.getgrnam(GROUP).gr_gid
    if previous is None and not SETTINGS.exists():
        install_file(new, SETTINGS, mode=SETTINGS_MODE, group=group)
        if may_stream:
            streams.allow_in(SETTINGS)
        return
    if not SETTINGS.exists():
        return  # the user deleted the file, so the defaults apply
    _keep_from_others(SETTINGS, group)
    report(f"keeping {SETTINGS}")
    old = RELEASES / previous / "deploy/moodbox.toml" if previous else None
    if old is None or not old.exists():
        return
    with contextlib.suppress(ValueError, RecursionError):  # `moodbox check` reports it, with the line
        present = set(_keys(tomllib.loads(SETTINGS.read_text("utf-8-sig"))))
        added = set(_keys(tomllib.loads(new.read_text()))) - set(_keys(tomllib.loads(old.read_text())))
        for key in sorted(added - present):
            report(f"  a new setting: {key} ({release}/deploy/moodbox.toml explains it)")


def _keep_from_others(settings: Path, group: int) -> None:
    """Let only root and the box's group read the settings; a file that root does not own stays as it is."""
    file = os.open(settings, os.O_RDONLY | os.O_CLOEXEC)
    try:
        found = os.fstat(file)
        if found.st_uid == os.geteuid() and found.st_mode & 0o004:
            report(f"{settings} may hold a password: from now on only root and the group {GROUP} can read it")
            os.fchown(file, -1, group)
            os.fchmod(file, found.st_mode & 0o770 | SETTINGS_MODE)
    finally:
        os.close(file)


def _keys(table: dict[str, Any], prefix: str = "") -> Iterator[str]:
    for key, value in table.items():
        if isinstance(value, dict):
            yield from _keys(value, f"{prefix}{key}.")
        else:
            yield f"{prefix}{key}"


def check(release: Path) -> set[str]:
    """Run `moodbox check` of a release, and return the environment parts that have a fault.

    Raises:
        DeployError: If the check does not run, or any other part has a fault.
    """
    report("checking the release")
    checked = _run_check(release, properties(release))
    if checked.returncode and checked.stderr.startswith(NO_SUCH_PROPERTY):
        report(f"  without the service's sandbox, which systemd-run does not take: {checked.stderr.strip()}")
        checked = _run_check(
            release, [line for line in properties(release) if line.startswith(("User=", "StateDirectory="))]
        )
    try:
        findings = json.loads(checked.stdout)
    except ValueError:
        last = (checked.stderr.strip().splitlines() or [f"it ended with exit code {checked.returncode}"])[-1]
        raise DeployError(UNHEALTHY, f"`moodbox check` fails: {last}") from None
    faults = {finding["part"]: finding["what"] for finding in findings if not finding["well"]}
    for part, what in faults.items():
        report(f"  {part}: {what}")
    for part, what in faults.items():
        if part not in ENVIRONMENT_PARTS:
            raise DeployError(UNHEALTHY, f"`moodbox check` fails: {part}: {what}")
    return set(faults)


def _run_check(release: Path, sandbox: list[str]) -> subprocess.CompletedProcess[str]:
    """Run `moodbox check` in this sandbox, with a folder of its own in /run: a box may be running."""
    return run("systemd-run", "--quiet", "--wait", "--pipe", "--collect",
        *(f"--property={line}" for line in sandbox),
        "--property=RuntimeDirectory=moodbox-check",
        "--property=WorkingDirectory=/run/moodbox-check",
        # While no box runs, its user's own folder in /run/user is asked for one, which the sandbox hides.
        "--setenv=XDG_RUNTIME_DIR=/run/moodbox-check",
        f"--property=RuntimeMaxSec={health_check_timeout_s()}",
        release / "venv/bin/moodbox", "check", "--json", check=False)  # fmt: skip


def _install_watchdog(release: Path) -> None:
    """Use the machine's watchdog, unless it has none or somebody has chosen how long it waits."""
    found = run("systemctl", "show", "--property=RuntimeWatchdogUSec", "--value", check=False).stdout.strip()
    if Path("/dev/watchdog").exists() and found in ("", "0", "off", "infinity"):
        install_file(release / "systemd/hardware-watchdog.conf", WATCHDOG)


def install_units(release: Path) -> None:
    """Install the systemd units and the command `moodbox`."""
    for unit in OWN_UNITS:
        install_file(release / "systemd" / unit, UNITS / unit)
    version = re.match(r"systemd (\d+)", run("systemctl", "--version").stdout)
    if version and int(version[1]) >= 254:
        install_file(release / "systemd/growing-pause.conf", RESTART_DROP_IN)
    _install_watchdog(release)
    COMMAND.unlink(missing_ok=True)
    COMMAND.symlink_to(CURRENT / "venv/bin/moodbox")


def remove() -> None:
    """Remove the service, its command and its rules; settings and learned data stay."""
    run("systemctl", "disable", "--now", "--quiet", "moodbox.service", check=False)
    for file in (
        *(UNITS / unit for unit in OWN_UNITS),
        RESTART_DROP_IN,
        WATCHDOG,
        COMMAND,
        USERS,
        POWER_RULES,
    ):
        file.unlink(missing_ok=True)
    with contextlib.suppress(OSError):  # the folder holds a drop-in of the user's
        RESTART_DROP_IN.parent.rmdir()
    run("systemctl", "daemon-reload")
    run("systemctl", "reset-failed", "moodbox.service", check=False)
