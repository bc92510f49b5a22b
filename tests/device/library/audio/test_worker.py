"""The audio worker's answers to real files, complete and damaged."""

from __future__ import annotations

import dataclasses
import functools
import io
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
from device.library.audio.client import AudioClient
from device.library.audio.extraction import extract_features
from device.library.audio.features import Features
from device.library.audio.worker import EXCERPT_S, EXCERPTS, FADE_S, _reply, read_excerpts

FORMATS = {"ogg": "VORBIS", "flac": "PCM_16", "wav": "PCM_16", "mp3": "MPEG_LAYER_III", "aiff": "PCM_24"}
SONG = synthesize(SONGS[0], np.random.default_rng(1))


@pytest.fixture(scope="module")
def client() -> Iterator[AudioClient]:
    with closing(AudioClient()) as client:
        yield client


def write(path: Path, sound: NDArray[np.float32] = SONG, rate: int = RATE) -> Path:
    path.write_bytes(
        encoded_song(path.suffix[1:]) if sound is SONG else encoded(path.suffix[1:], sound, rate)
    )
    return path


@functools.cache
def encoded_song(kind: str) -> bytes:
    return encoded(kind, SONG, RATE)


def encoded(kind: str, sound: NDArray[np.float32], rate: int) -> bytes:
    content = io.BytesIO()
    channels = 1 if sound.ndim == 1 else sound.shape[1]
    container = {"mp3": "MP3"}.get(kind, kind.upper())
    with soundfile.SoundFile(content, "w", rate, channels, FORMATS[kind], format=container) as file:
        for start in range(0, len(sound), BLOCK):
            file.write(sound[start : start + BLOCK])
    return content.getvalue()


@functools.cache
def extracted_from_song() -> Features:
    return extract_features(SONG, RATE)


@pytest.mark.parametrize("kind", FORMATS)
def test_a_song_has_the_same_features_in_every_format(client: AudioClient, tmp_path: Path, kind: str) -> None:
    analyzed = client.analyze(write(tmp_path / f"song.{kind}"))
    asked = extracted_from_song()
    assert isinstance(analyzed, Features), analyzed
    assert analyzed.loudness == pytest.approx(asked.loudness, abs=0.5)
    assert analyzed.onsets == pytest.approx(asked.onsets, abs=0.3)
    assert analyzed.mode == pytest.approx(asked.mode, abs=0.1)


@pytest.mark.parametrize("name", ["Bj\udcf6rk.wav", "a\nb.wav", "'\" ; $(x).wav", "ブルース.wav", "-o.wav"])
def test_a_file_with_any_name_is_analyzed(client: AudioClient, tmp_path: Path, name: str) -> None:
    assert isinstance(client.analyze(write(tmp_path / "song.wav").rename(tmp_path / name)), Features)


def test_any_channels_and_rates_become_one_channel_at_a_common_rate(tmp_path: Path) -> None:
    for channels, rate in ((1, 8000), (2, 44100), (2, 48000), (6, 96000), (2, 192000)):
        time = np.arange(4 * rate) / rate
        sound = np.repeat(0.1 * np.sin(2 * np.pi * 440 * time)[:, None], channels, 1).astype(np.float32)
        samples, at = read_excerpts(str(write(tmp_path / "tone.wav", sound, rate)))
        assert samples.ndim == 1
        assert at <= 44100
        assert len(samples) == pytest.approx(4 * at, rel=0.01)
        assert samples.max() == pytest.approx(0.1, abs=0.002)


def test_excerpts_from_all_parts_of_a_long_song_are_analyzed(tmp_path: Path) -> None:
    """Of nine parts with levels of 0.1 to 0.9 it reads the second, fifth and eighth."""
    sound = np.repeat(np.arange(1, 10) / 10, EXCERPT_S * 8000).astype(np.float32)
    samples, rate = read_excerpts(str(write(tmp_path / "long.flac", sound, 8000)))
    assert len(samples) == EXCERPTS * EXCERPT_S * rate
    fade = int(FADE_S * rate)
    for part, level in zip(np.split(samples, EXCERPTS), (0.2, 0.5, 0.8), strict=True):
        assert part[fade:-fade] == pytest.approx(level, abs=0.001)
        assert abs(part[[0, -1]]).max() < 0.01  # no step to the next one that sounds like a note


def test_of_a_long_truncated_song_the_excerpts_that_are_there_are_analyzed(
    client: AudioClient, tmp_path: Path
) -> None:
    for kind in ("mp3", "flac", "wav"):
        path = write(tmp_path / f"song.{kind}", np.tile(SONG, 4))
        content = path.read_bytes()
        path.write_bytes(content[: len(content) // 2])
        assert isinstance(client.analyze(path), Features)


UNREADABLE = {
    "empty.ogg": b"",
    "text.mp3": b"this is not a song\n" * 100,
    "page.ogg": b"<!DOCTYPE html><html><body>404</body></html>",
    "random.flac": np.random.default_rng(3).bytes(100_000),
    "random.mp3": b"ID3\x04\x00\x00\x7f\x7f\x7f\x7f" + np.random.default_rng(4).bytes(100_000),
    "head.flac": b"fLaC\x00\x00\x00\x22" + b"\xff" * 34,
    "song.m4a": b"\x00\x00\x00\x20ftypM4A \x00\x00\x00\x00" + b"\x00" * 1000,
    # A header with 65535 channels at 4 GHz, and one with 4 GiB of data.
    "huge.wav": b"RIFF\xff\xff\xff\xffWAVEfmt " + struct.pack("<IHHIIHH", 16, 1, 65535, 2**32 - 1, 0, 0, 16),
    "long.wav": b"RIFF\xff\xff\xff\xffWAVEfmt "
    + struct.pack("<IHHIIHH4sI", 16, 1, 8, 384000, 6144000, 16, 16, b"data", 2**32 - 1),
}


@pytest.mark.parametrize("name", UNREADABLE)
def test_a_file_that_is_not_a_song_is_a_fault_with_a_message(
    client: AudioClient, tmp_path: Path, name: str
) -> None:
    path = tmp_path / name
    path.write_bytes(UNREADABLE[name])
    fault = client.analyze(path)
    assert isinstance(fault, str)
    assert fault
    assert "\n" not in fault


@pytest.mark.parametrize("kind", FORMATS)
@pytest.mark.parametrize("share", [0.0005, 0.01, 0.5, 0.99])
def test_a_truncated_song_is_analyzed_as_far_as_it_goes_or_is_a_fault(
    client: AudioClient, tmp_path: Path, kind: str, share: float
) -> None:
    path = write(tmp_path / f"song.{kind}")
    content = path.read_bytes()
    path.write_bytes(content[: int(share * len(content))])
    analyzed = client.analyze(path)
    assert isinstance(analyzed, str if share < 0.1 else (str, Features))
    if isinstance(analyzed, Features):
        assert analyzed.loudness == pytest.approx(extracted_from_song().loudness, abs=2)


@pytest.mark.parametrize("kind", FORMATS)
def test_a_song_with_damaged_bytes_does_not_end_the_analysis(
    client: AudioClient, tmp_path: Path, kind: str
) -> None:
    path = write(tmp_path / f"song.{kind}")
    chance = np.random.default_rng(5)
    content = bytearray(path.read_bytes())
    for at in chance.integers(0, len(content), 200):
        content[at] = int(chance.integers(256))
    path.write_bytes(content)
    assert isinstance(client.analyze(path), str | Features)
    assert isinstance(client.analyze(write(tmp_path / f"whole.{kind}")), Features)


def test_silence_short_sounds_and_nan_are_faults(client: AudioClient, tmp_path: Path) -> None:
    assert client.analyze(write(tmp_path / "a.wav", np.zeros(10 * 8000, np.float32), 8000)) == "silence"
    assert "only 1.0 s" in str(client.analyze(write(tmp_path / "b.wav", SONG[:RATE])))
    path = tmp_path / "c.wav"
    soundfile.write(path, np.full(10 * 8000, np.nan, np.float32), 8000, subtype="FLOAT")
    assert client.analyze(path) == "its samples are not all numbers"


@pytest.mark.parametrize("rate", [22_050, 44_100, 192_000])
@pytest.mark.parametrize("channels", [1, 2])
@pytest.mark.parametrize("burst", [10.0, 1e20, 3e38])
def test_a_burst_far_above_full_scale_is_analyzed_as_a_loud_one(
    client: AudioClient, tmp_path: Path, rate: int, channels: int, burst: float
) -> None:
    tone = 0.1 * np.sin(2 * np.pi * 440 * np.arange(6 * rate) / rate).astype(np.float32)
    tone[2 * rate : 2 * rate + 4000] = burst
    path = tmp_path / "burst.wav"
    soundfile.write(path, np.repeat(tone[:, None], channels, 1), rate, subtype="FLOAT")
    analyzed = client.analyze(path)
    assert isinstance(analyzed, Features), analyzed
    assert msgspec.convert(dataclasses.asdict(analyzed), Features) == analyzed


def test_a_song_with_an_infinite_sample_is_a_fault(client: AudioClient, tmp_path: Path) -> None:
    sound = SONG.copy()
    sound[5 * RATE] = np.inf
    path = tmp_path / "infinite.wav"
    soundfile.write(path, sound, RATE, subtype="FLOAT")
    assert client.analyze(path) == "its samples are not all numbers"


def test_a_feature_that_is_not_a_number_is_reported_as_a_fault(
    capsys: pytest.CaptureFixture[str],
) -> None:
    _reply({"loudness": -12.0, "brightness": float("nan")})
    _reply({"loudness": float("inf")})
    lines = capsys.readouterr().out.splitlines()
    assert [list(json.loads(line, parse_constant=pytest.fail)) for line in lines] == [["fault"], ["fault"]]


def test_a_missing_file_is_a_fault(client: AudioClient, tmp_path: Path) -> None:
    assert isinstance(client.analyze(tmp_path / "gone.ogg"), str)
    assert isinstance(client.analyze(tmp_path), str)
