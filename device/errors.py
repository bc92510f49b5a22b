"""The errors a user can fix, and how an error is described in one line.

Each message says what is wrong, where, and what to do.
"""

from __future__ import annotations

import os
import re
import shlex
import sys
from collections.abc import Iterable

SEE_LOG = "the log says more: journalctl -u moodbox"
MAX_SUMMARY_LENGTH = 200  # characters
MISSPELLED = 0.75  # of difflib's ratio: one wrong letter in a word of four


class MoodboxError(Exception):
    """An error the user can fix. The command line prints it as one line and exits with `exit_code`."""

    exit_code = 1


class SettingsError(MoodboxError, ValueError):
    """The settings file, or an option on the command line, has an invalid value."""

    exit_code = 2


class ModelError(MoodboxError, ValueError):
    """A model or its card is missing or damaged, or the two do not match."""


class CameraError(MoodboxError, OSError):
    """The camera gives no frame."""


class PanelError(MoodboxError, OSError):
    """A light or the button cannot be reached."""


class PowerError(MoodboxError, OSError):
    """The machine cannot be switched off."""


class PlayerError(MoodboxError, ConnectionError):
    """MPD is not reachable, or does not answer in time."""


class ServiceError(MoodboxError, ConnectionError):
    """The running box is not reachable over its control socket, or another box already runs."""


class NoBoxError(ServiceError):
    """No box runs on this machine."""


class MemoryFileError(MoodboxError, OSError):
    """What the box learns cannot be stored on this disk."""


class SoundError(MoodboxError, RuntimeError):
    """No song can be analyzed."""


class LibraryError(MoodboxError, LookupError):
    """MPD has nothing to play."""


def describe(error: BaseException, verb: str = "stopped") -> str:
    """Return a MoodboxError's own message, and a description as an internal error of anything else."""
    if isinstance(error, MoodboxError):
        return str(error)
    return f"{verb} by an error of moodbox's own ({summary(error)})"


def summary(error: BaseException) -> str:
    """Return the error's type and message as one short line."""
    first = (str(error).strip().splitlines() or [""])[0]
    line = ": ".join(filter(None, [type(error).__name__, first]))
    return "".join(c if c.isprintable() else "?" for c in line)[:MAX_SUMMARY_LENGTH]


def nearest(word: str, known: Iterable[str]) -> str | None:
    """Return what is spelled most like the word, to ask "did you mean"; None if nothing is near."""
    import difflib  # for a mistake alone: a box that runs would hold its 170 KiB for nothing

    return next(iter(difflib.get_close_matches(word, list(known), n=1)), None)


def misspelled(word: str, known: Iterable[str]) -> str | None:
    """Return the word of which this is a spelling mistake, and no word of its own; None if there is none.

    It is stricter than `nearest`, for what is acted on without a second thought: `mad` is not `sad`.
    """
    import difflib

    near = [each for each in known if each[:1] == word[:1]]
    swapped = next((each for each in near if sorted(each) == sorted(word)), None)
    return swapped or next(iter(difflib.get_close_matches(word, near, n=1, cutoff=MISSPELLED)), None)


_KINDS = {
    "int": "a whole number",
    "float": "a number",
    "bool": "true or false",
    "str": "a text in quotes",
    "array": "a list",
    "object": "a table",
}
_BOUNDS = {">=": "of at least", "<=": "of at most", ">": "above", "<": "below"}


def in_plain_words(problem: str) -> str:
    """Reword one of msgspec's messages, as in `Expected `int` >= 64`, for a user who does not write programs.

    What it does not know stays as it is, but begins with a small letter.
    """
    problem = problem[:1].lower() + problem[1:]
    match = re.fullmatch(
        r"expected (\w+)( \| null)?(?:( of length)? ?([<>]=?)? ?([\d.]+))?(?:, got .*)?",
        problem.replace("`", ""),
    )
    if not match or match[1] not in _KINDS:
        return problem
    kind, _, length, bound, number = match.groups()
    amount = number.removesuffix(".0") if number else ""
    words = ["expected", _KINDS[kind]]
    if length:
        words += ["of", *({"<=": ["at most"], ">=": ["at least"]}.get(bound, [])), amount]
    elif bound:
        words += [_BOUNDS[bound], amount]
    return " ".join(words)


PACKAGES = {"cv2": "opencv-python-headless<5", "mpd": "python-mpd2"}
"""The packages on PyPI of the modules that have another name."""


def install_command(module: str) -> str:
    """Return the command, as it can be typed, that installs a module for the Python that runs.

    moodbox itself is not on PyPI, so `pip install moodbox` would not help.
    """
    import sysconfig  # for a package that is missing alone

    writable = os.access(sysconfig.get_path("purelib"), os.W_OK)
    words = [sys.executable, "-m", "pip", "install", PACKAGES.get(module, module)]
    return ("" if writable else "sudo ") + shlex.join(words)
