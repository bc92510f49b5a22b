"""Pieces made up for tests: a fast major and a slow minor melody."""

from __future__ import annotations

from pathlib import Path

import mido

from converter.songs.people import JudgedPiece

MAJOR, MINOR = (60, 64, 67, 72, 67, 64), (57, 60, 64, 69, 64, 60)


def write_piece(folder: Path, name: str, *, fast: bool, seconds: float = 50) -> JudgedPiece:
    """Write a piece of single notes at 120 beats a minute: four a beat if it is fast, else one."""
    length = 120 if fast else 480
    track = mido.MidiTrack([mido.Message("program_change", program=0)])
    for number in range(int(seconds * 960 / length)):
        note = (MAJOR if fast else MINOR)[number % 6]
        track.append(mido.Message("note_on", note=note, velocity=80))
        track.append(mido.Message("note_off", note=note, time=length))
    path = folder / f"{name}.mid"
    mido.MidiFile(ticks_per_beat=480, tracks=[track]).save(path)
    return JudgedPiece(path, name, 0.5 if fast else -0.5, 0.4 if fast else -0.4)
