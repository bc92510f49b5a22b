"""The demo as its user sees it, on a pseudo-terminal."""

from __future__ import annotations

import re
import shlex
import shutil
import signal
import socket
import subprocess
import sys
from pathlib import Path

import cv2
import numpy as np
import pytest

from device.mood import Mood
from tests.device.conftest import HAPPY
from tests.device.demo.demo import BACK, ON_ITS_OWN_SCREEN, demo
from tests.waiting import eventually

pytest.importorskip("rich")  # the box alone does not need it

# The keys of a test that is late still count as those of one that is held.
PATIENT = """
from device.demo import space_bar
space_bar.FIRST_REPEAT_S = space_bar.REPEAT_S = 1.0
"""
CRASH = """
from device.demo import show
from device.demo.screen import screen
count = iter(range(1))
show.screen = lambda *size: screen(*size) if next(count, None) is not None else 1 / 0
"""


def ran(*command: str) -> str:
    """All that a command has printed."""
    done = subprocess.run(command, capture_output=True, text=True, check=False, cwd="/")
    return done.stdout + done.stderr


def test_the_screen_has_the_size_of_the_terminal_also_after_a_change() -> None:
    with demo(size=(60, 15)) as running:
        eventually(lambda: running.shows("The Solder Joints"))
        eventually(lambda: [len(line) for line in running.screen()] == [60] * 15)
        running.resize(100, 30)
        eventually(lambda: [len(line) for line in running.screen()] == [100] * 30)
        running.resize(20, 4)
        eventually(lambda: running.shows("space s h q"))


def test_a_model_of_seven_moods_has_seven_lights() -> None:
    with demo("--model", "mood7") as running:
        eventually(lambda: all(running.shows(f"● {mood}") for mood in Mood))


def test_the_printed_command_asks_the_demos_own_box() -> None:
    with demo() as running:
        eventually(lambda: running.shows("The Solder Joints"))
        command = shlex.split(running.command())
        answer = subprocess.run(command, capture_output=True, text=True, check=True, cwd="/")
        assert "music      plays: The Solder Joints - Window Seat" in answer.stdout
        look = subprocess.run([command[0], "look"], capture_output=True, text=True, check=False, cwd="/")
        assert re.fullmatch(r"images:/.*: happy \(\d+ %\)\n", look.stdout), "it sees what the box sees"
        running.type(" ")
        eventually(lambda: "grace_hopper" in ran(command[0], "look"), pause=1.0)
        ran(command[0], "camera", "off")
        assert "the camera is switched off" in ran(command[0], "look")
        other = [command[0], "status", "--settings", "/no/such/file.toml"]
        refused = subprocess.run(other, capture_output=True, text=True, check=False, cwd="/")
        assert "/no/such/file.toml" in refused.stderr, "settings that somebody gives count"
        running.type("q")
        eventually(lambda: "ended with 0" in running.output)
        assert not Path(command[0]).parent.exists()


def test_the_demo_has_a_page_that_ends_with_it() -> None:
    with demo() as running:
        eventually(lambda: running.shows("its page: http://127.0.0.1:"))
        [port] = set(re.findall(r"http://127\.0\.0\.1:(\d+)/open/[\w-]{32} ", "\n".join(running.screen())))
        address = ("127.0.0.1", int(port))
        socket.create_connection(address, timeout=10).close()
        running.type("q")
        eventually(lambda: "ended with 0" in running.output)
        with pytest.raises(ConnectionRefusedError):
            socket.create_connection(address, timeout=10)


@pytest.mark.parametrize("key", ["q", "\x03"])
def test_quitting_gives_the_terminal_back_as_it_was(key: str) -> None:
    with demo() as running:
        eventually(lambda: running.shows("q: quit"))
        assert not running.echoes()
        running.type(key)
        eventually(lambda: "ended with 0" in running.output)
        assert running.output.rindex(BACK) > running.output.rindex(ON_ITS_OWN_SCREEN)
        assert running.echoes()


def test_ctrl_c_while_it_starts_is_no_failure() -> None:
    command = [sys.executable, "-m", "device", "demo"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as started:
        assert started.stdout
        assert any(line.startswith("making ") for line in started.stdout)
        started.send_signal(signal.SIGINT)
        assert started.wait(60) == 0


def test_a_crash_gives_the_terminal_back_before_it_is_reported() -> None:
    with demo(preparation=CRASH) as running:
        eventually(lambda: "ended with 1" in running.output)
        assert running.output.index(BACK) < running.output.index("ZeroDivisionError")
        assert running.echoes()


def test_a_demo_that_is_killed_leaves_the_terminal_as_it_was() -> None:
    with demo() as running:
        folder = Path(shlex.split(running.command())[0]).parent
        running.kill()
        eventually(lambda: "ended with 137" in running.output and BACK in running.output)
        eventually(running.echoes)
    shutil.rmtree(folder)  # nobody else does


def test_ctrl_z_gives_the_terminal_back_and_fg_draws_the_screen_again() -> None:
    with demo() as running:
        eventually(lambda: running.shows("The Solder Joints"))
        running.type("\x1a")
        eventually(lambda: "stopped" in running.output.rpartition(BACK)[2])
        assert running.echoes()
        running.type("\n")
        eventually(lambda: running.output.rindex(ON_ITS_OWN_SCREEN) > running.output.rindex(BACK))
        eventually(lambda: running.shows("The Solder Joints") and running.shows("q: quit"))
        assert not running.shows("player:")  # the box is not in trouble
        assert not running.echoes()
        running.type("q")
        eventually(lambda: "ended with 0" in running.output)


def test_a_space_bar_that_is_held_is_a_button_that_is_held() -> None:
    with demo(preparation=PATIENT) as running:
        eventually(lambda: running.shows("The Solder Joints"))

        def paused() -> bool:
            running.type(" ")  # the key repeats
            return running.shows("if you let go, it pauses or resumes")

        eventually(paused, pause=0.05)
        eventually(lambda: running.shows("paused"))
        assert not running.shows("skipped")


@pytest.mark.parametrize("variables", [{"TERM": "dumb"}, {"PYTHONIOENCODING": "ascii"}])
def test_a_terminal_that_cannot_draw_gets_lines(variables: dict[str, str]) -> None:
    with demo(environment=variables) as running:
        eventually(lambda: "ended with 0" in running.output)
        assert "picture 1: eileen_collins.jpg" in running.output
        assert "light: happy; song: The Solder Joints - Window Seat" in running.output
        assert "\x1b" not in running.output


def test_in_lines_every_press_says_what_plays_also_if_nobody_is_there(tmp_path: Path) -> None:
    for name in ("1.png", "3.png"):
        cv2.imwrite(str(tmp_path / name), np.full((120, 160, 3), 128, np.uint8))
    shutil.copy(HAPPY, tmp_path / "2.jpg")
    with demo("--camera", f"images:{tmp_path}", environment={"TERM": "dumb"}) as running:
        eventually(lambda: "ended with 0" in running.output)
        before, after = re.findall(r"no face; song: (.*?)\r?\n", running.output)
        (happy,) = re.findall(r"light: happy; song: (.*?)\r?\n", running.output)
        assert (before, after) == ("none", happy)  # nobody was there at the start; then the song plays on
