"""A process of its own that listens to songs, one by one: `python -m device.sound.ear`.

A path as a line of JSON on its standard input is answered by a line on its output: the song's features, or a
`fault`. What a broken file does to a decoder, it does here; and no memory of it stays in the box.
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

SECONDS = 30  # that are listened to, in the middle of the song
LEAST = 3.0  # seconds by which a song can be told
ENOUGH = 20_000  # Hz; a higher rate is brought down toward it
CHANNELS, RATES = 8, (4_000, 400_000)  # what is more, or less, is no song
LONGEST = 24 * 3600  # seconds; libsndfile says centuries of a file whose length it cannot tell
MEMORY = 1 << 30  # bytes of addresses; most of them are only reserved
PROCESSOR = 60.0  # seconds of a processor that a song may take


def main() -> None:
    # They go to the box, too, which would take them for a song's fault; we end with it.
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, signal.SIG_IGN)
    _stand_back()
    try:
        import soundfile  # noqa: F401  (so that it is known at once whether it is there)
    except (ImportError, OSError) as error:  # OSError: it finds no libsndfile
        _say({"fault": f"soundfile cannot be loaded: {error}"})
        return
    _say({"ready": True})
    for line in sys.stdin:
        signal.setitimer(signal.ITIMER_PROF, PROCESSOR)  # the kernel ends us then, wherever we are
        _say(_answer(json.loads(line)))
        signal.setitimer(signal.ITIMER_PROF, 0)


def _say(answer: dict[str, Any]) -> None:
    try:
        line = json.dumps(answer, allow_nan=False)
    except ValueError:
        line = json.dumps({"fault": "what was measured in it is not a number"})
    print(line, flush=True)


def _stand_back() -> None:
    """Runs only when nobody else wants to, disk included, and is the first to go if memory runs short.

    Whatever of it the system does not allow is done without.
    """
    with contextlib.suppress(OSError):
        # Linux takes its class for the disk from this one: idle, too.
        os.sched_setscheduler(0, os.SCHED_IDLE, os.sched_param(0))
    with contextlib.suppress(OSError):
        os.nice(19)
    with contextlib.suppress(OSError):
        Path("/proc/self/oom_score_adj").write_text("1000")
    with contextlib.suppress(OSError, ValueError):
        resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))
        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))


def _answer(path: str) -> dict[str, Any]:
    import soundfile

    from device.sound.features import SILENCE, features_of

    try:
        samples, rate = middle_of(path)
        if len(samples) < LEAST * rate:
            return {"fault": f"only {len(samples) / rate:.1f} s could be read"}
        features = features_of(samples, rate)
    except (soundfile.SoundFileError, OSError, ValueError, MemoryError) as error:
        # libsndfile's own words, without the path and with no line's end.
        words = str(getattr(error, "error_string", error)) or type(error).__name__
        return {"fault": " ".join(words.split())}
    if features.loudness <= SILENCE:
        return {"fault": "silence"}
    return dataclasses.asdict(features)


def middle_of(path: str) -> tuple[Any, int]:
    """One channel of float32 samples, full scale from -1 to 1, and their rate in Hz.

    Read second by second, so that neither many channels nor a high rate take much memory. Raises
    soundfile.SoundFileError, OSError or ValueError.
    """
    import numpy as np
    import soundfile

    from device.sound.features import audible

    with soundfile.SoundFile(os.fsencode(path)) as file:
        rate = file.samplerate
        if not (RATES[0] <= rate <= RATES[1] and file.channels <= CHANNELS):
            raise ValueError(f"{rate} Hz and {file.channels} channels: no song is like that")
        if SECONDS * rate < file.frames < LONGEST * rate:
            file.seek((file.frames - SECONDS * rate) // 2)
        step = max(1, rate // ENOUGH)
        parts = [np.zeros(0, np.float32)]
        with contextlib.suppress(soundfile.SoundFileError):  # cut off: what was read so far will do
            for _ in range(SECONDS):
                part = file.read(rate // step * step, dtype="float32", always_2d=True)
                whole = audible(part[: len(part) // step * step])  # before they are added up
                parts.append(whole.reshape(-1, step * file.channels).mean(1))
                if len(part) < rate // step * step:
                    break
    return np.concatenate(parts), rate // step


if __name__ == "__main__":
    main()
