"""What deploy.sh has done on the box, as root, with Python's own library alone; this folder is sent over SSH.

install INCOMING NAME   make a release of what lies in INCOMING, try it, and keep it only if it is well
switch NAME             the same with a release that is here already
rollback                to the release before the current one
back                    (systemd, when the box has failed) to the last proven release, if the one
                        that failed is none
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

import surroundings
import trial
from common import (
    BUSY,
    NO_SPACE,
    NOTHING,
    RELEASES,
    ROOT,
    SETTINGS,
    STATE,
    UNWELL,
    WRONG_CALL,
    DeployError,
    run,
    say,
)
from music import furnish_music, give_back_music
from releases import clear_away, current, keep_some, make, proven

HERE = Path(__file__).resolve().parent


@contextlib.contextmanager
def alone() -> Iterator[None]:
    ROOT.mkdir(exist_ok=True)
    with (ROOT / ".lock").open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise DeployError(
                BUSY, "another deploy is at work on this box: try again when it is through"
            ) from None
        yield


def last_good() -> str | None:
    """The current release if it is proven, else the newest that is."""
    good = proven()
    return next((name for name in good if name == current()), good[0] if good else None)


def install(incoming: str, name: str) -> None:
    before = last_good()
    if name == current():  # its deploy was cut off after the switch: it is whole, and only not proven
        clear_away()
        settle(name, trial.try_out(name, before))
        return
    lacked = trial.lacking()
    clear_away(but=Path(incoming))
    surroundings.install_packages()
    release = make(Path(incoming), name)
    try:
        furnish_music(release)
        surroundings.make_user(release)
        surroundings.keep_settings(release, before)
        bad = trial.try_out(name, before, lacked)
    except BaseException:
        if current() != name:
            shutil.rmtree(release)
        raise
    settle(name, bad)


def switch(name: str) -> None:
    settle(name, trial.try_out(name, last_good()))


def settle(name: str, bad: set[str]) -> None:
    """From now on it is one to go back to, and the newest."""
    (RELEASES / name / ".proven").touch()
    os.sync()
    keep_some()
    keeper, new = (
        ROOT / "box",
        ROOT / ".box.new",
    )  # for `back`: these files of a release that is known to work
    shutil.rmtree(new, ignore_errors=True)
    shutil.copytree(HERE, new, ignore=shutil.ignore_patterns("__pycache__"))
    shutil.rmtree(keeper, ignore_errors=True)
    new.rename(keeper)
    say(f"well: the box runs {name}" + (f"; still to be mended: {', '.join(sorted(bad))}" if bad else ""))


def rollback() -> None:
    """The release keeps its place in the order, so that the next rollback goes further back."""
    good, now = proven(), current()
    older = good[good.index(now) + 1 :] if now in good else good
    if not older:
        raise DeployError(NOTHING, "there is no earlier release on this box")
    trial.try_out(older[0], now if now in good else None)
    say(f"well: the box runs {older[0]}, and no longer {now}")


def back() -> None:
    name = last_good()
    if name is None or name == current():
        return
    say(f"{current()} was never proven, and has failed: going back")
    say(trial.go_back(name))


def status() -> None:
    if current() is None:
        raise DeployError(NOTHING, "there is no moodbox on this machine")
    say(f"{'runs':8} {current()}")
    for name in proven():
        if name != current():
            say(f"{'kept':8} {name}")
    unit = run("systemctl", "is-active", "moodbox.service", check=False).stdout.strip()
    say(f"{'systemd':8} {unit}")
    asked = run(ROOT / "current/venv/bin/moodbox", "status", check=False)
    say((asked.stdout or asked.stderr).rstrip())


def remove() -> None:
    give_back_music()
    surroundings.remove()
    shutil.rmtree(ROOT)
    say(f"removed; kept are your {SETTINGS.parent} and {STATE}, the user moodbox, and what apt has installed")


VERBS: dict[str, Callable[..., None]] = {
    "install": install,
    "switch": switch,
    "rollback": rollback,
    "back": back,
    "status": status,
    "remove": remove,
}


def check_words(*words: str) -> None:
    """Raises DeployError if a name, which becomes a path here, or MOODBOX_PATIENCE is not as it should be."""
    trial.ready_within()
    for word in words:
        if not re.fullmatch(rf"({ROOT}/incoming\.)?[A-Za-z0-9][A-Za-z0-9.+_-]*", word):
            raise DeployError(WRONG_CALL, f"{word!r} is no release")


def main(verb: str, *rest: str) -> int:
    for number in (signal.SIGHUP, signal.SIGINT):  # who asked has gone; what was begun is brought to its end
        signal.signal(number, signal.SIG_IGN)
    try:
        check_words(*rest)
        if verb in ("status", "remove") and not ROOT.exists():
            raise DeployError(NOTHING, "there is no moodbox on this machine")
        with alone() if verb != "status" else contextlib.nullcontext():
            VERBS[verb](*rest)
    except DeployError as error:
        if verb == "back" and error.code == BUSY:
            return 0  # a deploy is at work: going back is in its hands
        say(f"FAILED {error}")
        return error.code
    except subprocess.CalledProcessError as error:
        last = (error.stderr or error.stdout or "").strip().splitlines()[-1:] or [f"code {error.returncode}"]
        say(f"FAILED `{' '.join(error.cmd[:3])} ...` on the box: {last[0]}")
        return UNWELL
    except OSError as error:
        say(f"FAILED {error.filename or 'the box'}: {error.strerror}")
        return NO_SPACE if error.errno == errno.ENOSPC else UNWELL
    return 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
