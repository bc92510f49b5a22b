"""What the listening process answers to real files, whole and broken."""

from __future__ import annotations

import dataclasses
import json
import struct
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import msgspec
import numpy as np
import pytest
import soundfile
from numpy.typing import NDArray

from device.demo.songs import BLOCK, RATE, SONGS, synthesize
from device.sound.ear import SECONDS, _say, middle_of
from device.sound.features import Features, features_of
from device.sound.listener import Listener

FORMATS = {"ogg": "VORBIS", "flac": "PCM_16", "wav": "PCM_16", "mp3": "MPEG_LAYER_III", "aiff": "PCM_24"}
SONG = synthesize(SONGS[0], np.random.default_rng(1))


@pytest.fixture(scope="module")
def ear() -> Iterator[Listener]:
    with closing(Listener()) as listener:
        yield listener


def write(path: Path, sound: NDArray[np.float32] = SONG, rate: int = RATE) -> Path:
    kind = path.suffix[1:]
    channels = 1 if sound.ndim == 1 else sound.shape[1]
    container = {"mp3": "MP3"}.get(kind, kind.upper())
    with soundfile.SoundFile(path, "w", rate, channels, FORMATS[kind], format=container) as file:
        for start in range(0, len(sound), BLOCK):
            file.write(sound[start : start + BLOCK])
    return path


@pytest.mark.parametrize("kind", FORMATS)
def test_a_song_is_heard_in_every_format_as_it_is(ear: Listener, tmp_path: Path, kind: str) -> None:
    heard = ear.hear(write(tmp_path / f"song.{kind}"))
    asked = features_of(SONG, RATE)
    assert isinstance(heard, Features), heard
    assert heard.loudness == pytest.approx(asked.loudness, abs=0.5)
    assert heard.onsets == pytest.approx(asked.onsets, abs=0.3)
    assert heard.mode == pytest.approx(asked.mode, abs=0.1)


@pytest.mark.parametrize("name", ["Bj\udcf6rk.wav", "a\nb.wav", "'\" ; $(x).wav", "ブルース.wav", "-o.wav"])
def test_whatever_the_file_is_called(ear: Listener, tmp_path: Path, name: str) -> None:
    assert isinstance(ear.hear(write(tmp_path / "song.wav").rename(tmp_path / name)), Features)


def test_channels_and_rates_of_every_kind_are_one_channel_at_a_common_rate(tmp_path: Path) -> None:
    for channels, rate in ((1, 8000), (2, 44100), (2, 48000), (6, 96000), (2, 192000)):
        time = np.arange(4 * rate) / rate
        sound = np.repeat(0.1 * np.sin(2 * np.pi * 440 * time)[:, None], channels, 1).astype(np.float32)
        samples, at = middle_of(str(write(tmp_path / "tone.wav", sound, rate)))
        assert samples.ndim == 1
        assert at <= 44100
        assert len(samples) == pytest.approx(4 * at, rel=0.01)
        assert samples.max() == pytest.approx(0.1, abs=0.002)


def test_of_a_long_song_the_middle_is_heard(tmp_path: Path) -> None:
    seconds = 3 * SECONDS
    sound = np.repeat([0.0, 0.5, 0.0], SECONDS * 8000).astype(np.float32)
    samples, rate = middle_of(str(write(tmp_path / "long.flac", sound, 8000)))
    assert (len(sound), len(samples)) == (seconds * 8000, SECONDS * rate)
    assert samples.min() > 0.4


NOTHING = {
    "empty.ogg": b"",
    "text.mp3": b"this is not a song\n" * 100,
    "page.ogg": b"<!DOCTYPE html><html><body>404</body></html>",
    "random.flac": np.random.default_rng(3).bytes(100_000),
    "random.mp3": b"ID3\x04\x00\x00\x7f\x7f\x7f\x7f" + np.random.default_rng(4).bytes(100_000),
    "head.flac": b"fLaC\x00\x00\x00\x22" + b"\xff" * 34,
    "song.m4a": b"\x00\x00\x00\x20ftypM4A \x00\x00\x00\x00" + b"\x00" * 1000,
    # A header that promises 65535 channels at 4 GHz, and one whose data would be 4 GiB.
    "huge.wav": b"RIFF\xff\xff\xff\xffWAVEfmt " + struct.pack("<IHHIIHH", 16, 1, 65535, 2**32 - 1, 0, 0, 16),
    "long.wav": b"RIFF\xff\xff\xff\xffWAVEfmt "
    + struct.pack("<IHHIIHH4sI", 16, 1, 8, 384000, 6144000, 16, 16, b"data", 2**32 - 1),
}


@pytest.mark.parametrize("name", NOTHING)
def test_what_is_no_song_is_a_fault_in_words(ear: Listener, tmp_path: Path, name: str) -> None:
    path = tmp_path / name
    path.write_bytes(NOTHING[name])
    fault = ear.hear(path)
    assert isinstance(fault, str)
    assert fault
    assert "\n" not in fault


@pytest.mark.parametrize("kind", FORMATS)
@pytest.mark.parametrize("share", [0.0005, 0.01, 0.5, 0.99])
def test_a_song_that_was_cut_off_is_heard_as_far_as_it_goes_or_is_a_fault(
    ear: Listener, tmp_path: Path, kind: str, share: float
) -> None:
    path = write(tmp_path / f"song.{kind}")
    content = path.read_bytes()
    path.write_bytes(content[: int(share * len(content))])
    heard = ear.hear(path)
    assert isinstance(heard, str if share < 0.1 else (str, Features))
    if isinstance(heard, Features):
        assert heard.loudness == pytest.approx(features_of(SONG, RATE).loudness, abs=2)


@pytest.mark.parametrize("kind", FORMATS)
def test_a_song_with_holes_does_not_end_the_listening(ear: Listener, tmp_path: Path, kind: str) -> None:
    path = write(tmp_path / f"song.{kind}")
    chance = np.random.default_rng(5)
    content = bytearray(path.read_bytes())
    for at in chance.integers(0, len(content), 200):
        content[at] = int(chance.integers(256))
    path.write_bytes(content)
    assert isinstance(ear.hear(path), str | Features)
    assert isinstance(ear.hear(write(tmp_path / f"whole.{kind}")), Features)


def test_silence_short_sounds_and_numbers_that_are_none_are_faults(ear: Listener, tmp_path: Path) -> None:
    assert ear.hear(write(tmp_path / "a.wav", np.zeros(10 * 8000, np.float32), 8000)) == "silence"
    assert "only 1.0 s" in str(ear.hear(write(tmp_path / "b.wav", SONG[:RATE])))
    path = tmp_path / "c.wav"
    soundfile.write(path, np.full(10 * 8000, np.nan, np.float32), 8000, subtype="FLOAT")
    assert ear.hear(path) == "its samples are not all numbers"


@pytest.mark.parametrize("rate", [22_050, 44_100, 192_000])
@pytest.mark.parametrize("channels", [1, 2])
@pytest.mark.parametrize("burst", [10.0, 1e20, 3e38])
def test_a_burst_that_no_sound_card_could_play_is_heard_as_a_loud_one(
    ear: Listener, tmp_path: Path, rate: int, channels: int, burst: float
) -> None:
    tone = 0.1 * np.sin(2 * np.pi * 440 * np.arange(6 * rate) / rate).astype(np.float32)
    tone[2 * rate : 2 * rate + 4000] = burst
    path = tmp_path / "burst.wav"
    soundfile.write(path, np.repeat(tone[:, None], channels, 1), rate, subtype="FLOAT")
    heard = ear.hear(path)
    assert isinstance(heard, Features), heard
    assert msgspec.convert(dataclasses.asdict(heard), Features) == heard


def test_a_song_that_is_infinite_somewhere_is_a_fault(ear: Listener, tmp_path: Path) -> None:
    sound = SONG.copy()
    sound[5 * RATE] = np.inf
    path = tmp_path / "infinite.wav"
    soundfile.write(path, sound, RATE, subtype="FLOAT")
    assert ear.hear(path) == "its samples are not all numbers"


def test_a_measure_that_is_not_a_number_leaves_the_process_as_a_fault(
    capsys: pytest.CaptureFixture[str],
) -> None:
    _say({"loudness": -12.0, "brightness": float("nan")})
    _say({"loudness": float("inf")})
    lines = capsys.readouterr().out.splitlines()
    assert [list(json.loads(line, parse_constant=pytest.fail)) for line in lines] == [["fault"], ["fault"]]


def test_what_is_not_there_is_a_fault(ear: Listener, tmp_path: Path) -> None:
    assert isinstance(ear.hear(tmp_path / "gone.ogg"), str)
    assert isinstance(ear.hear(tmp_path), str)
