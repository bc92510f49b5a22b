"""The audio client and its worker: priority, crashes, timeouts and shutdown."""

from __future__ import annotations

import errno
import os
import select
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from pathlib import Path
from typing import Any

import numpy as np
import psutil
import pytest
import soundfile

from device.demo.songs import RATE, SONGS, synthesize
from device.errors import SoundError
from device.library.audio import client as audio_client
from device.library.audio.client import MAX_CONSECUTIVE_CRASHES, WORKER, AudioClient, WorkerNotStartedError
from device.library.audio.features import Features
from tests.device.library.audio import prompt_worker
from tests.waiting import eventually


@pytest.fixture(scope="module")
def song(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("songs") / "song.wav"
    soundfile.write(path, synthesize(SONGS[0], np.random.default_rng(1)), RATE)
    return path


@pytest.fixture
def endless(tmp_path: Path) -> Path:
    """A song whose disk never answers: a pipe without a writer."""
    path = tmp_path / "endless.wav"
    os.mkfifo(path)
    return path


@pytest.fixture
def client() -> Iterator[AudioClient]:
    with closing(AudioClient()) as made:
        yield made


def workers() -> list[psutil.Process]:
    found = []
    for each in psutil.Process().children():
        with suppress(psutil.NoSuchProcess):  # it has just ended, or is a zombie of another test
            if {WORKER, prompt_worker.__name__} & set(each.cmdline()):
                found.append(each)
    return found


def child() -> psutil.Process:
    (found,) = workers()
    return found


def children() -> int:
    return len(workers())


@contextmanager
def reached(path: Path) -> Iterator[None]:
    """Wait until the worker has opened the endless song, and keep it waiting for data."""
    held: list[int] = []

    def opened() -> bool:
        with suppress(OSError):  # until there is a reader
            held.append(os.open(path, os.O_WRONLY | os.O_NONBLOCK))
        return bool(held)

    eventually(opened)
    yield
    os.close(held[0])


class BackgroundAnalysis:
    """The analysis of a song on another thread."""

    def __init__(self, client: AudioClient, path: Path) -> None:
        self.result: Features | str | SoundError | None = None
        self._thread = threading.Thread(target=self._analyze, args=(client, path), daemon=True)
        self._thread.start()

    def _analyze(self, client: AudioClient, path: Path) -> None:
        try:
            self.result = client.analyze(path)
        except SoundError as error:
            self.result = error

    def end(self) -> Features | str | SoundError | None:
        self._thread.join(60)
        assert not self._thread.is_alive()
        return self.result


def test_the_worker_runs_at_idle_priority(
    client: AudioClient, song: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(audio_client, "WORKER", WORKER)
    client.analyze(song)
    assert os.sched_getscheduler(child().pid) == os.SCHED_IDLE
    assert child().nice() == 19
    assert Path(f"/proc/{child().pid}/oom_score_adj").read_text().strip() == "1000"


def test_one_worker_analyzes_many_songs_and_its_memory_does_not_grow(client: AudioClient, song: Path) -> None:
    for _ in range(3):
        assert isinstance(client.analyze(song), Features)
    before, process = own_memory(child()), child()
    for _ in range(20):
        client.analyze(song)
    assert child() == process
    assert own_memory(child()) < before + 4 * 2**20


def own_memory(process: psutil.Process) -> int:
    """Bytes, without those of files: where memory is short, they go and come back."""
    info = process.memory_info()
    return int(info.rss - info.shared)


def test_a_song_that_hangs_is_a_fault_after_the_timeout_and_the_next_is_analyzed(
    song: Path, endless: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with closing(AudioClient()) as client:
        assert isinstance(client.analyze(song), Features)
        monkeypatch.setattr(client, "_timeout_s", 1)
        assert client.analyze(endless) == "the analysis takes too long"
        monkeypatch.undo()
        assert isinstance(client.analyze(song), Features)


def test_a_song_is_not_given_up_because_box_and_worker_were_stopped(
    song: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """By Ctrl-Z, say: all of a wait is over then."""
    wait, waits = select.select, []

    def stopped_at_first(*arguments: Any) -> Any:
        waits.append(arguments)
        return wait(*arguments) if len(waits) > 1 else ([], [], [])

    with closing(AudioClient()) as client:
        client.start()
        monkeypatch.setattr(select, "select", stopped_at_first)
        assert isinstance(client.analyze(song), Features)
    assert len(waits) > 1


def test_a_song_that_crashes_the_worker_is_a_fault_and_the_next_is_analyzed(
    client: AudioClient, song: Path, endless: Path
) -> None:
    client.analyze(song)
    process = child()
    analysis = BackgroundAnalysis(client, endless)
    with reached(endless):
        process.send_signal(signal.SIGSEGV)
        assert analysis.end() == "the decoder crashed on it (-11)"
    assert isinstance(client.analyze(song), Features)


def test_a_worker_that_dies_between_two_songs_is_restarted_without_a_fault(
    client: AudioClient, song: Path
) -> None:
    client.analyze(song)
    process = child()
    process.kill()
    eventually(lambda: process.status() == "zombie")
    assert isinstance(client.analyze(song), Features)


def test_a_worker_that_fails_on_every_song_is_an_error_not_a_fault_of_the_songs(endless: Path) -> None:
    with closing(AudioClient(timeout_s=0.1)) as client:
        for _ in range(MAX_CONSECUTIVE_CRASHES - 1):
            assert client.analyze(endless) == "the analysis takes too long"
        with pytest.raises(SoundError, match="fails on every song"):
            client.analyze(endless)


def test_closing_ends_an_analysis_without_a_fault(client: AudioClient, song: Path, endless: Path) -> None:
    client.analyze(song)
    analysis = BackgroundAnalysis(client, endless)
    with reached(endless):
        client.close()
        assert isinstance(analysis.end(), SoundError)
    eventually(lambda: children() == 0)


def test_a_worker_that_not_even_a_kill_ends_does_not_keep_the_box_from_ending(
    song: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """So it is with a process that waits for a disk that is away."""
    client = AudioClient()
    client.analyze(song)
    worker = child()
    worker.suspend()
    with monkeypatch.context() as patch:
        patch.setattr(audio_client, "EXIT_TIMEOUT_S", 0.1)
        patch.setattr(subprocess.Popen, "kill", lambda _: None)
        client.close()
        assert client.stop_worker() is None
    worker.kill()
    worker.wait(timeout=60)


def test_the_worker_ignores_signals_to_the_whole_box(client: AudioClient, song: Path) -> None:
    client.analyze(song)
    process = child()
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        process.send_signal(number)
    assert isinstance(client.analyze(song), Features)
    assert child() == process


def test_a_stopped_worker_is_started_again_for_the_next_song(client: AudioClient, song: Path) -> None:
    client.analyze(song)
    client.stop_worker()
    eventually(lambda: children() == 0)
    assert isinstance(client.analyze(song), Features)


def test_the_worker_exits_when_the_box_is_killed(song: Path) -> None:
    code = (
        "import sys, time; from pathlib import Path; from device.library.audio.client import AudioClient\n"
        "AudioClient().analyze(Path(sys.argv[1])); print('analyzed', flush=True); time.sleep(60)"
    )
    with subprocess.Popen([sys.executable, "-c", code, song], stdout=subprocess.PIPE, text=True) as box:
        assert box.stdout
        assert box.stdout.readline() == "analyzed\n"
        (process,) = psutil.Process(box.pid).children()
        box.kill()
    eventually(lambda: not process.is_running() or process.status() == "zombie")


def test_a_missing_decoder_is_an_error(tmp_path: Path, song: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "soundfile.py").write_text("raise OSError('sndfile library not found')")
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    with closing(AudioClient()) as client, pytest.raises(SoundError, match="sndfile library not found"):
        client.analyze(song)


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
def test_an_invalid_answer_is_a_fault_and_the_next_song_is_analyzed(
    song: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, answer: str
) -> None:
    """A module named soundfile prints to the worker's output, as a faulty decoder may."""
    prints_first = (
        "import os, sys; del sys.path[sys.path.index(os.path.dirname(__file__))], sys.modules[__name__]\n"
        "import soundfile, device.library.audio.features\n"
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
    with closing(AudioClient()) as client:
        fault = client.analyze(odd)
        assert isinstance(fault, str)
        assert "invalid answer" in fault
        assert isinstance(client.analyze(song), Features)


def test_a_process_that_cannot_be_started_is_no_songs_fault_and_is_tried_again(
    client: AudioClient, sounds: dict[str, Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: object, **__: object) -> None:
        raise BlockingIOError(errno.EAGAIN, "Resource temporarily unavailable")

    with monkeypatch.context() as patch:
        patch.setattr(subprocess, "Popen", refuse)
        with pytest.raises(WorkerNotStartedError, match=r"cannot be started \(Resource temporarily"):
            client.analyze(sounds["still"])
    assert isinstance(client.analyze(sounds["still"]), Features)
