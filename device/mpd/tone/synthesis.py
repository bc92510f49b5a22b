"""Synthesizes the test tone: two soft notes, one after the other, and silence behind them.

`make device/mpd/tone/tone.ogg` writes the file that comes with the box.
"""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

RATE = 32000  # samples a second
NOTES = ((0.0, 440.0), (0.35, 659.26))  # begin in seconds, pitch in Hz: a fifth
SOUND_S = 1.6  # until nothing is heard any more
SILENCE_S = 2.4
"""Behind the notes. MPD must not reach the file's end, where it would go on to another song of the queue."""
PEAK = 0.25  # of full scale, which is 1: gentle also where the volume is high
ATTACK_S, DECAY_S = 0.02, 0.3
BLOCK = 4096  # libsndfile's Vorbis encoder overflows its stack on much larger ones (libsndfile #130)


def synthesize() -> NDArray[np.float32]:
    """Return the tone.

    Returns:
        float32, (RATE * (SOUND_S + SILENCE_S),), from -PEAK to PEAK.
    """
    time = np.arange(int(RATE * (SOUND_S + SILENCE_S))) / RATE
    sound = np.zeros_like(time)
    for begin, pitch in NOTES:
        since = np.maximum(time - begin, 0)
        loudness = np.minimum(since / ATTACK_S, 1) * np.exp(-since / DECAY_S)
        wave = np.sin(2 * np.pi * pitch * since) + 0.2 * np.sin(4 * np.pi * pitch * since)
        sound += loudness * wave
    sound *= np.clip((SOUND_S - time) / 0.1, 0, 1)
    return np.asarray(PEAK * sound / np.abs(sound).max(), np.float32)


def write(path: Path) -> None:
    """Write it as an Ogg Vorbis file, which MPD can play wherever it runs."""
    import soundfile

    with soundfile.SoundFile(path, "w", RATE, 1, format="OGG", subtype="VORBIS") as file:
        file.title = "Test tone"
        sound = synthesize()
        for start in range(0, len(sound), BLOCK):
            file.write(sound[start : start + BLOCK])


if __name__ == "__main__":
    write(Path(sys.argv[1]))
