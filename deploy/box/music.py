"""MPD's configuration and its music folder, as the box needs them; what somebody has changed stays."""

from __future__ import annotations

import contextlib
import grp
import hashlib
import os
import pwd
import re
from pathlib import Path

import streams
from common import GROUP, NOTHING, ROOT, UNITS, DeployError, install_file, report, run

CONFIGURATION = Path("/etc/mpd.conf")
DEBIAN_COPY = Path("/etc/mpd.conf.before-moodbox")
"""Debian's configuration, which `remove` restores."""
DEPLOYED_COPY = ROOT / "mpd.conf"
"""What the last deploy installed: a configuration with this content was not changed by anybody."""
LOOPBACK = UNITS / "mpd.socket.d" / "moodbox.conf"
OPENED = UNITS / "mpd.socket.d" / "moodbox.open.conf"
"""A drop-in that is read after LOOPBACK, by its name, and replaces its list."""
OPENED_TEXT = """\
# Lets MPD's clients in the network in, without a password. deploy/deploy.sh --close-mpd HOST deletes it.
[Socket]
ListenStream=
ListenStream=%t/mpd/socket
ListenStream=6600
"""
MUSIC = Path("/var/lib/mpd/music")
SHARED = 0o2770
"""Mode bits that let a group write in a folder, and give what is new in it to that group, too."""


def configure_mpd(release: Path, *, may_stream: bool) -> None:
    """Install the configuration of a release, and start MPD. The deploy goes on if MPD does not start.

    Args:
        release: Its folder.
        may_stream: Whether MPD may fetch streams from the network.
    """
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
    if streams.configure(release, CONFIGURATION, streams=may_stream):
        _restart_socket()
    run("systemctl", "enable", "--now", "--quiet", "mpd.socket", check=False)
    # MPD's first start is its slowest, and `moodbox check` would report that MPD does not answer.
    run("systemctl", "start", "mpd.service", check=False)


def share_music_folder() -> None:
    """Let the group moodbox, and so the user who deploys, copy songs into MPD's music folder.

    The folder still belongs to MPD's user. A link, or a folder that somebody has given to another user, stays
    as it is, and so does a disk without owners and modes, such as a USB stick's.
    """
    with contextlib.suppress(OSError):
        # Through a descriptor: MPD's user owns the folder above, and could put a link in its place meanwhile.
        folder = os.open(MUSIC, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC)
        try:
            _share(folder)
        finally:
            os.close(folder)


def _share(folder: int) -> None:
    found = os.fstat(folder)
    owners = {name for name in ("mpd", "root") if _user_id(name) == found.st_uid}
    group = grp.getgrnam(GROUP).gr_gid
    if not owners or (found.st_gid == group and found.st_mode & SHARED == SHARED):
        return
    os.fchown(folder, -1, group)
    os.fchmod(folder, found.st_mode & 0o7777 | SHARED)
    report(f"letting members of the group {GROUP} copy songs into {MUSIC}")


def _user_id(name: str) -> int | None:
    with contextlib.suppress(KeyError):
        return pwd.getpwnam(name).pw_uid
    return None


def open_mpd() -> None:
    """Let MPD's clients in the network in.

    Raises:
        DeployError: If MPD's sockets are not those of a deploy.
    """
    _check_sockets()
    OPENED.write_text(OPENED_TEXT)
    _restart_socket()
    report("MPD answers on port 6600 to everybody in your network now, without a password")


def close_mpd() -> None:
    """Keep MPD's clients in the network out again.

    Raises:
        DeployError: If MPD's sockets are not those of a deploy.
    """
    _check_sockets()
    OPENED.unlink(missing_ok=True)
    _restart_socket()
    report("MPD answers to programs on the box alone")


def _check_sockets() -> None:
    if not LOOPBACK.exists():
        raise DeployError(
            NOTHING,
            f"{CONFIGURATION} is not the box's own, so where MPD listens is yours to change (mpd.socket)",
        )


def restore_mpd() -> None:
    """Restore Debian's configuration, unless somebody has changed the deployed one."""
    OPENED.unlink(missing_ok=True)
    streams.remove()
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
    run("systemctl", "start", "mpd.service", check=False)  # the box finds it sooner than by its next request


def _is_debians() -> bool:
    """Compare with the checksum that dpkg keeps of each configuration file it unpacked."""
    conffiles = run("dpkg-query", "-W", "-f", "${Conffiles}", "mpd", check=False).stdout
    known = re.search(rf"^ {CONFIGURATION} ([0-9a-f]{{32}})", conffiles, re.MULTILINE)
    found = CONFIGURATION.read_bytes() if CONFIGURATION.exists() else b""
    return known is not None and known[1] == hashlib.md5(found, usedforsecurity=False).hexdigest()


def _same(first: Path, second: Path) -> bool:
    return first.exists() and second.exists() and first.read_bytes() == second.read_bytes()
