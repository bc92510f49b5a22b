"""The switch to a release, its health check, and the way back to the previous release if it fails."""

from __future__ import annotations

import json
import os
import subprocess
import time
from collections.abc import Set

from common import CURRENT, RELEASES, UNHEALTHY, DeployError, health_check_timeout_s, report, run
from preflight import ENVIRONMENT_PARTS, OTHER_MACHINES, check, install_units
from releases import link_to
from services import card, home, page, rooms, strip

STABLE_S = 5.0
"""How long a new release must stay healthy, in seconds."""
STATUS_TIMEOUT_S = 20


def start(name: str) -> None:
    """Link a release as the current one, and start it without waiting."""
    install_units(RELEASES / name)
    strip.keep(RELEASES / name)
    link_to(name)
    os.sync()
    if page.is_on():
        page.install(RELEASES / name)
    card.keep(RELEASES / name)
    rooms.keep(RELEASES / name)
    home.install(RELEASES / name)
    run("systemctl", "daemon-reload")
    run("systemctl", "enable", "--quiet", "moodbox.service")
    run("systemctl", "stop", "moodbox.service")  # from here on only the new release can answer
    run("systemctl", "reset-failed", "moodbox.service", check=False)
    run("systemctl", "start", "--no-block", "moodbox.service")


def wait_until_healthy(ignored: Set[str]) -> None:
    """Wait until the service is ready, and has no fault for a few seconds.

    Args:
        ignored: Parts whose faults do not count.

    Raises:
        DeployError: If it is restarted, fails, or is not healthy within the time limit.
    """
    deadline = time.monotonic() + health_check_timeout_s()
    healthy_since, reason = None, "it did not become ready"
    while time.monotonic() < deadline:
        unit = dict(
            line.split("=", 1)
            for line in run("systemctl", "show", "moodbox.service", "--property=ActiveState,NRestarts")
            .stdout.splitlines()
        )  # fmt: skip
        if unit["NRestarts"] != "0" or unit["ActiveState"] == "failed":
            raise DeployError(UNHEALTHY, f"systemd had to restart it; {reason}")
        if unit["ActiveState"] == "active":
            reason = _faults(ignored)
            healthy_since = None if reason else healthy_since or time.monotonic()
            if healthy_since and time.monotonic() > healthy_since + STABLE_S:
                return
        time.sleep(0.5)
    raise DeployError(UNHEALTHY, reason or "it did not stay healthy")


def _faults(ignored: Set[str]) -> str:
    try:
        trouble = _reported_trouble()
    except DeployError as error:
        return str(error)
    return "; ".join(f"{part}: {what}" for part, what in trouble.items() if part not in ignored)


def _reported_trouble() -> dict[str, str]:
    """Ask the running box for its faults, by part.

    Raises:
        DeployError: If it does not answer.
    """
    no_answer = "it does not answer `moodbox status`"
    try:
        status = run(CURRENT / "venv/bin/moodbox", "status", "--json", check=False, timeout=STATUS_TIMEOUT_S)
        if status.returncode:
            raise DeployError(UNHEALTHY, f"{no_answer}: {status.stderr.strip().removeprefix('moodbox: ')}")
        trouble: dict[str, str] = json.loads(status.stdout)["trouble"]
    except (OSError, subprocess.TimeoutExpired, ValueError, KeyError) as error:
        raise DeployError(UNHEALTHY, no_answer) from error
    return trouble


def environment_faults() -> set[str]:
    """Return the environment parts that have a fault; none if no box answers."""
    try:
        return ENVIRONMENT_PARTS & _reported_trouble().keys()
    except DeployError:
        return set()


def switch_to(name: str, previous: str | None, known_faults: Set[str] = frozenset()) -> set[str]:
    """Check a release, switch to it, and switch back to `previous` if it is not healthy.

    Args:
        name: The release to run.
        previous: The release to go back to.
        known_faults: Environment parts that had a fault before the deploy changed anything.

    Returns:
        The environment parts that have a fault now.

    Raises:
        DeployError: If the release is not healthy; the message says why, and what runs now.
    """
    strip.keep(RELEASES / name)  # the check runs in the sandbox of the service
    found = check(RELEASES / name)
    report(f"switching to {name}, and waiting until it is healthy")
    start_time = f"@{int(time.time())}"
    try:
        start(name)
        # Without a previous release, a box that reports what is missing is better than none.
        wait_until_healthy(found | known_faults | OTHER_MACHINES if previous else ENVIRONMENT_PARTS)
    except (DeployError, OSError, subprocess.SubprocessError) as error:
        log = run(
            "journalctl", "--unit=moodbox", f"--since={start_time}", "--lines=12", "--output=cat", check=False
        )
        for line in log.stdout.splitlines():
            report(f"  | {line}")
        raise DeployError(UNHEALTHY, f"{name} is not healthy: {error}; {go_back(previous)}") from error
    return found - {"storage"} | environment_faults()  # its start may have repaired the storage


def go_back(previous: str | None) -> str:
    """Start the previous release, and return what runs now, for the last line of the deploy."""
    if previous is None:
        run("systemctl", "disable", "--now", "--quiet", "moodbox.service", check=False)
        CURRENT.unlink(missing_ok=True)
        return "there is no earlier release, so moodbox does not run"
    start(previous)
    try:
        wait_until_healthy(ENVIRONMENT_PARTS)
    except DeployError as error:
        return f"{previous} is started again, and is not healthy either: {error}"
    return f"{previous} runs again"
