"""The part of deploy.sh that runs on the box, as root, with Python's standard library alone.

deploy.sh sends this folder over SSH and calls it with one of these verbs:

install INCOMING NAME   create a release from the files in INCOMING, and keep it only if it is healthy
switch NAME             the same with a release that is already here
rollback                go back to the release before the current one
back                    (systemd runs it when the box has failed) go back to the last proven release, if the
                        release that failed was never proven
open-mpd, close-mpd     let MPD's clients in the network in, or keep them out
window, no-window       open the box's page in the network, or close it
rooms                   make the box serve other rooms, or play along with one, as its settings say
status, remove
"""

from __future__ import annotations

import contextlib
import errno
import fcntl
import os
import re
import shutil
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import health_check
import preflight
import streams
from common import (
    BUSY,
    NO_SPACE,
    NOTHING,
    RELEASES,
    ROOT,
    SETTINGS,
    STATE,
    UNHEALTHY,
    WRONG_CALL,
    DeployError,
    health_check_timeout_s,
    is_full,
    report,
    run,
)
from exchange import put_in_place
from music import close_mpd, configure_mpd, open_mpd, restore_mpd, share_music_folder
from releases import create, current, delete_oldest, delete_unproven, prove, proven
from services import home, page, rooms

HERE = Path(__file__).resolve().parent


@contextlib.contextmanager
def deploy_lock() -> Iterator[None]:
    """Hold the lock that lets one deploy run at a time.

    Raises:
        DeployError: If another deploy holds it.
    """
    ROOT.mkdir(exist_ok=True)
    with (ROOT / ".lock").open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise DeployError(
                BUSY, "another deploy is running on this box: try again when it has finished"
            ) from None
        yield


def last_proven() -> str | None:
    """Return the current release if it is proven, else the newest proven one."""
    names = proven()
    return next((name for name in names if name == current()), names[0] if names else None)


def install(incoming: str, name: str) -> None:
    """Create a release, and switch to it; a release that is never switched to is deleted."""
    previous = last_proven()
    if name == current():  # its deploy was cut off after the switch: it is complete, but not proven
        delete_unproven()
        accept(name, health_check.switch_to(name, previous))
        return
    known_faults = health_check.environment_faults()
    delete_unproven(keep=Path(incoming))
    preflight.install_packages()
    try:
        release = create(Path(incoming), name)
        may_stream = streams.wanted()
        configure_mpd(release, may_stream=may_stream)
        preflight.create_user(release)
        share_music_folder()
        preflight.install_settings(release, previous, may_stream=may_stream)
        faults = health_check.switch_to(name, previous, known_faults)
    except BaseException:
        if current() != name:
            shutil.rmtree(RELEASES / name, ignore_errors=True)
        raise
    accept(name, faults)


def switch(name: str) -> None:
    """Switch to a release that is already on the box."""
    preflight.install_packages()
    configure_mpd(RELEASES / name, may_stream=streams.wanted())
    accept(name, health_check.switch_to(name, last_proven()))


def accept(name: str, faults: set[str]) -> None:
    """Mark a release as proven and the newest, and delete the oldest."""
    prove(name)
    os.sync()
    delete_oldest()
    # `back` runs from a copy of these files, whose release is known to work.
    target, new = ROOT / "box", ROOT / ".box.new"
    shutil.rmtree(new, ignore_errors=True)
    shutil.copytree(HERE, new, ignore=shutil.ignore_patterns("__pycache__"))
    os.sync()
    put_in_place(new, target)
    shutil.rmtree(new, ignore_errors=True)
    report(
        f"healthy: the box runs {name}" + (f"; still to fix: {', '.join(sorted(faults))}" if faults else "")
    )


def rollback() -> None:
    """Switch to the next older release. It keeps its place in the order, so another rollback goes further."""
    names, now = proven(), current()
    older = names[names.index(now) + 1 :] if now in names else names
    if not older:
        raise DeployError(NOTHING, "there is no earlier release on this box")
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
    report(f"{'runs':8} {current()}")
    for name in proven():
        if name != current():
            report(f"{'kept':8} {name}")
    unit = run("systemctl", "is-active", "moodbox.service", check=False).stdout.strip()
    report(f"{'systemd':8} {unit}")
    answer = run(ROOT / "current/venv/bin/moodbox", "status", check=False)
    report((answer.stdout or answer.stderr).rstrip())


def remove() -> None:
    """Remove moodbox; settings, learned data, the user and apt's packages stay."""
    home.remove()
    rooms.remove()
    restore_mpd()
    page.remove()
    preflight.remove()
    shutil.rmtree(ROOT)
    report(f"removed; {SETTINGS.parent}, {STATE}, the user moodbox and the packages from apt are kept")


VERBS: dict[str, Callable[..., None]] = {
    "install": install,
    "switch": switch,
    "rollback": rollback,
    "back": back,
    "status": status,
    "remove": remove,
    "open-mpd": open_mpd,
    "close-mpd": close_mpd,
    "window": page.switch_on,
    "no-window": page.switch_off,
    "rooms": rooms.apply,
}


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
        validate(*rest)
        if (
            verb in ("status", "remove", "open-mpd", "close-mpd", "window", "no-window", "rooms")
            and not ROOT.exists()
        ):
            raise DeployError(NOTHING, "there is no moodbox on this machine")
        with deploy_lock() if verb != "status" else contextlib.nullcontext():
            VERBS[verb](*rest)
    except DeployError as error:
        if verb == "back" and error.code == BUSY:
            return 0  # a running deploy goes back by itself
        report(f"FAILED {error}")
        return error.code
    except subprocess.CalledProcessError as error:
        last = (error.stderr or error.stdout or "").strip().splitlines()[-1:] or [f"code {error.returncode}"]
        report(f"FAILED `{' '.join(error.cmd[:3])} ...` on the box: {last[0]}")
        return NO_SPACE if is_full(error.stderr or error.stdout or "") else UNHEALTHY
    except OSError as error:
        report(f"FAILED {error.filename or 'the box'}: {error.strerror}")
        return NO_SPACE if error.errno == errno.ENOSPC else UNHEALTHY
    return 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
