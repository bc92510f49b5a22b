"""The audio worker, a process that analyzes songs one by one: `python -m device.library.audio.worker`.

It reads paths from its standard input, each a line of JSON. It answers each with a line of JSON: the song's
features, or a `fault`. A broken file that crashes the decoder crashes only this process, and the memory that
decoding takes is freed when it exits.
"""

from __future__ import annotations

import contextlib
import dataclasses
import json
import os
import resource
import signal
import sys
from pathlib import Path
from typing import Any

EXCERPTS, EXCERPT_S = 3, 15  # spread over the song, because one part of it may be unlike the others
FADE_S = 0.02  # at the ends of an excerpt, so that the step to the next one is not heard as a note
MIN_SECONDS = 3.0  # less than this is too short to analyze
TARGET_RATE_HZ = 10_000  # higher rates are reduced towards this one; what is measured lies below 5 kHz
MAX_CHANNELS, RATE_RANGE_HZ = 8, (4_000, 400_000)  # a file outside of these is not a song
MAX_SECONDS = 24 * 3600  # libsndfile reports centuries for a file whose length it cannot find out
MAX_ADDRESS_SPACE_BYTES = 1 << 30  # most of this is only reserved, not used
UNRECOGNIZED = 1  # libsndfile's number for a format that it does not know
NO_SOUND_FILE = "not a sound file that can be read: use FLAC, MP3, Ogg Vorbis, Opus, WAV, AIFF or the like"
CPU_LIMIT_S = 60.0  # processor time for one song


def main() -> None:
    """Answer requests until standard input ends."""
    # The box gets these signals, too. It would take a worker that they end for one that crashed on a song;
    # the worker exits with the box anyway.
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, signal.SIG_IGN)
    _lower_priority()
    try:
        # Loaded here so that a missing library is reported at the start, and no song's time includes this.
        import soundfile  # noqa: F401

        import device.library.audio.features  # noqa: F401
    except (ImportError, OSError) as error:  # OSError: it finds no libsndfile
        _reply({"fault": f"soundfile cannot be loaded: {error}"})
        return
    _reply({"ready": True})
    for line in sys.stdin:
        signal.setitimer(signal.ITIMER_PROF, CPU_LIMIT_S)  # the kernel ends the process after this time
        _reply(_analyze(json.loads(line)))
        signal.setitimer(signal.ITIMER_PROF, 0)


def _reply(answer: dict[str, Any]) -> None:
    try:
        line = json.dumps(answer, allow_nan=False)
    except ValueError:
        line = json.dumps({"fault": "one of its features is not a number"})
    print(line, flush=True)


def _lower_priority() -> None:
    """Take processor and disk only when they are idle, and be the first to be killed if memory runs out.

    A limit that the system does not allow this process to set is left out.
    """
    with contextlib.suppress(OSError):
        # Linux derives the disk's priority class from this one: idle, too.
        os.sched_setscheduler(0, os.SCHED_IDLE, os.sched_param(0))
    with contextlib.suppress(OSError):
        os.setpriority(os.PRIO_PROCESS, 0, 19)
    with contextlib.suppress(OSError):
        Path("/proc/self/oom_score_adj").write_text("1000")
    with contextlib.suppress(OSError, ValueError):
        resource.setrlimit(resource.RLIMIT_AS, (MAX_ADDRESS_SPACE_BYTES, MAX_ADDRESS_SPACE_BYTES))
        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))


def _on_one_line(message: str) -> str:
    return " ".join(message.split())


def _analyze(path: str) -> dict[str, Any]:
    import soundfile

    from device.library.audio.extraction import extract_features
    from device.library.audio.features import SILENCE_LUFS

    try:
        samples, rate = read_excerpts(path)
        if len(samples) < MIN_SECONDS * rate:
            return {"fault": f"only {len(samples) / rate:.1f} s could be read"}
        features = extract_features(samples, rate)
    except soundfile.LibsndfileError as error:
        return {"fault": NO_SOUND_FILE if error.code == UNRECOGNIZED else _on_one_line(error.error_string)}
    except (soundfile.SoundFileError, OSError, ValueError, MemoryError) as error:
        return {"fault": _on_one_line(str(error)) or type(error).__name__}
    if features.loudness <= SILENCE_LUFS:
        return {"fault": "silence"}
    return dataclasses.asdict(features)


def read_excerpts(path: str) -> tuple[Any, int]:
    """Read EXCERPTS parts of a sound file, or all of a file that is not longer, as one channel.

    The file is read second by second, so that neither many channels nor a high rate take much memory.

    Returns:
        Samples of type float32, full scale from -1 to 1, and their rate in Hz.

    Raises:
        soundfile.SoundFileError: the file cannot be decoded.
        OSError: the file cannot be read.
        ValueError: its rate, its channels or its samples are not those of a song.
    """
    import numpy as np
    import soundfile

    with soundfile.SoundFile(os.fsencode(path)) as file:
        rate = file.samplerate
        if not (RATE_RANGE_HZ[0] <= rate <= RATE_RANGE_HZ[1] and file.channels <= MAX_CHANNELS):
            raise ValueError(f"{rate} Hz and {file.channels} channels: no song is like that")
        step = max(1, rate // TARGET_RATE_HZ)
        if not EXCERPTS * EXCERPT_S * rate < file.frames < MAX_SECONDS * rate:
            return _read(file, EXCERPTS * EXCERPT_S, step), rate // step
        fade = np.linspace(0, 1, int(FADE_S * rate / step), dtype=np.float32)
        parts = [np.zeros(0, np.float32)]
        with contextlib.suppress(soundfile.SoundFileError):  # a truncated file: what was read is used
            for number in range(EXCERPTS):
                file.seek(int((number + 0.5) * file.frames / EXCERPTS - EXCERPT_S * rate / 2))
                part = _read(file, EXCERPT_S, step)
                if len(part) > len(fade):
                    part[: len(fade)] *= fade
                    part[-len(fade) :] *= fade[::-1]
                parts.append(part)
    return np.concatenate(parts), rate // step


def _read(file: Any, seconds: int, step: int) -> Any:
    """Read a part of a song, or what there is of it, as one channel at a rate lower by `step`."""
    import numpy as np
    import soundfile

    from device.library.audio.extraction import clipped

    taps = _low_pass(step)
    rest = np.zeros(len(taps) - step, np.float32)
    parts = [rest[:0]]
    with contextlib.suppress(soundfile.SoundFileError):
        for _ in range(seconds):
            part = file.read(file.samplerate // step * step, dtype="float32", always_2d=True)
            samples = np.concatenate([rest, clipped(part).mean(1)])  # clipped before they are averaged
            count = max(0, (len(samples) - len(taps)) // step + 1)
            strands = (samples[at : at + count * step : step] * tap for at, tap in enumerate(taps))
            parts.append(sum(strands, np.zeros(count, np.float32)))
            rest = samples[count * step :]
            if len(part) < file.samplerate // step * step:
                break
    return np.concatenate(parts)


def _low_pass(step: int) -> Any:
    """Return the weights of a filter that keeps what a rate lower by `step` can hold; they sum to 1."""
    import numpy as np

    length = 1 if step == 1 else 6 * step
    away = (np.arange(length) - (length - 1) / 2) / step
    taps = np.sinc(away) * np.cos(np.pi * away / 6.5) ** 2
    return (taps / taps.sum()).astype(np.float32)


if __name__ == "__main__":
    main()
