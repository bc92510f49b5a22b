"""Renders judged pieces with FluidSynth, changes them as files and loudspeakers do, and measures them.

Sounds and features are kept in a folder, so that another fit need not render and measure again.
"""

from __future__ import annotations

import ast
import hashlib
import inspect
import io
import random
import shutil
import subprocess
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, replace
from functools import cache, partial
from pathlib import Path
from types import ModuleType

import msgspec
import numpy as np
import soundfile

from converter.ending import end_with_parent, temporary_folder
from converter.errors import DataError
from converter.songs import arrangements
from converter.songs.arrangements import ARRANGEMENTS, arrange
from converter.songs.people import JudgedPiece
from device.library.audio import extraction, features, harmony, loudness, notes, rhythm, spectra, worker
from device.library.audio.extraction import extract_features
from device.library.audio.features import Features
from device.library.audio.spectra import Samples
from device.library.audio.worker import read_excerpts

RATE_HZ = 22_050
AS_WRITTEN = "piano"  # the piece as its MIDI file says
ARRANGEMENTS_PER_PIECE = 4
# How sounds are changed. Each piece has each change once, made to an arrangement drawn by chance.
MP3_KILOBITS, PHONE_RANGE_HZ, PHONE_RATE_HZ = 64, (300, 3400), 8_000
GAIN, GAIN_RANGE_DB = "gain", (-8.0, 14.0)  # changes the loudness alone, so it needs no other sound
RENDER_TIMEOUT_S = 300


@dataclass(frozen=True)
class Measured:
    """The features of a piece in one version: an arrangement, or a change of one."""

    piece: int
    version: str
    features: Features


def arrangements_of(piece: JudgedPiece) -> tuple[str, ...]:
    """Return the arrangements of a piece: a few of all, drawn by chance, but always the same."""
    chance = random.Random(f"arrangements of {piece.name}")  # noqa: S311  (no secret)
    return tuple(chance.sample(sorted(ARRANGEMENTS), ARRANGEMENTS_PER_PIECE))


def source_of(version: str, piece: JudgedPiece) -> str:
    """Return the arrangement to which a change is made, or the version itself if it is no change."""
    if version not in (*CHANGES, GAIN):
        return version
    return _chance(version, piece).choice((AS_WRITTEN, *arrangements_of(piece)))


def measure_all(
    pieces: Sequence[JudgedPiece], sound_fonts: Sequence[Path], folder: Path
) -> Iterator[Measured]:
    """Yield the features of every piece in its versions, rendering what is not in the folder yet.

    The pieces are shared among the processors. Each piece has its own random numbers, so the result is always
    the same.

    Raises:
        DataError: FluidSynth or a sound font is missing, or a piece cannot be rendered.
    """
    for font in sound_fonts:
        if not font.is_file():
            raise DataError(f"{font}: no such sound font; Debian's package fluid-soundfont-gm has one")
    with ProcessPoolExecutor(initializer=end_with_parent) as processes:
        for measured in processes.map(
            partial(_measure, sound_fonts=sound_fonts, folder=folder), range(len(pieces)), pieces
        ):
            yield from measured


def _measure(number: int, piece: JudgedPiece, sound_fonts: Sequence[Path], folder: Path) -> list[Measured]:
    measured = [
        Measured(number, version, _features(version, number, piece, sound_fonts, folder))
        for version in (AS_WRITTEN, *arrangements_of(piece), *CHANGES)
    ]
    chance = _chance(GAIN, piece)
    original = chance.choice(measured[: -len(CHANGES)]).features
    louder = replace(original, loudness=original.loudness + chance.uniform(*GAIN_RANGE_DB))
    return [*measured, Measured(number, GAIN, louder)]


def _features(
    version: str, number: int, piece: JudgedPiece, sound_fonts: Sequence[Path], folder: Path
) -> Features:
    sound = _sound_path(version, piece, sound_fonts, folder)
    kept = sound.with_suffix(f".{_measuring_code()}.json")
    try:
        return msgspec.json.decode(kept.read_bytes(), type=Features)
    except (OSError, ValueError):
        pass
    samples, rate = read_excerpts(str(_sound(version, number, piece, sound_fonts, folder)))
    measured = extract_features(samples, rate)
    kept.write_bytes(msgspec.json.encode(measured))
    return measured


@cache
def _measuring_code() -> str:
    return _digest(extraction, features, harmony, loudness, notes, rhythm, spectra, worker)


@cache
def _rendering_code(sound_fonts: tuple[Path, ...]) -> str:
    settings = (RATE_HZ, ARRANGEMENTS_PER_PIECE, MP3_KILOBITS, PHONE_RANGE_HZ, PHONE_RATE_HZ)
    fonts = [(font.name, font.stat().st_size) for font in sound_fonts]
    return _digest(arrangements, settings=(*settings, *CHANGES, *fonts))


def _digest(*modules: ModuleType, settings: tuple[object, ...] = ()) -> str:
    """Identify code, so that what other code has made is not taken for its own.

    Comments and docstrings do not count.
    """
    digest = hashlib.sha256(repr(settings).encode())
    for module in modules:
        tree = ast.parse(inspect.getsource(module))
        for node in ast.walk(tree):
            if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant):
                node.value.value = ""
        digest.update(ast.dump(tree).encode())
    return digest.hexdigest()[:16]


def _sound_path(version: str, piece: JudgedPiece, fonts: Sequence[Path], folder: Path) -> Path:
    return folder / version / f"{piece.name}.{_rendering_code(tuple(fonts))}.wav"


def _sound(version: str, number: int, piece: JudgedPiece, fonts: Sequence[Path], folder: Path) -> Path:
    path = _sound_path(version, piece, fonts, folder)
    if path.exists():
        return path
    path.parent.mkdir(parents=True, exist_ok=True)
    chance = _chance(version, piece)
    if version in CHANGES:
        original = _sound(chance.choice((AS_WRITTEN, *arrangements_of(piece))), number, piece, fonts, folder)
        samples, rate = soundfile.read(original, dtype="float32")
        samples, rate = CHANGES[version](samples, rate, chance)
    else:
        # Every third arrangement is played by another sound font's instruments.
        font = fonts[-1] if version != AS_WRITTEN and number % 3 == 0 else fonts[0]
        samples, rate = _rendered(version, piece, font, chance)
    soundfile.write(path, np.clip(samples, -1, 1), rate, subtype="PCM_16")
    return path


def _chance(version: str, piece: JudgedPiece) -> random.Random:
    return random.Random(f"{version} of {piece.name}")  # noqa: S311  (no secret)


def _rendered(version: str, piece: JudgedPiece, font: Path, chance: random.Random) -> tuple[Samples, int]:
    if shutil.which("fluidsynth") is None:
        raise DataError("fluidsynth is missing: sudo apt install fluidsynth fluid-soundfont-gm")
    with temporary_folder(prefix="moodbox-render-") as folder:
        midi, wav = piece.midi, folder / "piece.wav"
        try:
            if version != AS_WRITTEN:
                midi = folder / "piece.mid"
                arrange(piece.midi, ARRANGEMENTS[version], chance).save(midi)
            subprocess.run(
                [
                    "fluidsynth", "-ni", "-F", str(wav), "-r", str(RATE_HZ),
                    "-R", "0", "-C", "0", "-g", "0.6", str(font), str(midi),
                ],
                check=True, capture_output=True, timeout=RENDER_TIMEOUT_S,
            )  # fmt: skip
            samples, rate = soundfile.read(wav, dtype="float32", always_2d=True)
        except (OSError, ValueError, EOFError, RuntimeError, subprocess.SubprocessError) as error:
            raise DataError(f"{piece.midi}: cannot be rendered: {error}") from error
    return samples.mean(1), rate


def _as_mp3(samples: Samples, rate: int, _: random.Random) -> tuple[Samples, int]:
    """Encode and decode. libsndfile takes the rate as a level from 0, the highest one, to 1."""
    highest, lowest = (160, 8) if rate < 32_000 else (320, 32)
    level = (highest - MP3_KILOBITS) / (highest - lowest)
    file = io.BytesIO()
    soundfile.write(file, samples, rate, format="MP3", bitrate_mode="CONSTANT", compression_level=level)
    file.seek(0)
    decoded, rate = soundfile.read(file, dtype="float32")
    return decoded, rate


def _by_phone(samples: Samples, rate: int, _: random.Random) -> tuple[Samples, int]:
    spectrum = np.fft.rfft(samples)
    frequencies = np.fft.rfftfreq(len(samples), 1 / rate)
    spectrum[(frequencies < PHONE_RANGE_HZ[0]) | (frequencies > PHONE_RANGE_HZ[1])] = 0
    narrow = np.fft.irfft(spectrum, len(samples))
    times = np.arange(int(len(samples) * PHONE_RATE_HZ / rate)) * rate / PHONE_RATE_HZ
    return np.interp(times, np.arange(len(samples)), narrow).astype(np.float32), PHONE_RATE_HZ


CHANGES: dict[str, Callable[[Samples, int, random.Random], tuple[Samples, int]]] = {
    "mp3": _as_mp3,
    "phone": _by_phone,
}
