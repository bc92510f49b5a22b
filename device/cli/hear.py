"""`moodbox hear`: what the box hears in sound files. The worker that analyzes the library's songs does it."""

from __future__ import annotations

import dataclasses
import json
import os
import sys
from collections.abc import Sequence
from contextlib import closing
from pathlib import Path
from stat import S_ISDIR, S_ISREG
from time import monotonic
from typing import Any

from device.library.audio.affect import audio_affect_of
from device.library.audio.client import AudioClient, check_installed
from device.library.audio.features import Features
from device.library.audio.words import descriptive_words
from device.printable import percent, printable


def hear(files: Sequence[str], *, in_json: bool) -> int:
    """Print a line for each file. Returns the exit code: 1 if one of them cannot be read.

    Raises:
        SoundError: no file can be analyzed at present, whatever it holds.
    """
    check_installed()
    code = 0
    with closing(AudioClient()) as client:
        client.start()
        for file in files:
            before = monotonic()
            analysis = _fault(file) or client.analyze(Path(file).absolute())
            if isinstance(analysis, str):
                print(f"moodbox: {printable(file)}: {analysis}", file=sys.stderr)
                code = 1
                continue
            heard = as_object(file, analysis, monotonic() - before)
            print(json.dumps(heard) if in_json else as_text(heard), flush=True)
    return code


def _fault(file: str) -> str:
    """Return why a path is no file that can be read, or "". The decoder's messages do not tell it."""
    try:
        mode = os.stat(file).st_mode  # noqa: PTH116  (Path("") is the working folder)
        if not S_ISREG(mode):  # the worker would wait for a pipe
            return "is a folder; name the files in it" if S_ISDIR(mode) else "is not a regular file"
        os.close(os.open(file, os.O_RDONLY))
    except (OSError, ValueError) as error:
        return getattr(error, "strerror", None) or "no name of a file"
    return ""


def as_object(file: str, features: Features, seconds: float) -> dict[str, Any]:
    """Return what was heard, as the object that `--json` prints."""
    affect = audio_affect_of(features)
    return {
        "file": file,
        "valence": round(affect.valence, 4),
        "energy": round(affect.energy, 4),
        "confidence": {
            "valence": round(affect.valence_confidence, 4),
            "energy": round(affect.energy_confidence, 4),
        },
        "measures": {name: round(value, 4) for name, value in dataclasses.asdict(features).items()},
        "words": descriptive_words(features),
        "seconds": round(seconds, 3),
    }


def as_text(heard: dict[str, Any]) -> str:
    """Format the result of `as_object` for people."""
    confidence = heard["confidence"]
    affect = ", ".join(f"{name} {heard[name]:.2f} ({percent(confidence[name])} sure)" for name in confidence)
    words = ", ".join(heard["words"]) or "nothing stands out"
    return f"{printable(heard['file'])}: {affect}; {words}; {heard['seconds']:.2f} s"
