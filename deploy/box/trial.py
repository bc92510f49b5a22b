"""Trying a release: its own check, the switch to it, and the way back if it is not well."""

from __future__ import annotations

import json
import os
import subprocess
import time
from collections.abc import Set
from pathlib import Path

from common import CURRENT, RELEASES, UNWELL, DeployError, run, say
from releases import link_to
from surroundings import install_units

SURROUNDINGS = {"camera", "panel", "player", "library", "storage"}
"""Parts that may be in trouble before a deploy, and are not the release's fault: no song yet, no camera.

storage: a file that is damaged is mended as the new release starts, which must not be kept off the box by it.
"""

PATIENCE = float(os.environ.get("MOODBOX_PATIENCE") or "1")
READY_WITHIN = 90.0 * PATIENCE  # seconds
WELL_FOR = 5.0  # seconds that a new release has to stay well


def check(release: Path) -> set[str]:
    """The parts of the surroundings that are in trouble. Raises DeployError if anything else is."""
    say("checking it")
    asked = run("systemd-run", "--quiet", "--wait", "--pipe", "--collect", "--property=User=moodbox",
        "--property=StateDirectory=moodbox", "--property=RuntimeDirectory=moodbox-check",
        "--property=WorkingDirectory=/run/moodbox-check", f"--property=RuntimeMaxSec={READY_WITHIN}",
        release / "venv/bin/moodbox", "check", "--json", check=False)  # fmt: skip
    try:
        findings = json.loads(asked.stdout)
    except ValueError:
        last = (asked.stderr.strip().splitlines() or [f"it ended with {asked.returncode}"])[-1]
        raise DeployError(UNWELL, f"`moodbox check` fails: {last}") from None
    bad = {finding["part"]: finding["what"] for finding in findings if not finding["well"]}
    for part, what in bad.items():
        say(f"  {part}: {what}")
    if at_fault := [part for part in bad if part not in SURROUNDINGS]:
        raise DeployError(UNWELL, f"`moodbox check` fails: {at_fault[0]}: {bad[at_fault[0]]}")
    return set(bad)


def start(name: str) -> None:
    install_units(RELEASES / name)
    link_to(name)
    os.sync()
    run("systemctl", "daemon-reload")
    run("systemctl", "enable", "--quiet", "moodbox.service")
    run("systemctl", "stop", "moodbox.service")  # from here on who answers is the new one
    run("systemctl", "reset-failed", "moodbox.service", check=False)
    run("systemctl", "start", "--no-block", "moodbox.service")


def wait_until_well(forgiven: set[str]) -> None:
    """Raises DeployError unless systemd calls the box ready, and it stays well for a while."""
    end, well_since, why = time.monotonic() + READY_WITHIN, None, "it did not become ready"
    while time.monotonic() < end:
        unit = dict(
            line.split("=", 1)
            for line in run("systemctl", "show", "moodbox.service", "--property=ActiveState,NRestarts")
            .stdout.splitlines()
        )  # fmt: skip
        if unit["NRestarts"] != "0" or unit["ActiveState"] == "failed":
            raise DeployError(UNWELL, f"systemd had to start it again; {why}")
        if unit["ActiveState"] == "active":
            why = _trouble(forgiven)
            well_since = None if why else well_since or time.monotonic()
            if well_since and time.monotonic() > well_since + WELL_FOR:
                return
        time.sleep(0.5)
    raise DeployError(UNWELL, why or "it is well only now and then")


def _trouble(forgiven: set[str]) -> str:
    try:
        trouble = _asked()
    except DeployError as error:
        return str(error)
    return "; ".join(f"{part}: {what}" for part, what in trouble.items() if part not in forgiven)


def _asked() -> dict[str, str]:
    """What is in trouble by the word of the box that runs. Raises DeployError if it does not answer."""
    silent = "it does not answer `moodbox status`"
    try:
        asked = run(CURRENT / "venv/bin/moodbox", "status", "--json", check=False, timeout=20)
        if asked.returncode:
            raise DeployError(UNWELL, f"{silent}: {asked.stderr.strip().removeprefix('moodbox: ')}")
        trouble: dict[str, str] = json.loads(asked.stdout)["trouble"]
    except (OSError, subprocess.TimeoutExpired, ValueError, KeyError) as error:
        raise DeployError(UNWELL, silent) from error
    return trouble


def lacking() -> set[str]:
    """The parts of the surroundings that are in trouble, as far as a box tells."""
    try:
        return SURROUNDINGS & _asked().keys()
    except DeployError:
        return set()


def try_out(name: str, before: str | None, lacked: Set[str] = frozenset()) -> set[str]:
    """Switches to `name`; if it is not well, back to `before`. Raises DeployError then, which says why.

    lacked: parts of the surroundings that were in trouble before anything changed. Returns those that are.
    """
    found = check(RELEASES / name)
    say(f"switching to {name}, and waiting until it is well")
    began = f"@{int(time.time())}"
    try:
        start(name)
        # Where there is none to go back to, a box that says what it lacks is better than no box.
        wait_until_well(found | lacked if before else SURROUNDINGS)
    except (DeployError, OSError, subprocess.SubprocessError) as error:
        log = run(
            "journalctl", "--unit=moodbox", f"--since={began}", "--lines=12", "--output=cat", check=False
        )
        for line in log.stdout.splitlines():
            say(f"  | {line}")
        raise DeployError(UNWELL, f"{name} is not well: {error}; {go_back(before)}") from error
    return found - {"storage"} | lacking()  # the box that runs knows whether its start has mended that


def go_back(before: str | None) -> str:
    """What became of it, for the last line."""
    if before is None:
        run("systemctl", "disable", "--now", "--quiet", "moodbox.service", check=False)
        CURRENT.unlink(missing_ok=True)
        return "there is none to go back to, so no box runs"
    start(before)
    try:
        wait_until_well(SURROUNDINGS)
    except DeployError as error:
        return f"{before} is back, and not well either: {error}"
    return f"{before} runs again"
