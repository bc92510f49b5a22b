"""The process that listens: it stands back, dies without harm, and ends with the box."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from pathlib import Path

import numpy as np
import psutil
import pytest
import soundfile

from device.demo.songs import RATE, SONGS, synthesize
from device.errors import SoundError
from device.sound.features import Features
from device.sound.listener import MOST_DEATHS, Listener
from tests.waiting import eventually


@pytest.fixture(scope="module")
def song(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("songs") / "song.wav"
    soundfile.write(path, synthesize(SONGS[0], np.random.default_rng(1)), RATE)
    return path


@pytest.fixture
def endless(tmp_path: Path) -> Path:
    """A song whose disk never answers: a pipe that nobody writes to."""
    path = tmp_path / "endless.wav"
    os.mkfifo(path)
    return path


@pytest.fixture
def listener() -> Iterator[Listener]:
    with closing(Listener()) as made:
        yield made


def child() -> psutil.Process:
    (found,) = [each for each in psutil.Process().children() if "device.sound.ear" in each.cmdline()]
    return found


def children() -> int:
    return sum("device.sound.ear" in each.cmdline() for each in psutil.Process().children())


@contextmanager
def reached(path: Path) -> Iterator[None]:
    """The process has opened the endless song, and waits for more of it."""
    held: list[int] = []

    def opened() -> bool:
        with suppress(OSError):  # until there is a reader
            held.append(os.open(path, os.O_WRONLY | os.O_NONBLOCK))
        return bool(held)

    eventually(opened)
    yield
    os.close(held[0])


class Hearing:
    """A song that is heard on another thread."""

    def __init__(self, listener: Listener, path: Path) -> None:
        self.result: Features | str | SoundError | None = None
        self._thread = threading.Thread(target=self._hear, args=(listener, path), daemon=True)
        self._thread.start()

    def _hear(self, listener: Listener, path: Path) -> None:
        try:
            self.result = listener.hear(path)
        except SoundError as error:
            self.result = error

    def end(self) -> Features | str | SoundError | None:
        self._thread.join(15)
        assert not self._thread.is_alive()
        return self.result


def test_it_runs_only_when_nobody_else_wants_to(listener: Listener, song: Path) -> None:
    listener.hear(song)
    assert os.sched_getscheduler(child().pid) == os.SCHED_IDLE
    assert child().nice() == 19
    assert Path(f"/proc/{child().pid}/oom_score_adj").read_text().strip() == "1000"


def test_one_process_hears_many_songs_and_its_memory_does_not_grow(listener: Listener, song: Path) -> None:
    for _ in range(3):
        assert isinstance(listener.hear(song), Features)
    before, process = child().memory_info().rss, child()
    for _ in range(20):
        listener.hear(song)
    assert child() == process
    assert child().memory_info().rss < before + 4 * 2**20


def test_a_song_that_hangs_is_a_fault_after_a_while_and_the_next_is_heard(song: Path, endless: Path) -> None:
    with closing(Listener(patience=3)) as listener:
        assert isinstance(listener.hear(song), Features)
        assert listener.hear(endless) == "it takes too long"
        assert isinstance(listener.hear(song), Features)


def test_a_song_that_kills_the_process_is_a_fault_and_the_next_is_heard(
    listener: Listener, song: Path, endless: Path
) -> None:
    listener.hear(song)
    process = child()
    hearing = Hearing(listener, endless)
    with reached(endless):
        process.send_signal(signal.SIGSEGV)
        assert hearing.end() == "the decoder died of it (-11)"
    assert isinstance(listener.hear(song), Features)


def test_a_process_that_dies_between_two_songs_is_no_songs_fault(listener: Listener, song: Path) -> None:
    listener.hear(song)
    process = child()
    process.kill()
    eventually(lambda: process.status() == "zombie")
    assert isinstance(listener.hear(song), Features)


def test_a_process_that_dies_of_every_song_is_not_the_songs_fault(endless: Path) -> None:
    with closing(Listener(patience=1)) as listener:
        for _ in range(MOST_DEATHS - 1):
            assert listener.hear(endless) == "it takes too long"
        with pytest.raises(SoundError, match="dies of every song"):
            listener.hear(endless)


def test_closing_ends_a_wait_and_blames_no_song(listener: Listener, song: Path, endless: Path) -> None:
    listener.hear(song)
    hearing = Hearing(listener, endless)
    with reached(endless):
        listener.close()
        assert isinstance(hearing.end(), SoundError)
    assert children() == 0


def test_a_signal_for_the_whole_box_does_not_end_a_song_in_the_middle(listener: Listener, song: Path) -> None:
    listener.hear(song)
    process = child()
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        process.send_signal(number)
    assert isinstance(listener.hear(song), Features)
    assert child() == process


def test_it_rests_when_there_is_nothing_to_hear(listener: Listener, song: Path) -> None:
    listener.hear(song)
    listener.rest()
    assert children() == 0
    assert isinstance(listener.hear(song), Features)


def test_it_ends_with_a_box_that_was_killed(song: Path) -> None:
    code = (
        "import sys, time; from pathlib import Path; from device.sound.listener import Listener\n"
        "listener = Listener(); listener.hear(Path(sys.argv[1])); print('heard', flush=True); time.sleep(60)"
    )
    with subprocess.Popen([sys.executable, "-c", code, song], stdout=subprocess.PIPE, text=True) as box:
        assert box.stdout
        assert box.stdout.readline() == "heard\n"
        (process,) = psutil.Process(box.pid).children()
        box.kill()
    eventually(lambda: not process.is_running() or process.status() == "zombie")


def test_without_what_decodes_it_says_so(tmp_path: Path, song: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "soundfile.py").write_text("raise OSError('sndfile library not found')")
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    with closing(Listener()) as listener, pytest.raises(SoundError, match="sndfile library not found"):
        listener.hear(song)


SOUND = '"loudness": -12.5, "onsets": 2.5, "tempo": 120, "pulse": 0.5, "mode": -0.1'


@pytest.mark.parametrize(
    "answer",
    [
        f'{{{SOUND}, "brightness": NaN}}',
        f'{{{SOUND}, "brightness": 1e999}}',
        f'{{{SOUND}, "brightness": null}}',
        f'{{{SOUND}, "brightness": "0.5"}}',
        f'{{{SOUND}, "brightness": 1.5}}',
        f"{{{SOUND}}}",
        '{"fault": 5}',
        '{"\udcb3": 5}',
        "[]",
        "decoder: warning",
    ],
)
def test_an_answer_that_is_no_measure_is_a_fault_and_the_next_song_is_heard(
    song: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, answer: str
) -> None:
    """By a soundfile of our own, which prints on the process's output as a decoder may."""
    prints_first = (
        "import os, sys; del sys.path[sys.path.index(os.path.dirname(__file__))], sys.modules[__name__]\n"
        "import soundfile, device.sound.features\n"
        f"class SoundFile(soundfile.SoundFile):\n"
        "    def __init__(self, path):\n"
        f"        if b'odd' in path: os.write(1, {os.fsencode(answer)!r} + b'\\n')\n"
        "        super().__init__(path)\n"
        "soundfile.SoundFile = SoundFile\n"
    )
    (tmp_path / "soundfile.py").write_text(prints_first)
    odd = tmp_path / "odd.wav"
    odd.write_bytes(song.read_bytes())
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    with closing(Listener()) as listener:
        fault = listener.hear(odd)
        assert isinstance(fault, str)
        assert "makes no sense" in fault
        assert isinstance(listener.hear(song), Features)
