"""What the box loads at its start: nothing of what its settings leave off, and what nobody has used yet."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

from device.config.settings import Settings
from device.control.client import ask
from device.control.timer_commands import Wake
from device.demo.server import PrivateMpd
from tests.device.cli.commands import MOCK_PINS, running

PRINTS_MODULES = """
import atexit, sys
from device.cli.main import main
atexit.register(lambda: print(*sorted(sys.modules)))
sys.exit(main())
"""
OFF = {
    "timers": {"device.box.timers.control", "device.timers.state", "device.timers.fade"},
    "pixels": {"device.panel.spi", "device.panel.ws2812"},
    "other rooms": {"device.box.rooms", "room"},
    "the page": {"window", "device.live"},
    "Home Assistant": {"home", "paho"},
    "networks": {"asyncio", "http", "ssl"},
    "the measuring of sound": {"device.library.audio.extraction", "soundfile"},
    "the Pi's camera": {"picamera2"},
    "other commands": {"device.cli.check", "device.cli.look", "device.demo", "device.personal_data"},
}


def loaded(settings_file: Path) -> set[str]:
    """Start the box, end it once it is ready, and return the modules that it has loaded."""
    with subprocess.Popen(
        [sys.executable, "-c", PRINTS_MODULES, "run", "--settings", str(settings_file)],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env=os.environ | MOCK_PINS,
    ) as box:
        assert box.stderr
        assert any("ready after" in line for line in box.stderr)
        box.terminate()
        return set(box.communicate(timeout=60)[0].split())


def test_what_is_off_is_not_loaded(settings_file: Path, library: PrivateMpd) -> None:
    modules = loaded(settings_file)
    assert "device.box.box" in modules
    assert {what: names & modules for what, names in OFF.items() if names & modules} == {}


def test_the_timers_are_loaded_once_one_was_set(
    settings_file: Path, settings: Settings, library: PrivateMpd
) -> None:
    with running(settings_file) as box:
        assert ask(settings.service.socket_path(), Wake(to="7:30"))["wake"] == "07:30"
        box.terminate()
    assert loaded(settings_file) > OFF["timers"]
