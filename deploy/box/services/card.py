"""The units that read the boot partition of a card that deploy/card.sh has made."""

from __future__ import annotations

from pathlib import Path

from common import UNITS, delete, install_file, run

READER, INSTALLER = UNITS / "moodbox-card.service", UNITS / "moodbox-first-boot.service"


def keep(release: Path) -> None:
    """Install a release's units, if the box was made from a card."""
    for unit in (READER, INSTALLER):
        if unit.exists() and (release / "systemd" / unit.name).exists():
            install_file(release / "systemd" / unit.name, unit)


def remove() -> None:
    """Remove the units; the WLAN stays."""
    run("systemctl", "disable", "--quiet", READER.name, INSTALLER.name, check=False)
    for unit in (READER, INSTALLER):
        delete(unit)
