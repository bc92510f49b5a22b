"""The installation of a release on the box, by whatever way it has come."""

from __future__ import annotations

import contextlib
import errno
import fcntl
import hashlib
import os
import shutil
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

import health_check
import preflight
import streams
from common import (
    BUSY,
    NO_SPACE,
    RELEASES,
    ROOT,
    SETTINGS,
    UNHEALTHY,
    DeployError,
    is_full,
    report,
    run,
    write_file,
)
from exchange import put_in_place
from music import configure_mpd, share_music_folder
from releases import create, current, delete_oldest, delete_unproven, prove, proven
from signing import release as signing

HERE = Path(__file__).resolve().parent
APPLIED = ROOT / "applied-settings"
"""What the settings were when a deploy last applied them: deploying the same release again applies others."""


@contextlib.contextmanager
def deploy_lock() -> Iterator[None]:
    """Hold the lock that lets one deploy run at a time.

    Raises:
        DeployError: If another deploy holds it.
    """
    ROOT.mkdir(exist_ok=True)
    with (ROOT / ".lock").open("a") as lock:
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


def install(incoming: str, name: str, before_check: Callable[[], None] = lambda: None) -> None:
    """Create a release, and switch to it; a release that is never switched to is deleted.

    Args:
        incoming: The folder with its files, and with the wheels that it needs.
        name: Its name.
        before_check: Called before anything uses the pins.
    """
    first_key = signing.check_arrived(Path(incoming))
    previous = last_proven()
    if name == current():  # its deploy was cut off after the switch: it is complete, but not proven
        delete_unproven()
        before_check()
        accept(name, health_check.switch_to(name, previous))
        signing.trust_first(first_key)
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
        settings = _settings_state(may_stream)
        before_check()
        faults = health_check.switch_to(name, previous, known_faults)
    except BaseException:
        if current() != name:
            shutil.rmtree(RELEASES / name, ignore_errors=True)
        raise
    accept(name, faults)
    write_file(settings, APPLIED)
    signing.trust_first(first_key)  # only now: the code on the box is of a release that verifies signatures


def switch(name: str) -> None:
    """Switch to a release that is already on the box, with what the settings say now."""
    signing.check_kept(RELEASES / name)
    may_stream = streams.wanted()
    settings = _settings_state(may_stream)
    if not _changes(name, settings):
        report(f"nothing new: {name} already runs there; nothing was changed")
        return
    if name == current():
        report("applying the settings")
    preflight.install_packages()
    configure_mpd(RELEASES / name, may_stream=may_stream)
    accept(name, health_check.switch_to(name, last_proven()))
    write_file(settings, APPLIED)


def preview(name: str) -> None:
    """Say what `switch` would do with the release that runs, and change nothing."""
    if _changes(name, _settings_state(streams.wanted())):
        report(f"would apply the settings to {name}, and wait until it is healthy")
    else:
        report(f"nothing new: {name} already runs there; nothing was changed")


def _changes(name: str, settings: bytes) -> bool:
    """Whether a switch would change anything: the release, or what was applied of the settings."""
    unit = run("systemctl", "is-active", "moodbox.service", check=False).stdout.strip()
    is_applied = APPLIED.exists() and APPLIED.read_bytes() == settings
    return not (name == current() and name in proven() and unit == "active" and is_applied) or bool(
        preflight.missing_packages()
    )


def _settings_state(may_stream: bool) -> bytes:
    """Return what differs if the settings do, or what else decides whether MPD may stream."""
    content = SETTINGS.read_bytes() if SETTINGS.exists() else b""
    return f"{hashlib.sha256(content).hexdigest()} streams={may_stream}\n".encode()


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


def failure_of(error: DeployError | subprocess.CalledProcessError | OSError) -> DeployError:
    """Return an error as one of a deploy: a line, and an exit code."""
    if isinstance(error, DeployError):
        return error
    if isinstance(error, subprocess.CalledProcessError):
        last = (error.stderr or error.stdout or "").strip().splitlines()[-1:] or [f"code {error.returncode}"]
        code = NO_SPACE if is_full(error.stderr or error.stdout or "") else UNHEALTHY
        return DeployError(code, f"`{' '.join(error.cmd[:3])} ...` on the box: {last[0]}")
    code = NO_SPACE if error.errno == errno.ENOSPC else UNHEALTHY
    return DeployError(code, f"{error.filename or 'the box'}: {error.strerror}")
