"""The converter's command line: runs a command and turns its errors into one line and an exit code."""

from __future__ import annotations

import argparse
import os
import signal
import sys
from collections.abc import Sequence
from contextlib import suppress
from functools import partial
from types import FrameType
from typing import NoReturn

from converter.cli.checks import refuse_mistakes
from converter.cli.parser import parser
from converter.ending import clean_up
from converter.networks.backend import STDERR
from device.errors import MoodboxError
from device.output import written_out

# TensorFlow prints dozens of lines when it loads. What matters is still raised as an exception.
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
# TensorFlow uses oneDNN by itself only where there is AVX-512 VNNI. Elsewhere it takes a third of the
# time off a training, too.
os.environ.setdefault("TF_ENABLE_ONEDNN_OPTS", "1")

SIGNALS = (signal.SIGTERM, signal.SIGHUP, signal.SIGINT)
"""They end the converter."""
_received: list[int] = []


def main(arguments: Sequence[str] | None = None) -> int:
    """Run a command and return its exit code; docs/scripts.md lists them."""
    _end_by_signals(argparse.Namespace())
    with written_out("moodbox-converter"):
        options = parser().parse_args(arguments)
        _end_by_signals(options)
        return _run(options)


def _end_by_signals(options: argparse.Namespace) -> None:
    for number in SIGNALS:
        if signal.getsignal(number) != signal.SIG_IGN:  # as `nohup` has it
            signal.signal(number, partial(_end, options))


def _end(options: argparse.Namespace, number: int, _: FrameType | None) -> NoReturn:
    """End the process at once, and not by an exception.

    An exception would free what TensorFlow's threads still use, so that they crash now and then. Besides,
    Python drops one that is raised while it collects garbage, and the process would go on.
    """
    _received.append(number)
    try:
        if len(_received) == 1:  # whoever asks twice does not want to wait
            clean_up()
            if number == signal.SIGINT:
                # Not by `print`, in the middle of which the signal may have come.
                os.write(STDERR, f"moodbox-converter: stopped{_after_stop(options)}\n".encode())
            sys.stdout.flush()
    finally:  # whatever has failed
        os._exit(128 + _received[0])


def _after_stop(options: argparse.Namespace) -> str:
    """Say how to go on after Ctrl-C, as far as that can be told."""
    with suppress(MoodboxError, OSError):  # the run's folder may be damaged, or gone
        return str(options.after_stop(options)) if "after_stop" in options else ""
    return ""


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
    return 0
