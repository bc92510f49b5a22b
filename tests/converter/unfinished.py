"""A command of `moodbox-converter` that does not end by itself, for tests of how signals end it."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager

PROGRAM = """
import argparse, sys, time
{begin}
from converter.cli import main

def unfinished(_):
{work}

parser = argparse.ArgumentParser()
parser.set_defaults(command=unfinished)
main.parser = lambda: parser
sys.exit(main.main([]))
"""


@contextmanager
def unfinished(work: str, *arguments: str, begin: str = "") -> Iterator[subprocess.Popen[str]]:
    """A process that does `work`, indented lines that print "begun" and then wait, after `begin`."""
    program = PROGRAM.format(begin=begin, work=work)
    with subprocess.Popen(
        [sys.executable, "-c", program, *arguments], stdout=subprocess.PIPE, text=True
    ) as process:
        try:
            assert process.stdout
            assert process.stdout.readline() == "begun\n"
            yield process
        finally:  # a test that has failed does not wait for it
            process.kill()
