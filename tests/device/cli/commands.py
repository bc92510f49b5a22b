"""Runs `moodbox` as a process of its own, on gpiozero's mock pins."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from tests.waiting import eventually

MOCK_PINS = {"GPIOZERO_PIN_FACTORY": "mock", "GPIOZERO_MOCK_PIN_CLASS": "mockpwmpin"}


def moodbox(*arguments: str | Path, **environment: str) -> subprocess.CompletedProcess[str]:
    """Run `moodbox` with these arguments until it ends."""
    return subprocess.run(
        [sys.executable, "-m", "device", *map(str, arguments)],
        capture_output=True,
        text=True,
        encoding=environment.get("PYTHONIOENCODING"),
        check=False,
        env=os.environ | MOCK_PINS | environment,
        timeout=60,
    )


@contextmanager
def running(
    settings_file: Path, *before: str, options: Sequence[str] = (), **environment: str
) -> Iterator[subprocess.Popen[str]]:
    """Run `moodbox run`; yield once it replies."""
    with subprocess.Popen(
        [*before, sys.executable, "-m", "device", "run", "--settings", str(settings_file), *options],
        stderr=subprocess.PIPE,
        text=True,
        env=os.environ | MOCK_PINS | environment,
    ) as box:
        try:
            eventually(lambda: box.poll() is not None or _status(settings_file).returncode == 0, 30)
            yield box
        finally:
            box.kill()


def _status(settings_file: Path) -> subprocess.CompletedProcess[str]:
    return moodbox("status", "--json", "--settings", settings_file)


def status(settings_file: Path) -> dict[str, Any]:
    """The running box's status."""
    reply: dict[str, Any] = json.loads(_status(settings_file).stdout)
    return reply
