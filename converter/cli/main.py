"""The converter's command line: runs a command and turns its errors into one line and an exit code."""

from __future__ import annotations

import argparse
import atexit
import os
import signal
import sys
from collections.abc import Sequence
from contextlib import suppress
from types import FrameType
from typing import NoReturn

from converter.cli.checks import refuse_mistakes
from converter.cli.parser import parser
from device.errors import MoodboxError
from device.output import written_out

# TensorFlow prints dozens of lines when it loads. What matters is still raised as an exception.
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
# TensorFlow uses oneDNN by itself only where there is AVX-512 VNNI. Elsewhere it takes a third of the
# time off a training, too.
os.environ.setdefault("TF_ENABLE_ONEDNN_OPTS", "1")

AGAIN_S = 0.05  # until a signal that was dropped is looked at again


def main(arguments: Sequence[str] | None = None) -> int:
    """Run a command and return its exit code; docs/scripts.md lists them."""
    for number in (signal.SIGTERM, signal.SIGHUP, signal.SIGINT, signal.SIGALRM):
        # Not where it is ignored, as by `nohup`.
        if signal.getsignal(number) in (signal.SIG_DFL, signal.default_int_handler):
            signal.signal(number, _end)
    sys.unraisablehook = _end_later
    with written_out("moodbox-converter"):
        return _run(parser().parse_args(arguments))


def _end(number: int, _: FrameType | None) -> NoReturn:
    """End by a signal: as by an error, so that temporary files are deleted and workers end, too."""
    _signals.append(number)
    if _signals[0] == signal.SIGINT:
        raise KeyboardInterrupt
    sys.exit(128 + _signals[0])


def _end_later(dropped: sys.UnraisableHookArgs) -> None:
    """End a moment later where Python drops the exception, as in a callback of the garbage collector."""
    if _signals and isinstance(dropped.exc_value, SystemExit | KeyboardInterrupt):
        signal.setitimer(signal.ITIMER_REAL, AGAIN_S)
    else:
        _report(dropped)


def _leave() -> None:
    """End the process at once if a signal ends it, without the end of the interpreter.

    Threads of TensorFlow that still run crash in that. They also crash if what they use is freed, so this is
    called while the exception that ends the command still holds it.
    """
    if _signals:
        try:
            if sys.stdout:  # None if the process was started without it
                sys.stdout.flush()
        finally:  # also if whoever read it is gone, or another signal comes
            os._exit(128 + _signals[0])


_report = sys.unraisablehook
_signals: list[int] = []  # that end this process
atexit.register(_leave)  # for a signal that comes before or after the command itself


def _run(options: argparse.Namespace) -> int:
    try:
        refuse_mistakes(options)
        options.command(options)
    except MoodboxError as error:
        for line in str(error).splitlines():
            print(f"moodbox-converter: {line}", file=sys.stderr)
        return error.exit_code
    except ModuleNotFoundError as error:
        print(
            f"moodbox-converter: {error.name} is not installed; "
            "`make develop` with Python 3.11 or 3.12 installs it",
            file=sys.stderr,
        )
        return 1
    except OSError as error:
        if not error.filename:  # no file that the user named, so the fault is in the converter
            raise
        print(f"moodbox-converter: {error.filename}: {error.strerror}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        try:
            print(f"moodbox-converter: stopped{_after_stop(options)}", file=sys.stderr)
        finally:  # also if another signal comes meanwhile
            _leave()
        return 130
    except BaseException:
        _leave()
        raise
    return 0


def _after_stop(options: argparse.Namespace) -> str:
    """Say how to go on after Ctrl-C, as far as that can be told."""
    with suppress(MoodboxError, OSError):  # the run's folder may be damaged, or gone
        return str(options.after_stop(options)) if "after_stop" in options else ""
    return ""
