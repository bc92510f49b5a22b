"""Runs `moodbox` on gpiozero's mock pins."""

from __future__ import annotations

import io
import json
import logging
import os
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, redirect_stderr, redirect_stdout
from pathlib import Path
from typing import Any

from gpiozero import Device
from gpiozero.pins.mock import MockFactory, MockPWMPin

from device.cli.main import main
from tests.waiting import eventually

MOCK_PINS = {"GPIOZERO_PIN_FACTORY": "mock", "GPIOZERO_MOCK_PIN_CLASS": "mockpwmpin"}


def moodbox(*arguments: str | Path, **environment: str) -> subprocess.CompletedProcess[str]:
    """Run `moodbox` with these arguments until it ends: in this process, unless it needs another environment.

    A process of its own takes ten times as long, most of it to import libraries.
    """
    if environment:
        return moodbox_process(*arguments, **environment)
    out, err = (io.TextIOWrapper(io.BytesIO(), encoding="utf-8", write_through=True) for _ in range(2))
    with redirect_stdout(out), redirect_stderr(err), _as_in_a_process_of_its_own():
        try:
            code = main([str(argument) for argument in arguments])
        except SystemExit as ended:  # argparse's
            code = int(ended.code or 0)
    printed, errors = (stream.buffer.getvalue().decode() for stream in (out, err))
    return subprocess.CompletedProcess(arguments, code, printed, errors)


@contextmanager
def _as_in_a_process_of_its_own() -> Iterator[None]:
    """Give it mock pins, and print warnings as Python does before logs are set up."""
    pins, Device.pin_factory = Device.pin_factory, MockFactory(pin_class=MockPWMPin)
    root = logging.getLogger()
    handlers, root.handlers = root.handlers, []
    try:
        yield
    finally:
        Device.pin_factory.reset()
        Device.pin_factory, root.handlers = pins, handlers


def moodbox_process(*arguments: str | Path, **environment: str) -> subprocess.CompletedProcess[str]:
    """Run `moodbox` with these arguments as a process of its own."""
    return subprocess.run(
        [sys.executable, "-m", "device", *map(str, arguments)],
        capture_output=True,
        text=True,
        encoding=environment.get("PYTHONIOENCODING"),
        check=False,
        env=os.environ | MOCK_PINS | environment,
        timeout=240,  # the worker that analyzes a song has idle priority
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
            eventually(lambda: box.poll() is not None or _status(settings_file).returncode == 0)
            yield box
        finally:
            box.kill()


def _status(settings_file: Path) -> subprocess.CompletedProcess[str]:
    return moodbox("status", "--json", "--settings", settings_file)


def status(settings_file: Path) -> dict[str, Any]:
    """The running box's status."""
    reply: dict[str, Any] = json.loads(_status(settings_file).stdout)
    return reply
