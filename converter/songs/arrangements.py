"""Arranges a piano piece for other instruments, so that a model learns music and not the sound of one piano.

The notes stay the same, except for a transposition and a small change of the tempo. So the judgement is kept.
"""

from __future__ import annotations

import random
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import mido

TICKS_PER_SECOND = 1000
MAX_TRANSPOSITION, MAX_TEMPO_CHANGE = 3, 0.08
SUSTAIN = 64
HI_HAT, BASS_DRUM, SNARE = (42, 60), (36, 90), (38, 80)  # General MIDI's numbers, and velocities
DRUMS = 9  # the channel


@dataclass(frozen=True)
class Arrangement:
    """Which instrument plays what.

    voices: the lowest note of each voice, and its General MIDI program, counted from 0.
    drums: whether a simple beat is added.
    """

    voices: tuple[tuple[int, int], ...]
    drums: bool = False


ARRANGEMENTS = {
    "strings": Arrangement(((0, 48),)),
    "organ": Arrangement(((0, 19),)),
    "guitar": Arrangement(((0, 24),)),
    "brass": Arrangement(((0, 61),)),
    "flute": Arrangement(((0, 42), (55, 71), (67, 73))),
    "harpsichord": Arrangement(((0, 6),)),
    "musicbox": Arrangement(((0, 11), (60, 10))),
    "synth": Arrangement(((0, 38), (55, 81))),
    "epiano": Arrangement(((0, 4),)),
    "marimba": Arrangement(((0, 12),)),
    "accordion": Arrangement(((0, 21),)),
    "overdrive": Arrangement(((0, 33), (50, 29))),
    "orchestra": Arrangement(((0, 43), (48, 48), (64, 60), (72, 73))),
    "band": Arrangement(((0, 33), (52, 0), (67, 65)), drums=True),
    "rock": Arrangement(((0, 34), (50, 30), (69, 29)), drums=True),
    "folk": Arrangement(((0, 32), (50, 25), (66, 40))),
    "choir": Arrangement(((0, 52),)),
    "pad": Arrangement(((0, 89),)),
    "harp": Arrangement(((0, 46),)),
    "chip": Arrangement(((0, 80),)),
}


def arrange(midi: Path, arrangement: Arrangement, chance: random.Random) -> mido.MidiFile:
    """Return a piece, played by other instruments.

    Raises:
        OSError, ValueError, EOFError: it is no MIDI file, or has no notes.
    """
    transposition = chance.choice(range(-MAX_TRANSPOSITION, MAX_TRANSPOSITION + 1))
    tempo = chance.uniform(1 - MAX_TEMPO_CHANGE, 1 + MAX_TEMPO_CHANGE)
    events, half_beats = _timed(mido.MidiFile(midi, clip=True))
    ends = [at for at, message in events if message.type in ("note_on", "note_off")]
    if not ends:
        raise ValueError(f"{midi}: has no notes")
    end = max(ends)
    played = list(_instrumented(events, arrangement, transposition, end))
    if arrangement.drums:
        played += [event for place, at in enumerate(half_beats) if at < end for event in _drum(at, place)]
    return _file(arrangement, [(at / tempo, message) for at, message in played])


def _timed(file: mido.MidiFile) -> tuple[list[tuple[float, Any]], list[float]]:
    """Return all messages with their times in seconds, and the times of the half beats."""
    seconds, ticks, tempo = 0.0, 0, 500_000
    half = max(1, file.ticks_per_beat // 2)
    events: list[tuple[float, Any]] = []
    half_beats: list[float] = []
    for message in mido.merge_tracks(file.tracks):
        while len(half_beats) * half <= ticks + message.time:
            half_beats.append(
                seconds + mido.tick2second(len(half_beats) * half - ticks, file.ticks_per_beat, tempo)
            )
        seconds += mido.tick2second(message.time, file.ticks_per_beat, tempo)
        ticks += message.time
        if message.type == "set_tempo":
            tempo = message.tempo
        events.append((seconds, message))
    return events, half_beats


def _instrumented(
    events: list[tuple[float, Any]], arrangement: Arrangement, transposition: int, end: float
) -> Iterator[tuple[float, Any]]:
    """Yield the notes, each on the channel of its voice, and where they end."""
    sounding: set[tuple[int, int]] = set()
    for at, message in events:
        if message.type == "control_change" and message.control == SUSTAIN:
            for channel in range(len(arrangement.voices)):
                yield at, message.copy(channel=channel, time=0)
        elif message.type in ("note_on", "note_off"):
            voices = [
                number for number, (lowest, _) in enumerate(arrangement.voices) if message.note >= lowest
            ]
            key = voices[-1], min(127, max(0, message.note + transposition))
            begins = message.type == "note_on" and message.velocity > 0
            if not begins and key not in sounding:
                continue
            (sounding.add if begins else sounding.discard)(key)
            yield at, message.copy(channel=key[0], note=key[1], time=0)
    for channel, note in sounding:
        yield end, mido.Message("note_off", channel=channel, note=note)
    for channel in range(len(arrangement.voices)):
        yield end, mido.Message("control_change", channel=channel, control=SUSTAIN, value=0)


def _drum(at: float, half_beat: int) -> Iterator[tuple[float, Any]]:
    hits = {0: (HI_HAT, BASS_DRUM), 2: (HI_HAT, SNARE)}.get(half_beat % 4, (HI_HAT,))
    for note, velocity in hits:
        yield at, mido.Message("note_on", channel=DRUMS, note=note, velocity=velocity)
        yield at + 0.1, mido.Message("note_off", channel=DRUMS, note=note)


def _file(arrangement: Arrangement, events: list[tuple[float, Any]]) -> mido.MidiFile:
    track = mido.MidiTrack(
        mido.Message("program_change", channel=channel, program=program)
        for channel, (_, program) in enumerate(arrangement.voices)
    )
    before = 0
    for at, message in sorted(events, key=lambda event: event[0]):
        tick = max(before, round(at * TICKS_PER_SECOND))
        track.append(message.copy(time=tick - before))
        before = tick
    # At MIDI's tempo of two beats a second, this makes one tick a millisecond.
    return mido.MidiFile(ticks_per_beat=TICKS_PER_SECOND // 2, tracks=[track])
