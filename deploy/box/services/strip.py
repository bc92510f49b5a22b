"""A strip of lights at an SPI device: moodbox.service may use it only where the settings have one."""

from __future__ import annotations

import contextlib
import grp
import os
import shutil
import stat
import tomllib
from pathlib import Path

from common import CURRENT, NOTHING, SETTINGS, STATE, UNITS, DeployError, delete, install_file, report, run

SET_ON_THE_PAGE = STATE / "settings.toml"
DROP_IN = UNITS / "moodbox.service.d" / "strip.conf"
SOURCE = "systemd/moodbox-strip.conf"
GROUP = "spi"
MAX_BYTES = 2**20


def wanted() -> bool:
    """Tell whether the lights are a strip; what was set on the page counts before the settings file."""
    kinds = (_kind(file) for file in (SET_ON_THE_PAGE, SETTINGS))
    return next((kind for kind in kinds if kind is not None), "leds") == "strip"


def apply() -> None:
    """Do what the settings say, and start the box again.

    Raises:
        DeployError: If the current release knows no strips.
    """
    release = CURRENT.resolve()
    if not (release / SOURCE).exists():
        raise DeployError(NOTHING, "the release on this box knows no strips: deploy this one first")
    keep(release)
    if not wanted():
        report(f'this box has no strip: for one, set kind = "strip" in [panel] of {SETTINGS}')
    elif DROP_IN.exists():
        report("the box may use its strip; `moodbox check` on the box says whether it can")
    run("systemctl", "restart", "moodbox.service", check=False)


def keep(release: Path) -> None:
    """Let a release's service use the strip, or not, as the settings say."""
    if not wanted() or not (release / SOURCE).exists():
        remove()
        return
    try:
        grp.getgrnam(GROUP)
    except KeyError:  # a unit with a group that is missing does not start
        remove()
        report("a strip needs the SPI devices of a Raspberry Pi; this machine has no group spi")
        return
    _switch_spi_on()
    install_file(release / SOURCE, DROP_IN)
    run("systemctl", "daemon-reload")


def remove() -> None:
    """Take the SPI devices from the service. SPI stays on: other programs may use it."""
    if not DROP_IN.exists():
        return
    delete(DROP_IN)
    with contextlib.suppress(OSError):  # it holds another drop-in
        DROP_IN.parent.rmdir()
    run("systemctl", "daemon-reload")


def _switch_spi_on() -> None:
    """Let Raspberry Pi OS write dtparam=spi=on into its config.txt, unless there is an SPI device already."""
    if list(Path("/dev").glob("spidev*")) or not shutil.which("raspi-config"):
        return
    switched = run("raspi-config", "nonint", "do_spi", "0", check=False)
    if switched.returncode:
        report("SPI cannot be switched on: run `sudo raspi-config` there, Interface Options, SPI")
    else:
        report("SPI is switched on; if the strip stays dark, restart the Pi")


def _kind(file: Path) -> str | None:
    """Return the kind of the lights in a settings file; None if it does not say."""
    with contextlib.suppress(OSError, ValueError, AttributeError, RecursionError):
        # The box's user can write one of them: a link or a pipe there must not mislead or stop root.
        number = os.open(file, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
        with os.fdopen(number, "rb") as opened:
            if stat.S_ISREG(os.fstat(number).st_mode):
                kind = tomllib.loads(opened.read(MAX_BYTES).decode("utf-8-sig")).get("panel", {}).get("kind")
                return kind if isinstance(kind, str) else None
    return None
