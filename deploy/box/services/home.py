"""Home Assistant: the unit is always installed, and runs only while a broker is set in the settings."""

from __future__ import annotations

from pathlib import Path

from common import CURRENT, UNITS, delete, install_file, run

SERVICE = UNITS / "moodbox-home.service"
USERS = Path("/etc/sysusers.d/moodbox-home.conf")
STATE = Path("/var/lib/moodbox-home")


def install(release: Path) -> None:
    """Install a release's unit, and start it anew; without a broker it ends at once."""
    if not (release / "systemd" / SERVICE.name).exists():
        _remove_unit()
        return
    install_file(release / "systemd" / USERS.name.replace(".conf", ".sysusers.conf"), USERS)
    run("systemd-sysusers", USERS)
    install_file(release / "systemd" / SERVICE.name, SERVICE)
    run("systemctl", "daemon-reload")
    run("systemctl", "enable", "--quiet", SERVICE.name)
    run("systemctl", "reset-failed", SERVICE.name, check=False)
    run("systemctl", "restart", "--no-block", SERVICE.name)


def remove() -> None:
    """Remove the unit, and the box from Home Assistant, if its broker can be reached."""
    run("systemctl", "stop", SERVICE.name, check=False)
    if (STATE / "announced.json").exists():
        python = CURRENT / "venv/bin/python"
        run(python, "-I", "-m", "home", "--remove", "--state", STATE, check=False)
    _remove_unit()


def _remove_unit() -> None:
    run("systemctl", "disable", "--now", "--quiet", SERVICE.name, check=False)
    for file in (SERVICE, USERS):
        delete(file)
    run("systemctl", "daemon-reload")
