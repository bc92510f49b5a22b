"""The verbs, each as a process of its own: what scripts and people rely on."""

from __future__ import annotations

import contextlib
import json
import os
import re
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

import mpd
import numpy as np
import pytest

from device.config.settings import Settings
from device.demo.server import PrivateMpd
from device.library.index import LibraryIndex
from tests.device.conftest import HAPPY, PICTURES
from tests.device.vision.odd_pictures import APPLE_DOUBLE, encoded, png_of_zeros
from tests.waiting import eventually

MOCK_PINS = {"GPIOZERO_PIN_FACTORY": "mock", "GPIOZERO_MOCK_PIN_CLASS": "mockpwmpin"}


def moodbox(*words: str | Path, **environment: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "device", *map(str, words)],
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
    """`moodbox run`, from when it answers."""
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
    answered: dict[str, Any] = json.loads(_status(settings_file).stdout)
    return answered


def test_look_in_json_is_one_line_with_the_contracts_keys() -> None:
    asked = moodbox("look", "--camera", f"images:{HAPPY}", "--json")
    assert asked.returncode == 0
    (line,) = asked.stdout.splitlines()
    decision = json.loads(line)
    assert list(decision) == ["source", "mood", "verdict", "confidence", "probabilities", "face"]
    assert decision["source"] == f"images:{HAPPY}"
    assert (decision["mood"], decision["verdict"]) == ("happy", "mood")
    assert set(decision["probabilities"]) == {"happy", "neutral", "sad"}
    assert decision["confidence"] == max(decision["probabilities"].values())
    assert len(decision["face"]) == 4


def test_look_each_judges_every_picture_by_itself(tmp_path: Path) -> None:
    (tmp_path / "deep").mkdir()
    for number, source in enumerate(sorted(PICTURES.glob("*.jpg"))):
        (tmp_path / "deep" / f"{number}.jpg").write_bytes(source.read_bytes())
    asked = moodbox("look", "--camera", f"images:{tmp_path}", "--each", "--json")
    verdicts = [json.loads(line) for line in asked.stdout.splitlines()]
    assert [(Path(v["source"]).name, v["mood"]) for v in verdicts] == [
        ("0.jpg", "happy"),
        ("1.jpg", "neutral"),
    ]
    assert asked.returncode == 0


def test_look_each_goes_on_after_a_broken_picture_and_says_which(tmp_path: Path) -> None:
    (tmp_path / "1.jpg").write_bytes(b"broken")
    (tmp_path / "2.jpg").write_bytes(HAPPY.read_bytes())
    asked = moodbox("look", "--camera", f"images:{tmp_path}", "--each", "--json")
    assert json.loads(asked.stdout)["mood"] == "happy"
    assert f"moodbox: {tmp_path}/1.jpg: not a picture that can be read" in asked.stderr.splitlines()
    assert asked.returncode == 1


def test_look_each_passes_over_what_is_no_picture_and_judges_odd_ones(tmp_path: Path) -> None:
    (tmp_path / "._happy.jpg").write_bytes(APPLE_DOUBLE)
    for name, content in (
        ("1.jpg", HAPPY.read_bytes()),
        ("2.png", encoded(".png", np.full((3, 1000), 128, np.uint8))),
        ("3.png", encoded(".png", np.full((1, 1), 128, np.uint8))),
        ("4.png", png_of_zeros(20_000, 20_000, rows=1)),
        ("5.png", encoded(".png", np.full((1000, 3), 128, np.uint8))),
    ):
        (tmp_path / name).write_bytes(content)
    asked = moodbox("look", "--camera", f"images:{tmp_path}", "--each", "--json")
    verdicts = [json.loads(line) for line in asked.stdout.splitlines()]
    assert [(Path(v["source"]).name, v["verdict"]) for v in verdicts] == [
        ("1.jpg", "mood"),
        ("2.png", "no_face"),
        ("3.png", "no_face"),
        ("5.png", "no_face"),
    ]
    assert [line for line in asked.stderr.splitlines() if line.startswith("moodbox: ")] == [
        f"moodbox: {tmp_path}/4.png: too large a picture, above 34 megapixels: make it smaller"
    ]
    assert asked.returncode == 1


@pytest.mark.parametrize(
    "terminal",
    [
        {"PYTHONIOENCODING": "utf-8"},
        {"PYTHONIOENCODING": "iso8859-15"},
        {"PYTHONIOENCODING": "ascii"},
        {"LC_ALL": "C", "PYTHONCOERCECLOCALE": "0", "PYTHONUTF8": "0"},
    ],
    ids=lambda variables: " ".join(variables.values()),
)
def test_any_name_of_a_file_is_printed_on_any_terminal(tmp_path: Path, terminal: dict[str, str]) -> None:
    names = (b"caf\xe9.jpg", "h\u00e4ppy \u2603.jpg".encode(), b"two\nlines \x1b[2J.jpg", b"z\xff.jpg")
    for name in names[:-1]:
        Path(os.fsdecode(bytes(tmp_path) + b"/" + name)).write_bytes(HAPPY.read_bytes())
    Path(os.fsdecode(bytes(tmp_path) + b"/" + names[-1])).write_bytes(b"broken")
    asked = moodbox("look", "--camera", f"images:{tmp_path}", "--each", **terminal)
    assert asked.returncode == 1
    lines = asked.stdout.splitlines()
    assert len(lines) == 3
    assert all(re.fullmatch(r".*: happy \(\d+%\)", line) for line in lines)
    assert "\x1b" not in asked.stdout
    assert "Traceback" not in asked.stderr
    assert "z\\udcff.jpg: not a picture that can be read" in asked.stderr
    asked = moodbox("look", "--camera", f"images:{tmp_path}", "--each", "--json", **terminal)
    assert asked.stdout.isascii()
    sources = [json.loads(line)["source"] for line in asked.stdout.splitlines()]
    if "LC_ALL" not in terminal:  # Python takes names for ASCII there, and gives the same bytes otherwise
        assert sorted(os.fsencode(Path(source).name) for source in sources) == sorted(names[:-1])


def test_a_look_through_a_folder_passes_over_what_cannot_be_read_with_a_word(tmp_path: Path) -> None:
    (tmp_path / "1.jpg").write_bytes(b"broken")
    (tmp_path / "2.jpg").write_bytes(HAPPY.read_bytes())
    asked = moodbox("look", "--camera", f"images:{tmp_path}")
    assert asked.stdout.startswith(f"images:{tmp_path}: happy (")
    assert f"{tmp_path}/1.jpg: not a picture that can be read; it is passed over" in asked.stderr
    assert asked.returncode == 0
    (tmp_path / "2.jpg").unlink()
    asked = moodbox("look", "--camera", f"images:{tmp_path}")
    assert f"moodbox: {tmp_path}: no picture in it can be read; copy them there again" in asked.stderr
    assert asked.returncode == 1


def test_look_for_people_is_a_readable_line() -> None:
    asked = moodbox("look", "--camera", f"images:{HAPPY}")
    assert asked.stdout.startswith(f"images:{HAPPY}: happy (")


@pytest.mark.parametrize(
    ("words", "code", "message"),
    [
        (["look", "--camera", "images:~nobody-of-this-name/x", "--each"], 1, "there is no such user"),
        (["look", "--camera", f"images:{'x' * 300}"], 1, "cannot be read: File name too long"),
        (["look", "--camera", "webcam:77"], 1, "no webcam 77 (/dev/video77): plug one in"),
        (["look", "--camera", "image:x"], 2, "did you mean 'images:PATH'?"),
        (["look", "--each", "--camera", "webcam:0"], 2, "--each judges pictures: add --camera images:PATH"),
        (["look", "--camera", "images:/nowhere"], 1, "/nowhere: no such file or folder"),
    ],
)
def test_a_mistake_is_one_line_and_an_exit_code(words: list[str], code: int, message: str) -> None:
    asked = moodbox(*words)
    assert asked.returncode == code
    assert asked.stdout == ""
    (line,) = asked.stderr.splitlines()
    assert line.startswith("moodbox: ")
    assert message in line


def test_check_says_of_each_part_whether_it_can_serve(settings_file: Path, library: PrivateMpd) -> None:
    asked = moodbox("check", "--json", "--settings", settings_file)
    findings = json.loads(asked.stdout)
    assert [f["part"] for f in findings] == [
        "settings",
        "model",
        "camera",
        "panel",
        "player",
        "library",
        "storage",
    ]
    assert all(f["well"] for f in findings), findings
    assert asked.returncode == 0


def test_check_says_what_is_wrong_and_how_to_mend_it(settings_file: Path) -> None:
    settings_file.write_text(settings_file.read_text().replace("images:", "webcam:7 # "))
    settings_file.write_text(settings_file.read_text().replace("webcam:7 # ", 'webcam:7" # '))
    asked = moodbox("check", "--settings", settings_file, GPIOZERO_PIN_FACTORY="lgpio")
    bad = [line for line in asked.stdout.splitlines() if line.startswith("BAD")]
    assert [line.split()[1] for line in bad] == ["camera", "panel", "player", "library"]
    assert "plug one in" in bad[0]
    assert "apt install python3-lgpio" in bad[1]
    assert "systemctl start mpd" in bad[2]
    assert asked.returncode == 1


def test_check_finds_an_empty_library(settings_file: Path, mpd: PrivateMpd) -> None:
    asked = moodbox("check", "--settings", settings_file)
    assert "BAD  library   MPD's library has no songs" in asked.stdout
    assert asked.returncode == 1


def test_check_says_how_many_songs_were_listened_to(
    settings_file: Path, settings: Settings, library: PrivateMpd
) -> None:
    settings_file.write_text(settings_file.read_text().replace("listen = false", "listen = true"))
    moodbox("songs", "--mood", "sad", "--settings", settings_file)
    with closing(LibraryIndex.open(settings.service.state_path())) as index:
        (song,) = index.unanalyzed("", 1, known=True)
        index.keep_analysis(song, "silence", song.affect)
    asked = moodbox("check", "--settings", settings_file)
    assert "ok   library   48 songs; 1 listened to, in 1 of them nothing is heard\n" in asked.stdout


def test_check_says_why_songs_are_not_listened_to_and_calls_it_no_trouble(
    settings_file: Path, library: PrivateMpd, tmp_path: Path
) -> None:
    away = f'listen = true\nfolder = "{tmp_path / "away"}"'
    settings_file.write_text(settings_file.read_text().replace("listen = false", away))
    asked = moodbox("check", "--settings", settings_file)
    assert "ok   library   48 songs; they are not listened to: " in asked.stdout
    assert "is not there, or may not be read by this user" in asked.stdout


def test_check_says_why_mpd_cannot_play(settings_file: Path, library: PrivateMpd) -> None:
    library.stop()
    configuration = library.folder / "mpd.conf"
    configuration.write_text(configuration.read_text().replace('type "null"', 'type "alsa"\ndevice "hw:77"'))
    library.start()
    with contextlib.suppress(mpd.CommandError):
        library.client().add("sad/01.ogg")
        library.client().play()
    eventually(lambda: "error" in library.client().status())
    asked = moodbox("check", "--settings", settings_file)
    assert "BAD  player    MPD says: " in asked.stdout
    assert asked.returncode == 1


def test_check_beside_a_running_box_takes_its_word_for_what_it_holds(
    settings_file: Path, library: PrivateMpd
) -> None:
    with running(settings_file):
        asked = moodbox("check", "--settings", settings_file)
    assert "in use by the box that runs" in asked.stdout
    assert asked.returncode == 0


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
        box.terminate()
        assert box.stderr
        assert box.stderr.read().count(" look: happy") == 2
    assert "mood         happy" in table
    assert "stepped_back no" in table


def test_status_press_and_skip_without_a_box_say_how_to_start_one(settings_file: Path) -> None:
    for verb in ("status", "press", "skip"):
        asked = moodbox(verb, "--settings", settings_file)
        assert asked.returncode == 1
        assert "no box runs here" in asked.stderr
        assert "moodbox run" in asked.stderr


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT, signal.SIGHUP])
def test_a_signal_ends_it_clean(
    settings_file: Path, library: PrivateMpd, settings: Settings, number: int
) -> None:
    with running(settings_file) as box:
        box.send_signal(number)
        assert box.wait(timeout=20) == 0
        assert box.stderr
        assert "Traceback" not in box.stderr.read()
    assert not settings.service.socket_path().exists()


def test_a_signal_ends_it_even_while_mpd_hangs(settings_file: Path, library: PrivateMpd) -> None:
    with running(settings_file) as box:
        os.kill(library.pid, signal.SIGSTOP)
        try:
            moodbox("press", "--settings", settings_file)
            box.terminate()
            assert box.wait(timeout=20) == 0
        finally:
            os.kill(library.pid, signal.SIGCONT)


def test_a_box_sees_past_pictures_that_are_broken_or_odd(
    settings_file: Path, library: PrivateMpd, tmp_path: Path
) -> None:
    """The folder's name is not UTF-8: it comes with --camera, since a settings file has only what is."""
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
        assert box.wait(timeout=20) == 0
        assert box.stderr
        log = box.stderr.read()
    assert log.count("caf\\udce9/a.jpg: not a picture that can be read; it is passed over") == 1
    assert "Traceback" not in log


def test_the_log_has_one_line_for_each_look(settings_file: Path, library: PrivateMpd) -> None:
    with running(settings_file) as box:
        eventually(lambda: status(settings_file)["mood"] == "happy")
        box.terminate()
        assert box.stderr
        looks = [line for line in box.stderr.read().splitlines() if " look: " in line]
    (line,) = looks
    assert "look: happy" in line
    assert "1 readings of 1 frames in" in line


def test_a_terminal_that_hands_on_the_journals_name_still_gets_the_log(
    settings_file: Path, library: PrivateMpd
) -> None:
    with running(settings_file, JOURNAL_STREAM="9:12345") as box:
        box.terminate()
        assert box.stderr
        assert "moodbox 0." in box.stderr.read()


def test_systemd_hears_that_it_is_ready_how_it_is_and_that_it_lives(
    settings_file: Path, library: PrivateMpd, tmp_path: Path
) -> None:
    heard = ""
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as systemd:
        systemd.bind(str(tmp_path / "notify"))
        systemd.settimeout(20)
        with running(settings_file, NOTIFY_SOCKET=str(tmp_path / "notify"), WATCHDOG_USEC="100000") as box:
            while "STATUS=happy" not in heard or heard.count("WATCHDOG=1") < 5:
                heard += systemd.recv(1000).decode() + "\n"
            box.send_signal(signal.SIGSTOP)
            time.sleep(0.2)
            systemd.setblocking(False)
            with contextlib.suppress(BlockingIOError):  # what it had said before
                while True:
                    systemd.recv(1000)
            time.sleep(0.3)
            with pytest.raises(BlockingIOError):  # a box that does not turn gives no sign of life
                systemd.recv(1000)
            box.send_signal(signal.SIGCONT)
            systemd.settimeout(20)
            box.terminate()
            while "STOPPING=1" not in heard:
                heard += systemd.recv(1000).decode() + "\n"
    assert heard.startswith("READY=1\n")


def test_a_wrong_setting_starts_nothing(settings_file: Path, settings: Settings) -> None:
    settings_file.write_text("[panel]\nbuton = 3\n")
    asked = moodbox("run", "--settings", settings_file)
    assert asked.returncode == 2
    assert asked.stderr == f"moodbox: {settings_file}: panel.buton: unknown key; did you mean 'button'?\n"
    assert not settings.service.socket_path().exists()


def test_the_device_never_imports_the_workshop() -> None:
    program = """
import sys
import device.cli.main, device.cli.check, device.assembly, device.box.box
import device.vision.observation, device.playback.controller
workshop = {"converter", "tensorflow", "keras", "matplotlib", "rich", "soundfile"}
print(workshop.intersection(name.partition(".")[0] for name in sys.modules))
"""
    asked = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert asked.stdout == "set()\n"
