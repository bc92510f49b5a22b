"""The part of deploy.sh that runs on the box, as root, with Python's standard library alone.

deploy.sh sends this folder over SSH and calls it with one of these verbs. If the box knows a deployer's key,
deploy.sh calls the box's own copy instead.

admit INCOMING NAME     check who has signed the release in INCOMING, and have its own code install it:
install INCOMING NAME   create a release from the files in INCOMING, and keep it only if it is healthy
switch NAME             the same with a release that is already here; apply what has changed in the settings
preview NAME            say what that would do to the release that runs
clean                   delete what cut-off and failed deploys have left
add-key KIND BLOB, remove-key KIND BLOB
                        take releases that are signed by this key, or take them no more
rollback                go back to the release before the current one
back                    (systemd runs it when the box has failed) go back to the last proven release, if the
                        release that failed was never proven
open-mpd, close-mpd     let MPD's clients in the network in, or keep them out
window, no-window       open the box's page in the network, or close it
rooms                   make the box serve other rooms, or play along with one, as its settings say
strip                   let the box use a strip of lights, or not, as its settings say
status, remove
first-boot              (systemd runs it while a card has a release) install the release of the card
card                    (systemd runs it at each start) read the settings and the WLAN on the boot partition
"""

from __future__ import annotations

import contextlib
import os
import re
import shutil
import signal
import subprocess
import sys
from collections.abc import Callable

import health_check
import preflight
from boot import first_boot, partition
from common import (
    BUSY,
    NOTHING,
    RELEASES,
    ROOT,
    SETTINGS,
    STATE,
    WRONG_CALL,
    DeployError,
    health_check_timeout_s,
    report,
    run,
)
from installation import deploy_lock, failure_of, install, last_proven, preview, switch
from music import close_mpd, open_mpd, restore_mpd
from releases import clean, current, proven
from services import card, home, page, rooms, strip
from signing import keys
from signing import release as signing
from signing.admission import admit


def rollback() -> None:
    """Switch to the next older release. It keeps its place in the order, so another rollback goes further."""
    names, now = proven(), current()
    older = names[names.index(now) + 1 :] if now in names else names
    if not older:
        raise DeployError(NOTHING, "there is no earlier release on this box")
    signing.check_kept(RELEASES / older[0])
    health_check.switch_to(older[0], now if now in names else None)
    report(f"healthy: the box runs {older[0]} instead of {now}")


def back() -> None:
    """Go back to the last proven release, if the current one is not proven."""
    name = last_proven()
    if name is None or name == current():
        return
    report(f"{current()} failed before it was proven: going back")
    report(health_check.go_back(name))


def status() -> None:
    """Report the releases, the unit's state, and `moodbox status`."""
    if current() is None:
        raise DeployError(NOTHING, "there is no moodbox on this machine")
    report(f"{'runs':10} {current()}")
    for name in proven():
        if name != current():
            report(f"{'kept':10} {name}")
    for key in keys.described():
        report(f"{'key':10} {key}")
    unit = run("systemctl", "is-active", "moodbox.service", check=False).stdout.strip()
    report(f"{'systemd':10} {unit}")
    answer = run(ROOT / "current/venv/bin/moodbox", "status", check=False)
    report((answer.stdout or answer.stderr).rstrip())


def remove() -> None:
    """Remove moodbox; settings, learned data, the user and apt's packages stay."""
    home.remove()
    card.remove()
    rooms.remove()
    restore_mpd()
    page.remove()
    strip.remove()
    preflight.remove()
    shutil.rmtree(ROOT)
    report(f"removed; {SETTINGS.parent}, {STATE}, the user moodbox and the packages from apt are kept")


VERBS: dict[str, Callable[..., None]] = {
    "admit": admit,
    "install": install,
    "switch": switch,
    "preview": preview,
    "clean": clean,
    "add-key": keys.add,
    "remove-key": keys.remove,
    "rollback": rollback,
    "back": back,
    "status": status,
    "remove": remove,
    "open-mpd": open_mpd,
    "close-mpd": close_mpd,
    "window": page.switch_on,
    "no-window": page.switch_off,
    "rooms": rooms.apply,
    "strip": strip.apply,
    "first-boot": first_boot.run_until_done,
    "card": partition.read,
}
WITHOUT_LOCK = ("status", "preview", "admit", "first-boot", "card")
MAY_BE_FIRST = (
    "first-boot",
    "card",
    "admit",
    "install",
    "switch",
    "preview",
    "clean",
    "rollback",
    "back",
    "add-key",
    "remove-key",
)
"""Verbs that can be called where moodbox is not installed."""
CHECKED_LATER = ("add-key", "remove-key")
"""Verbs whose words are checked where they are used."""


def validate(*words: str) -> None:
    """Validate the names, which become paths here, and MOODBOX_PATIENCE.

    Raises:
        DeployError: If one of them is invalid.
    """
    health_check_timeout_s()
    for word in words:
        if not re.fullmatch(rf"({ROOT}/incoming\.)?[A-Za-z0-9][A-Za-z0-9.+_-]*", word):
            raise DeployError(WRONG_CALL, f"{word!r} is not the name of a release")


def main(verb: str, *rest: str) -> int:
    """Run a verb, and return its exit code; the last line of a failure starts with FAILED."""
    os.umask(0o022)  # the box's user has to read what root installs, whatever root's own mask is
    for number in (signal.SIGHUP, signal.SIGINT):  # if the connection is lost, the deploy continues
        signal.signal(number, signal.SIG_IGN)
    try:
        if verb not in VERBS:
            raise DeployError(WRONG_CALL, f"this box does not know {verb!r} yet: deploy the release first")
        validate(*(rest if verb not in CHECKED_LATER else ()))
        if verb not in MAY_BE_FIRST and not ROOT.exists():
            raise DeployError(NOTHING, "there is no moodbox on this machine")
        with deploy_lock() if verb not in WITHOUT_LOCK else contextlib.nullcontext():
            VERBS[verb](*rest)
    except (DeployError, subprocess.CalledProcessError, OSError) as error:
        failure = failure_of(error)
        if verb == "back" and failure.code == BUSY:
            return 0  # a running deploy goes back by itself
        report(f"FAILED {failure}")
        return failure.code
    return 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
