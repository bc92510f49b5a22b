"""Synthesizes a small library of songs: tempo, key and brightness fit the mood, tags are like real files'."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import soundfile
from numpy.typing import NDArray

from device.mood import Mood

RATE = 32000  # samples a second
SECONDS = 24
BLOCK = 4096  # libsndfile's Vorbis encoder overflows its stack on much larger ones (libsndfile #130)


@dataclass(frozen=True)
class Song:
    """A song to synthesize, with its tags."""

    mood: Mood
    title: str
    artist: str
    genre: str
    bpm: int
    key: int  # semitones above A3
    chords: tuple[int, ...]  # roots, in degrees of the scale
    minor: bool
    brightness: float  # the amplitude of each overtone relative to the one below
    drums: float  # loudness


MAJOR, MINOR = (0, 2, 4, 5, 7, 9, 11), (0, 2, 3, 5, 7, 8, 10)

SONGS = (
    Song(Mood.HAPPY, "Window Seat", "The Solder Joints", "Disco", 124, 3, (0, 4, 5, 3), False, 0.75, 0.5),
    Song(Mood.HAPPY, "First Try", "The Solder Joints", "Pop", 132, 5, (0, 3, 4, 3), False, 0.7, 0.45),
    Song(Mood.HAPPY, "Paper Hats", "Ohm Sweet Ohm", "Ska", 140, 0, (0, 5, 3, 4), False, 0.72, 0.5),
    Song(Mood.HAPPY, "Green Lights", "Ohm Sweet Ohm", "Funk", 112, -2, (0, 0, 3, 4), False, 0.78, 0.55),
    Song(Mood.NEUTRAL, "Kitchen Radio", "Half Duplex", "Jazz", 96, 2, (1, 4, 0, 5), False, 0.5, 0.2),
    Song(Mood.NEUTRAL, "Long Way Round", "Half Duplex", "Folk", 92, 7, (0, 3, 0, 4), False, 0.45, 0.1),
    Song(Mood.NEUTRAL, "Tuesday", "Ground Loop", "Indie", 100, -3, (0, 4, 1, 3), False, 0.55, 0.25),
    Song(Mood.NEUTRAL, "Map of the Area", "Ground Loop", "Acoustic", 88, 4, (0, 5, 1, 4), False, 0.4, 0.1),
    Song(Mood.SAD, "Last Bus", "Low Voltage", "Blues", 66, -5, (0, 3, 0, 4), True, 0.3, 0.05),
    Song(Mood.SAD, "Rain on Tin", "Low Voltage", "Ambient", 56, -7, (0, 5, 3, 4), True, 0.2, 0.0),
    Song(Mood.SAD, "The Other Chair", "Brownout", "Classical", 60, -2, (0, 3, 4, 0), True, 0.25, 0.0),
    Song(Mood.SAD, "Unsent", "Brownout", "Singer-Songwriter", 70, -4, (0, 5, 2, 4), True, 0.3, 0.05),
)


def make_library(folder: Path, songs: tuple[Song, ...] = SONGS) -> None:
    """Write each song as an Ogg Vorbis file, in a folder for its artist."""
    for track, song in enumerate(songs, start=1):
        path = folder / song.artist / f"{track:02} {song.title}.ogg"
        path.parent.mkdir(parents=True, exist_ok=True)
        with soundfile.SoundFile(path, "w", RATE, 1, format="OGG", subtype="VORBIS") as file:
            file.title, file.artist, file.genre = song.title, song.artist, song.genre
            file.album, file.date, file.tracknumber = "Songs a Box Made", "2026", str(track)
            sound = synthesize(song, np.random.default_rng(track))
            for start in range(0, len(sound), BLOCK):
                file.write(sound[start : start + BLOCK])


def synthesize(song: Song, rng: np.random.Generator) -> NDArray[np.float32]:
    """Synthesize chords, a bass, a melody of chord tones, and drums.

    Returns:
        float32, (RATE * SECONDS,), from -1 to 1.
    """
    beat = 60 / song.bpm
    sound = np.zeros(int(RATE * (SECONDS + 2)), dtype=np.float32)
    for number in range(int(SECONDS / beat)):
        root = song.chords[number // 4 % len(song.chords)]
        start = number * beat
        if number % 4 == 0:
            for step in (0, 2, 4):
                _add(
                    sound, start, _note(_pitch(song, root + step), 4 * beat, song.brightness * 0.8, 0.10, 0.6)
                )
        _add(sound, start, _note(_pitch(song, root - 7), beat, song.brightness, 0.22, 2.5))
        if rng.random() < 0.3 + 0.6 * song.drums:
            melody = root + int(rng.choice((0, 2, 4, 7, 9)))
            _add(sound, start, _note(_pitch(song, melody + 7), 1.5 * beat, song.brightness, 0.16, 3.5))
        if song.drums:
            hit = rng.standard_normal(int(RATE * 0.08)).astype(np.float32)
            fade = np.exp(-np.linspace(0, 9, hit.size, dtype=np.float32))
            _add(sound, start + beat / 2, 0.12 * song.drums * hit * fade)
            _add(sound, start, _note(55, 0.18, 0.2, 0.7 * song.drums, 18))
    sound = sound[: RATE * SECONDS]
    ends = np.minimum(1, np.minimum(np.arange(sound.size), np.arange(sound.size)[::-1]) / (0.4 * RATE))
    return np.asarray(0.8 * ends * sound / np.abs(sound).max(), dtype=np.float32)


def _pitch(song: Song, step: int) -> float:
    """The frequency in Hz of a degree of the song's scale; 0 is its root, 7 the octave above."""
    octave, degree = divmod(step, 7)
    semitones = song.key + 12 * octave + (MINOR if song.minor else MAJOR)[degree]
    return float(220 * 2 ** (semitones / 12))


def _note(hertz: float, seconds: float, brightness: float, level: float, decay: float) -> NDArray[np.float32]:
    time = np.arange(int(RATE * seconds), dtype=np.float32) / RATE
    tone = sum(brightness**n * np.sin(2 * np.pi * hertz * (n + 1) * time) for n in range(6))
    attack = np.minimum(1, time / 0.01)
    release = np.minimum(1, time[::-1] / 0.02)
    return np.asarray(level * tone * attack * release * np.exp(-decay * time), dtype=np.float32)


def _add(sound: NDArray[np.float32], start: float, part: NDArray[np.float32]) -> None:
    first = int(start * RATE)
    section = sound[first : first + part.size]
    section += part[: section.size]
