"""MPD for the box: its own configuration in place of Debian's, but never of one that somebody has changed."""

from __future__ import annotations

import contextlib
import hashlib
import re
from pathlib import Path

from common import ROOT, UNITS, put, run, say

CONFIGURATION = Path("/etc/mpd.conf")
BEFORE = Path("/etc/mpd.conf.before-moodbox")
"""Debian's own, for `remove`."""
GIVEN = ROOT / "mpd.conf"
"""What a deploy has put there last: a file that is the same is still ours."""
LOOPBACK = UNITS / "mpd.socket.d" / "moodbox.conf"


def furnish_music(release: Path) -> None:
    """MPD itself starts when somebody asks its socket. The box lives without, and says so."""
    new = release / "deploy/mpd.conf"
    if _same(CONFIGURATION, new):
        pass
    elif _same(CONFIGURATION, GIVEN) or _is_debians():
        say("giving MPD its configuration")
        if _is_debians():
            put(CONFIGURATION, BEFORE)
        # The file itself comes last: a deploy that is cut off before it begins here again.
        put(new, GIVEN)
        put(release / "systemd/mpd-loopback.conf", LOOPBACK)
        put(new, CONFIGURATION)
        _listen_anew()
    else:
        say(f"keeping {CONFIGURATION}, which somebody has changed")
    run("systemctl", "enable", "--now", "--quiet", "mpd.socket", check=False)
    # Its first start is its slowest, and the check would take it for a server that hangs.
    run("systemctl", "start", "mpd.service", check=False)


def give_back_music() -> None:
    """Debian's own configuration, unless somebody has changed it since."""
    if _same(CONFIGURATION, GIVEN) and BEFORE.exists():
        BEFORE.replace(CONFIGURATION)
    if LOOPBACK.exists():
        LOOPBACK.unlink()
        with contextlib.suppress(OSError):  # a drop-in of a person's own is in it
            LOOPBACK.parent.rmdir()
        _listen_anew()


def _listen_anew() -> None:
    run("systemctl", "daemon-reload")
    run("systemctl", "stop", "mpd.socket", "mpd.service", check=False)
    run("systemctl", "start", "mpd.socket", check=False)


def _is_debians() -> bool:
    """As dpkg has unpacked it: it keeps the sums of all configuration files."""
    conffiles = run("dpkg-query", "-W", "-f", "${Conffiles}", "mpd", check=False).stdout
    known = re.search(rf"^ {CONFIGURATION} ([0-9a-f]{{32}})", conffiles, re.MULTILINE)
    found = CONFIGURATION.read_bytes() if CONFIGURATION.exists() else b""
    return known is not None and known[1] == hashlib.md5(found, usedforsecurity=False).hexdigest()


def _same(one: Path, other: Path) -> bool:
    return one.exists() and other.exists() and one.read_bytes() == other.read_bytes()
