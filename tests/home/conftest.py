"""A real broker, a real box without music, and `moodbox home` in a process of its own between them."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from device.config.settings import Settings
from device.demo.harness import Harness, harness_for
from tests.device.conftest import settings  # noqa: F401
from tests.home.mosquitto import HomeAssistant, Mosquitto

Start = Callable[..., "subprocess.Popen[str]"]


@pytest.fixture
def broker(tmp_path: Path) -> Iterator[Mosquitto]:
    """Running, and open to everybody."""
    with Mosquitto(tmp_path) as found:
        yield found


@pytest.fixture
def home_assistant(broker: Mosquitto) -> Iterator[HomeAssistant]:
    """Connected to the broker."""
    with contextlib.closing(HomeAssistant(broker.port)) as found:
        yield found


@pytest.fixture
def box(settings: Settings) -> Iterator[Harness]:  # noqa: F811
    """A real box that has seen a happy face. It has no MPD, and so some trouble."""
    with harness_for(settings) as harness:
        assert harness.wait_for_decision(60)
        yield harness


def settings_for(settings: Settings, broker: str, folder: Path, *lines: str) -> Path:  # noqa: F811
    """Write a settings file for this box and this broker."""
    path = folder / "home.toml"
    path.write_text(
        f'[service]\nsocket = "{settings.service.socket}"\n[home]\nbroker = "{broker}"\nname = "Kitchen"\n'
        + "\n".join(lines)
    )
    return path


@pytest.fixture
def start(settings: Settings, tmp_path: Path) -> Iterator[Start]:  # noqa: F811
    """Starts `moodbox home` for a broker, with more lines of [home] and options. It ends with the test."""
    started: list[subprocess.Popen[str]] = []

    def run(broker: str, *lines: str, options: tuple[str, ...] = ()) -> subprocess.Popen[str]:
        file = settings_for(settings, broker, tmp_path, *lines)
        command = [
            sys.executable,
            "-P",
            "-m",
            "home",
            "--settings",
            str(file),
            "--state",
            str(tmp_path / "home"),
        ]
        process = subprocess.Popen(
            [*command, *options],
            stderr=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            env=dict(os.environ),
        )
        started.append(process)
        return process

    yield run
    for process in started:
        if process.poll() is None:
            process.send_signal(signal.SIGTERM)
        process.communicate(timeout=60)
