"""Rendered sounds with the moments at which their notes begin, for the network that hears these moments.

No judgement is needed for them: the notes of a MIDI file say when they begin.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import numpy as np
import soundfile
from numpy.typing import NDArray

from converter.songs.people import JudgedPiece
from converter.songs.regression import Values
from converter.songs.sounds import (
    AS_WRITTEN,
    CHANGES,
    arrangements_of,
    kept_beside,
    note_beginnings,
    programs_in,
    programs_of,
    rendered_sound,
    source_of,
)
from device.library.audio.features import WINDOW_S, onset_signals_of
from device.library.audio.spectra import Samples
from device.library.audio.worker import EXCERPT_S, EXCERPTS, read_excerpts

MIN_INTERVAL_S = 0.05  # notes that begin closer together are heard as beginning together


@dataclass(frozen=True, eq=False)
class OnsetExample:
    """A sound as the network is given it.

    Attributes:
        piece: its number.
        version: an arrangement, a change of one, or a program that plays alone.
        source: the version that was changed, or `version` itself.
        programs: General MIDI's programs that are heard; none for the piece as written.
        signals: shape (frames, SIGNALS).
        begins: shape (frames,), 1 where notes begin, else 0.
        seconds: between two frames.
    """

    piece: int
    version: str
    source: str
    programs: frozenset[int]
    signals: Samples
    begins: Samples
    seconds: float

    @property
    def true_rate(self) -> float:
        """Onsets per second, as the notes say."""
        return float(self.begins.sum() / (len(self.begins) * self.seconds))


def onset_examples(
    pieces: Sequence[JudgedPiece], sound_fonts: Sequence[Path], folder: Path
) -> Iterator[OnsetExample]:
    """Yield every piece in its versions, rendering what is not in the folder yet.

    Raises:
        DataError: FluidSynth is missing, or a piece cannot be rendered.
    """
    with ProcessPoolExecutor() as processes:
        for examples in processes.map(
            partial(_examples, sound_fonts=sound_fonts, folder=folder), range(len(pieces)), pieces
        ):
            yield from examples


def _examples(
    number: int, piece: JudgedPiece, sound_fonts: Sequence[Path], folder: Path
) -> list[OnsetExample]:
    versions = (AS_WRITTEN, *arrangements_of(piece), *CHANGES, *programs_of(piece))
    return [_example(version, number, piece, sound_fonts, folder) for version in versions]


def _example(
    version: str, number: int, piece: JudgedPiece, sound_fonts: Sequence[Path], folder: Path
) -> OnsetExample:
    sound = rendered_sound(version, number, piece, sound_fonts, folder)
    kept = kept_beside(sound, "onsets.npz")
    if not kept.exists():
        signals, seconds = onset_signals_of(*read_excerpts(str(sound)))
        np.savez(kept, signals=signals.astype(np.float16), seconds=seconds)
    with np.load(kept) as file:
        signals, seconds = file["signals"].astype(np.float32), float(file["seconds"])
    info = soundfile.info(sound)
    times = heard_times(note_beginnings(version, piece), info.frames / info.samplerate)
    begins = np.zeros(len(signals), np.float32)
    # A note that begins in the middle of a frame is heard there.
    begins[np.clip(np.round((times - WINDOW_S / 2) / seconds).astype(int), 0, len(begins) - 1)] = 1
    source = source_of(version, piece)
    return OnsetExample(number, version, source, programs_in(source), signals, begins, seconds)


def heard_times(times: Values, length_s: float) -> NDArray[np.float64]:
    """Return when notes begin in the excerpts that the box hears of a sound, one moment for a chord.

    Args:
        times: in the whole sound, in seconds, in order.
        length_s: of the whole sound.
    """
    if length_s > EXCERPTS * EXCERPT_S:
        starts = [(number + 0.5) * length_s / EXCERPTS - EXCERPT_S / 2 for number in range(EXCERPTS)]
        times = np.concatenate(
            [
                times[(times >= start) & (times < start + EXCERPT_S)] - start + number * EXCERPT_S
                for number, start in enumerate(starts)
            ]
        )
    moments: list[float] = []
    for time in times.tolist():
        if not moments or time - moments[-1] > MIN_INTERVAL_S:
            moments.append(time)
    return np.array(moments)
