"""`moodbox run`, and the verbs that ask the running box."""

from __future__ import annotations

import contextlib
import json
import os
import re
import signal
import socket
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import soundfile

from device.config.settings import Settings
from device.control.server import ControlServer
from device.demo.server import PrivateMpd
from device.mood import Mood
from tests.device.cli.commands import moodbox, running, status
from tests.device.conftest import HAPPY
from tests.device.vision.odd_pictures import APPLE_DOUBLE, encoded
from tests.waiting import eventually


def test_run_plays_and_press_skip_and_status_reach_it(settings_file: Path, library: PrivateMpd) -> None:
    with running(settings_file) as box:
        eventually(lambda: status(settings_file)["playing"] == "play")
        before = status(settings_file)["song"]
        assert moodbox("skip", "--settings", settings_file).returncode == 0
        eventually(lambda: status(settings_file)["song"] not in (before, None))
        before = status(settings_file)["song"]
        assert moodbox("press", "--settings", settings_file).returncode == 0
        eventually(lambda: status(settings_file)["song"] not in (before, None))
        table = moodbox("status", "--settings", settings_file).stdout
        assert moodbox("was", "sad", "--settings", settings_file).stdout == "the music is for sad now\n"
        assert "corrected to sad already" in moodbox("was", "sad", "--settings", settings_file).stdout
        corrected = moodbox("status", "--settings", settings_file).stdout
        box.terminate()
        assert box.stderr
        assert box.stderr.read().count(" look: happy") == 2
    assert "mood       happy" in table
    assert re.search(r"^seen       happy \d+ %, neutral \d+ %, sad \d+ %$", table, re.MULTILINE)
    assert "mood       sad, as somebody has said" in corrected
    assert re.search(r"^seen       happy \d+ %, .*, before it was corrected to \w+$", corrected, re.MULTILINE)


def test_status_press_and_skip_without_a_box_say_how_to_start_one(settings_file: Path) -> None:
    for verb in ("status", "press", "volume"):
        result = moodbox(verb, "--settings", settings_file)
        assert result.returncode == 1
        assert "no box runs here" in result.stderr
        assert "moodbox run" in result.stderr


def test_without_a_box_the_command_of_a_demo_that_runs_is_named(
    settings_file: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    command = tmp_path / "moodbox-demo-abc" / "moodbox"
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))

    def said() -> str:
        return moodbox("status", "--settings", settings_file).stderr

    assert "the demo's box" not in said()
    command.parent.mkdir()
    command.touch()
    with socket.socket(socket.AF_UNIX) as killed:
        killed.bind(str(command.with_name("control.sock")))
    assert "the demo's box" not in said(), "that demo was killed"
    command.with_name("control.sock").unlink()
    with contextlib.closing(
        ControlServer(command.with_name("control.sock"), lambda asked: asked.reply.put({"state": "mood"}))
    ):
        assert f"the demo's box is asked by {command}\n" in said()
        monkeypatch.setattr("os.geteuid", lambda: command.stat().st_uid + 1)
        assert "the demo's box" not in said(), "it is somebody else's program"


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT, signal.SIGHUP])
def test_a_signal_ends_it_cleanly(
    settings_file: Path, library: PrivateMpd, settings: Settings, number: int
) -> None:
    with running(settings_file) as box:
        box.send_signal(number)
        assert box.wait(timeout=60) == 0
        assert box.stderr
        assert "Traceback" not in box.stderr.read()
    assert not settings.service.socket_path().exists()


def test_a_signal_ends_it_even_while_mpd_hangs(settings_file: Path, library: PrivateMpd) -> None:
    with running(settings_file) as box:
        os.kill(library.pid, signal.SIGSTOP)
        try:
            moodbox("press", "--settings", settings_file)
            box.terminate()
            assert box.wait(timeout=60) == 0
        finally:
            os.kill(library.pid, signal.SIGCONT)


def test_a_box_skips_pictures_that_are_broken_or_odd(
    settings_file: Path, library: PrivateMpd, tmp_path: Path
) -> None:
    """The folder's name is not UTF-8, which a settings file cannot hold, so it is given by --camera."""
    folder = tmp_path / os.fsdecode(b"caf\xe9")
    folder.mkdir()
    (folder / "._b.jpg").write_bytes(APPLE_DOUBLE)
    (folder / "a.jpg").write_bytes(b"broken")
    (folder / "b.png").write_bytes(encoded(".png", np.full((3, 1000), 128, np.uint8)))
    (folder / "c.jpg").write_bytes(HAPPY.read_bytes())
    (tmp_path / "kept").mkdir()
    with running(
        settings_file, options=["--camera", f"images:{folder}"], STATE_DIRECTORY=str(tmp_path / "kept")
    ) as box:
        eventually(lambda: status(settings_file)["mood"] == "happy")
        assert status(settings_file)["trouble"] == {}
        box.terminate()
        assert box.wait(timeout=60) == 0
        assert box.stderr
        log = box.stderr.read()
    assert log.count("caf\\udce9/a.jpg: not a picture that can be read; it is skipped") == 1
    assert "Traceback" not in log


def test_the_log_has_one_line_for_each_look(settings_file: Path, library: PrivateMpd) -> None:
    with running(settings_file) as box:
        eventually(lambda: status(settings_file)["mood"] == "happy")
        box.terminate()
        assert box.stderr
        looks = [line for line in box.stderr.read().splitlines() if " look: " in line]
    (line,) = looks
    assert "look: happy" in line
    assert "a face in 1 of 1 frames" in line


def test_a_terminal_that_passes_on_journal_stream_still_gets_the_log(
    settings_file: Path, library: PrivateMpd
) -> None:
    with running(settings_file, JOURNAL_STREAM="9:12345") as box:
        box.terminate()
        assert box.stderr
        assert "moodbox 0." in box.stderr.read()


def test_a_box_that_was_stopped_goes_on_with_what_mpd_plays_by_then_and_learns_no_skip(
    settings_file: Path, mpd: PrivateMpd
) -> None:
    """By Ctrl-Z, and `fg`."""
    for number in range(10):
        # Of two seconds: of shorter songs a busy machine could see less than half.
        soundfile.write(mpd.music / f"{number}.ogg", np.zeros(16000), 8000, format="OGG", subtype="VORBIS")
    mpd.update()
    client = mpd.client()

    def ended() -> int:
        return sum(play["completed"] for play in played() if play["kind"] == "song")

    def played() -> list[dict[str, Any]]:
        output = moodbox("export", "--settings", settings_file).stdout
        return list(json.loads(output)["play_counts"])

    with running(settings_file) as box:
        eventually(client.currentsong)
        box.send_signal(signal.SIGSTOP)
        began = int(client.status().get("songid", 0))
        eventually(lambda: int(client.status().get("songid", began + 2)) >= began + 2)  # or to the end
        box.send_signal(signal.SIGCONT)
        eventually(lambda: status(settings_file)["playing"] == "play" and ended())
        after = status(settings_file)
        assert (after["stepped_back"], after["trouble"]) == (False, {})
        assert not any(play["skipped"] for play in played())


def test_systemd_is_notified_of_readiness_status_and_watchdog(
    settings_file: Path, library: PrivateMpd, tmp_path: Path
) -> None:
    received = ""
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as systemd:
        systemd.bind(str(tmp_path / "notify"))
        systemd.settimeout(60)
        with running(settings_file, NOTIFY_SOCKET=str(tmp_path / "notify"), WATCHDOG_USEC="100000") as box:
            while "STATUS=happy" not in received or received.count("WATCHDOG=1") < 5:
                received += systemd.recv(1000).decode() + "\n"
            box.send_signal(signal.SIGSTOP)
            time.sleep(0.2)
            systemd.setblocking(False)
            with contextlib.suppress(BlockingIOError):  # messages from before
                while True:
                    systemd.recv(1000)
            time.sleep(0.3)
            with pytest.raises(BlockingIOError):  # a loop that hangs does not feed the watchdog
                systemd.recv(1000)
            box.send_signal(signal.SIGCONT)
            systemd.settimeout(60)
            box.terminate()
            while "STOPPING=1" not in received:
                received += systemd.recv(1000).decode() + "\n"
    assert received.startswith("READY=1\n")


def test_a_wrong_setting_starts_nothing(settings_file: Path, settings: Settings) -> None:
    settings_file.write_text("[panel]\nbuton = 3\n")
    result = moodbox("run", "--settings", settings_file)
    assert result.returncode == 2
    assert result.stderr == f"moodbox: {settings_file}: panel.buton: unknown key; did you mean 'button'?\n"
    assert not settings.service.socket_path().exists()


def test_the_device_imports_neither_the_converter_nor_optional_packages() -> None:
    program = """
import sys
import device.cli.main, device.cli.check, device.assembly, device.box.box
import device.vision.observation, device.playback.controller
unwanted = {"converter", "tensorflow", "keras", "matplotlib", "rich", "soundfile", "paho"}
print(unwanted.intersection(name.partition(".")[0] for name in sys.modules))
not_yet = ("device.live", "device.library.audio.extraction", "device.library.audio.notes", "difflib")
print([name for name in sys.modules if name.startswith(not_yet)])
"""
    result = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    # Somebody has to watch, a song to be heard (in another process), a word to be mistyped.
    assert result.stdout == "set()\n[]\n"


def test_set_mood_plays_for_the_mood_and_names_those_that_there_are(
    settings_file: Path, library: PrivateMpd
) -> None:
    with running(settings_file):
        eventually(lambda: status(settings_file)["playing"] == "play")
        result = moodbox("set-mood", "Sad", "--settings", settings_file)
        assert (result.returncode, result.stdout) == (0, "the music is for sad until the next press\n")
        eventually(lambda: status(settings_file)["chosen_by"] == "hand")
        assert status(settings_file)["state"] == "by_hand"
        listed = moodbox("songs", "--settings", settings_file).stdout
        assert listed.startswith("sad (hand): 12 of 48 songs")
    assert moodbox("set-mood", "--settings", settings_file).returncode == 2


@pytest.mark.parametrize(
    ("words", "hint"),
    [
        (("set-mood", "sda"), "set-mood sda: did you mean 'sad'? (moodbox set-mood MOOD)"),
        (("set-mood", "feer"), "set-mood feer: did you mean 'fear'? (moodbox set-mood MOOD)"),
        (("set-mood", "cheerful"), "set-mood cheerful: did you mean 'happy'? (moodbox set-mood MOOD)"),
        (("set-mood", "xyz"), f"set-mood xyz: known are {', '.join(Mood)} (moodbox set-mood MOOD)"),
        (("set-mood", "sad\udcff"), r"set-mood sad\udcff: did you mean 'sad'? (moodbox set-mood MOOD)"),
        (("was", "sda"), "was sda: did you mean 'sad'? (moodbox was MOOD)"),
        (("was", "xyz"), "was xyz: the model tells happy, neutral, sad (moodbox was MOOD)"),
        (("was", "furious"), "was furious: the model tells happy, neutral, sad (moodbox was MOOD)"),
        (("was", "mad"), "was mad: the model tells happy, neutral, sad (moodbox was MOOD)"),
        (("was", "unhappy"), "was unhappy: the model tells happy, neutral, sad (moodbox was MOOD)"),
        (("was", "feer"), "was feer: the model tells happy, neutral, sad (moodbox was MOOD)"),
        (("set-mood", "mad"), f"set-mood mad: known are {', '.join(Mood)} (moodbox set-mood MOOD)"),
    ],
)
def test_a_mood_that_is_not_known_is_answered_with_the_nearest_or_with_those_that_the_box_takes(
    words: tuple[str, ...], hint: str
) -> None:
    result = moodbox(*words)
    assert (result.returncode, result.stderr) == (2, f"moodbox: {hint}\n")
