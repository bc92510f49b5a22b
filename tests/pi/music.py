"""Songs of one tone each, and a recording of the sound card's output that tells which one plays."""

from __future__ import annotations

import io
import tarfile
from typing import NamedTuple

import mutagen
import numpy as np
import soundfile

from tests.pi.emulated import EmulatedPi

RATE = 44100
SECONDS = 120
TONES = {f"{hertz}.ogg": hertz for hertz in range(300, 1000, 100)}


class Recording(NamedTuple):
    """The analysis of a recording."""

    peak: float  # 0 to 1
    hertz: float  # frequency of the loudest tone


def songs() -> bytes:
    """Return a tar file with the songs."""
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w") as tar:
        for name, hertz in TONES.items():
            song = _tone(name, hertz)
            entry = tarfile.TarInfo(name)
            entry.size, entry.mode = len(song), 0o644
            tar.addfile(entry, io.BytesIO(song))
    return out.getvalue()


def _tone(name: str, hertz: int) -> bytes:
    file = io.BytesIO()
    second = (0.5 * np.sin(2 * np.pi * hertz * np.arange(RATE) / RATE)).astype(np.float32)
    with soundfile.SoundFile(file, "w", RATE, 1, format="OGG", subtype="VORBIS") as song:
        for _ in range(SECONDS):  # libsndfile's encoder crashes if it gets more than a few seconds at once
            song.write(second)
    file.seek(0)
    tags = mutagen.File(file)
    tags.update({"genre": ["Disco"], "title": [name], "artist": [name]})
    file.seek(0)
    tags.save(file)
    return file.getvalue()


def record(pi: EmulatedPi, seconds: int = 3) -> Recording:
    """Record what the sound card plays, from the other end of its loopback."""
    recorded = pi.try_run(f"arecord -q -D plughw:Loopback,1 -f S16_LE -r {RATE} -c 2 -t raw -d {seconds}")
    assert recorded.returncode == 0, recorded.stderr
    wave = np.frombuffer(recorded.stdout, dtype="<i2").reshape(-1, 2)[:, 0] / 2**15
    spectrum = np.abs(np.fft.rfft(wave))
    return Recording(float(np.abs(wave).max()), float(spectrum.argmax() * RATE / len(wave)))
