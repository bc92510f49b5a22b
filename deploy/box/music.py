"""MPD's configuration: the box's own replaces Debian's, but never one that somebody has changed."""

from __future__ import annotations

import contextlib
import hashlib
import re
from pathlib import Path

from common import ROOT, UNITS, install_file, report, run

CONFIGURATION = Path("/etc/mpd.conf")
DEBIAN_COPY = Path("/etc/mpd.conf.before-moodbox")
"""Debian's configuration, which `remove` restores."""
DEPLOYED_COPY = ROOT / "mpd.conf"
"""What the last deploy installed: a configuration with this content was not changed by anybody."""
LOOPBACK = UNITS / "mpd.socket.d" / "moodbox.conf"


def configure_mpd(release: Path) -> None:
    """Install the configuration of a release, and start MPD. The deploy goes on if MPD does not start."""
    new = release / "deploy/mpd.conf"
    if _same(CONFIGURATION, new):
        pass
    elif _same(CONFIGURATION, DEPLOYED_COPY) or _is_debians():
        report("configuring MPD")
        if _is_debians():
            install_file(CONFIGURATION, DEBIAN_COPY)
        # The configuration comes last: a deploy that was cut off before it repeats these steps.
        install_file(new, DEPLOYED_COPY)
        install_file(release / "systemd/mpd-loopback.conf", LOOPBACK)
        install_file(new, CONFIGURATION)
        _restart_socket()
    else:
        report(f"keeping {CONFIGURATION}, which somebody has changed")
    run("systemctl", "enable", "--now", "--quiet", "mpd.socket", check=False)
    # MPD's first start is its slowest, and `moodbox check` would report that MPD does not answer.
    run("systemctl", "start", "mpd.service", check=False)


def restore_mpd() -> None:
    """Restore Debian's configuration, unless somebody has changed the deployed one."""
    if _same(CONFIGURATION, DEPLOYED_COPY) and DEBIAN_COPY.exists():
        DEBIAN_COPY.replace(CONFIGURATION)
    if LOOPBACK.exists():
        LOOPBACK.unlink()
        with contextlib.suppress(OSError):  # the folder holds a drop-in of the user's
            LOOPBACK.parent.rmdir()
        _restart_socket()


def _restart_socket() -> None:
    run("systemctl", "daemon-reload")
    run("systemctl", "stop", "mpd.socket", "mpd.service", check=False)
    run("systemctl", "start", "mpd.socket", check=False)


def _is_debians() -> bool:
    """Compare with the checksum that dpkg keeps of each configuration file it unpacked."""
    conffiles = run("dpkg-query", "-W", "-f", "${Conffiles}", "mpd", check=False).stdout
    known = re.search(rf"^ {CONFIGURATION} ([0-9a-f]{{32}})", conffiles, re.MULTILINE)
    found = CONFIGURATION.read_bytes() if CONFIGURATION.exists() else b""
    return known is not None and known[1] == hashlib.md5(found, usedforsecurity=False).hexdigest()


def _same(first: Path, second: Path) -> bool:
    return first.exists() and second.exists() and first.read_bytes() == second.read_bytes()
