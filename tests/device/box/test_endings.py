"""How a box in a process of its own ends: at once after a signal, with 70 after an error of moodbox's own."""

from __future__ import annotations

import json
import os
import random
import resource
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from functools import partial
from pathlib import Path

import pytest

from device.config.settings import Settings
from device.control import page_commands, timer_commands
from device.control.client import ask
from device.control.command import Command
from device.demo.server import PrivateMpd
from device.errors import SEE_LOG, ServiceError
from device.supervision import EXIT_INTERNAL_ERROR
from tests.device import test_killed
from tests.device.cli.commands import MOCK_PINS
from tests.device.fuzzing import FUZZING
from tests.device.test_killed import status
from tests.waiting import eventually

THREADS = 4


@pytest.mark.fuzz
@pytest.mark.parametrize("seed", range(100 if FUZZING else 5))
def test_a_stop_at_any_moment_among_presses_ends_the_box(
    settings_file: Path, settings: Settings, library: PrivateMpd, seed: int
) -> None:
    with test_killed.running(settings_file, settings) as box, pressed_continuously(settings):
        time.sleep(random.Random(seed).uniform(0, 0.02))
        box.send_signal(signal.SIGTERM)
        assert box.wait(timeout=60) == 0


@contextmanager
def pressed_continuously(settings: Settings) -> Iterator[None]:
    """Send presses from several threads, so that the box is always busy."""
    done = threading.Event()

    def press() -> None:
        while not done.is_set():
            with suppress(ServiceError):
                ask(settings.service.socket_path(), "press")

    threads = [threading.Thread(target=press) for _ in range(THREADS)]
    for thread in threads:
        thread.start()
    try:
        yield
    finally:
        done.set()
        for thread in threads:
            thread.join()


@contextmanager
def failing(part: str, file: Path, **environment: str) -> Iterator[subprocess.Popen[str]]:
    """A box in which this part fails."""
    with subprocess.Popen(
        [sys.executable, "-m", "tests.device.failing", part, str(file)],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env=os.environ | MOCK_PINS | environment,
        cwd=Path(__file__).parents[3],
    ) as box:
        try:
            yield box
        finally:
            box.kill()


@pytest.mark.parametrize(
    ("part", "last_line"),
    [
        ("player", "the player has failed after 3 restarts: the box ends, and systemd starts it again"),
        ("loop", "the box ends by an error of moodbox's own in its loop"),
    ],
)
def test_a_player_that_keeps_failing_and_an_error_in_the_loop_end_the_box_with_70_and_dark(
    settings_file: Path, settings: Settings, library: PrivateMpd, tmp_path: Path, part: str, last_line: str
) -> None:
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as systemd:
        systemd.bind(str(tmp_path / "notify"))
        with failing(part, settings_file, NOTIFY_SOCKET=str(tmp_path / "notify")) as box:
            lights, log = box.communicate(timeout=60)
        systemd.setblocking(False)
        received = []
        with suppress(BlockingIOError):
            while True:
                received.append(systemd.recv(1000).decode())
    assert box.returncode == EXIT_INTERNAL_ERROR
    assert json.loads(lights) == [0, 0, 0]
    assert received[0] == "READY=1"
    assert "STOPPING=1" in received
    assert "Traceback (most recent call last):" in log
    (critical,) = [line for line in log.splitlines() if " CRITICAL " in line]
    assert critical.endswith(last_line)
    assert not settings.service.socket_path().exists()


def test_a_librarys_thread_that_dies_is_trouble_and_does_not_end_the_box(
    settings_file: Path, settings: Settings, library: PrivateMpd
) -> None:
    with failing("thread", settings_file) as box:
        eventually(lambda: status(settings).get("trouble"))
        (problem,) = status(settings)["trouble"].values()
        assert problem.startswith("a thread has died of an error (KeyError: 'nobody supervises this thread')")
        eventually(lambda: status(settings)["playing"] == "play")
        box.terminate()
        _, log = box.communicate(timeout=60)
    assert box.returncode == 0
    assert "the thread stray has died" in log


def test_lights_that_fail_cost_neither_the_music_nor_the_box_and_work_again_once_they_can(
    settings_file: Path, settings: Settings, library: PrivateMpd
) -> None:
    loose = settings_file.with_name("loose")
    with failing("none", settings_file) as box:
        eventually(lambda: status(settings).get("playing") == "play")
        loose.touch()
        problems: list[str] = []

        def shown_after_a_press() -> bool:
            ask(settings.service.socket_path(), "press")  # a short observation may change no light
            problems.append(status(settings)["trouble"].get("lights", ""))
            return bool(problems[-1])

        eventually(shown_after_a_press, pause=0.3)
        assert problems[-1].startswith(
            "stopped by an error of moodbox's own (OSError: the pin is loose), restarted "
        )
        assert problems[-1].endswith(SEE_LOG)
        eventually(lambda: status(settings)["playing"] == "play")
        loose.unlink()
        eventually(lambda: status(settings)["trouble"] == {})
        eventually(lambda: status(settings)["state"] == "mood")
        box.terminate()
        box.communicate(timeout=60)
    assert box.returncode == 0


def test_a_request_for_which_no_file_can_be_opened_costs_neither_the_box_nor_the_next_one(
    settings_file: Path, settings: Settings, library: PrivateMpd
) -> None:
    """Some requests load modules that a box has no other use for."""
    with test_killed.running(settings_file, settings) as box:
        eventually(lambda: status(settings).get("playing") == "play")
        soft, most = resource.prlimit(box.pid, resource.RLIMIT_NOFILE)
        for command in (timer_commands.Sleep(minutes=5), page_commands.Settings()):
            opened = {int(file.name) for file in Path(f"/proc/{box.pid}/fd").iterdir()}
            free = next(number for number in range(soft) if number not in opened)
            resource.prlimit(box.pid, resource.RLIMIT_NOFILE, (free + 1, most))  # for the connection alone
            with suppress(ServiceError):  # unless another connection has ended just now
                ask(settings.service.socket_path(), command)
            resource.prlimit(box.pid, resource.RLIMIT_NOFILE, (soft, most))
            eventually(partial(_is_answered, settings, command))
        box.terminate()
        assert box.wait(timeout=60) == 0


def _is_answered(settings: Settings, command: Command) -> bool:
    with suppress(ServiceError):
        return "error" not in ask(settings.service.socket_path(), command)
    return False


def test_a_box_with_too_many_open_files_replies_again_once_it_can_open_files(
    settings_file: Path, settings: Settings, library: PrivateMpd
) -> None:
    with test_killed.running(settings_file, settings) as box:
        eventually(lambda: status(settings).get("playing") == "play")
        _, most = resource.prlimit(box.pid, resource.RLIMIT_NOFILE)
        resource.prlimit(box.pid, resource.RLIMIT_NOFILE, (3, most))
        eventually(lambda: not status(settings))
        resource.prlimit(box.pid, resource.RLIMIT_NOFILE, (most, most))
        eventually(lambda: status(settings).get("playing") == "play", 60)
        box.terminate()
        assert box.wait(timeout=60) == 0
