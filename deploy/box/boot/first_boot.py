"""The installation of the release on the boot partition, without a computer that waits for it."""

from __future__ import annotations

import contextlib
import itertools
import os
import pwd
import shutil
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path

import preflight
from common import APT, BUSY, LOST, ROOT, UNSUITABLE, DeployError, is_full, report, run
from installation import deploy_lock, failure_of, install
from music import MUSIC
from releases import current, proven
from services import page
from signing import keys
from signing.admission import admit

from boot import partition
from boot.lights import TROUBLE, Lights

FILES = ROOT / "card"
"""What first-boot.sh has unpacked."""
PASSING = (APT, BUSY)
"""Exit codes of failures that may pass by themselves: no network, or another apt."""
PAUSES_S = (10, 20, 40, 60)
FIRST_USER_ID = 1000
NETWORK_S = 60


def run_until_done() -> None:
    """Install the release; try again after a failure that may pass, and wait after another one."""
    settings = partition.BOOT / partition.SETTINGS_FILE
    lights = Lights(FILES, settings, pins=current() is None)  # a box that runs already has its pins
    for pause_s in itertools.chain(PAUSES_S, itertools.repeat(PAUSES_S[-1])):
        with partition.logged(sys.stdout):
            failure = _try_to_install(lights)
        if failure is None:
            return
        lights.show(TROUBLE)
        if failure.code not in PASSING:
            threading.Event().wait()
        time.sleep(pause_s)


def _try_to_install(lights: Lights) -> DeployError | None:
    try:
        install_from(partition.BOOT / partition.FOLDER, lights)
    except (DeployError, subprocess.CalledProcessError, OSError) as error:
        failure = failure_of(error)
        report(f"FAILED {failure}")
        when = "in a moment" if failure.code in PASSING else "when the Pi is switched on again"
        report(f"this is tried again {when}")
        return failure
    return None


def install_from(card: Path, lights: Lights) -> None:
    """Install the release in a folder of the boot partition, open its page, and delete it there.

    Raises:
        DeployError, CalledProcessError, OSError: As those of a deploy.
    """
    name = (card / "name").read_text().strip()
    if name != current() or name not in proven():
        _install(card, name, lights)
    page.switch_on()
    (card / "name").unlink()  # from here on it counts as done
    os.sync()
    partition.delete_installed()
    shutil.rmtree(FILES, ignore_errors=True)
    report("the installation is complete")


def _install(card: Path, name: str, lights: Lights) -> None:
    if not name.split("-")[1:2] == [f"py{sys.version_info.major}{sys.version_info.minor}"]:
        raise DeployError(UNSUITABLE, f"{name} is for another Raspberry Pi OS: run deploy/card.sh again")
    lights.show("starting", "sad")
    report(f"installing {name}")
    partition.take_over(partition.take_wlan)
    with contextlib.suppress(OSError, KeyError):
        os.environ["SUDO_USER"] = pwd.getpwuid(FIRST_USER_ID).pw_name  # may ask the box without sudo
    with contextlib.suppress(FileNotFoundError):
        run("nm-online", "--quiet", f"--timeout={NETWORK_S}", check=False)
    is_signed = bool(keys.known())
    with deploy_lock():
        preflight.install_packages()
        if not is_signed:
            preflight.create_user(FILES)
        lights.show("starting", "neutral")
        partition.take_over(partition.take_settings)
        if (card / "music.tar").exists():
            report(f"copying the songs of the card to {MUSIC}")
            _unpack(card / "music.tar", MUSIC, "--same-owner")
            (card / "music.tar").unlink()
        incoming = Path(tempfile.mkdtemp(prefix="incoming.", dir=ROOT))
        _unpack(card / "release.tar", incoming, "--no-same-owner")
        lights.show("starting", "happy")
        if not is_signed:
            install(str(incoming), name, before_check=lights.close)
            return
    lights.close()
    admit(str(incoming), name)  # this is the box's own code, and nothing of the card was run so far


def _unpack(archive: Path, folder: Path, owner: str) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    unpacked = run("tar", "-x", "-f", archive, "-C", folder, owner, check=False)
    if unpacked.returncode and not is_full(unpacked.stderr):
        raise DeployError(LOST, f"{archive.name} on the card is damaged: run deploy/card.sh again")
    unpacked.check_returncode()
    os.sync()
