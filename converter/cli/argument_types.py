"""Converts and checks arguments of the command line.

Each function takes the text of an argument and raises argparse.ArgumentTypeError if it is not valid.
"""

from __future__ import annotations

import argparse
import math
from collections.abc import Callable
from pathlib import Path

from device.mood import Mood


def positive(text: str) -> int:
    """Convert a whole number from 1 on."""
    return int(_number(text, int, 1, math.inf, "a whole number from 1 on"))


def seed(text: str) -> int:
    """Convert a whole number of 32 bits, which is what numpy and Keras take."""
    return int(_number(text, int, 0, 2**32 - 1, "a whole number from 0 to 4294967295"))


def rate(text: str) -> float:
    """Convert a learning rate."""
    return _number(text, float, 1e-9, 1, "a number above 0, at most 1")


def share_above_zero(text: str) -> float:
    """Convert a share that cannot be 0."""
    return _number(text, float, 1e-9, 1, "a share above 0, at most 1")


def share(text: str) -> float:
    """Convert a share that may be 0."""
    return _number(text, float, 0, 1, "a share from 0 to 1")


def margin(text: str) -> float:
    """Convert a crop margin, in the range of the model card."""
    return _number(text, float, -0.5, 2, "a number from -0.5 to 2")


def prior(text: str) -> tuple[Mood, float]:
    """Convert MOOD=FACTOR."""
    name, _, factor = text.partition("=")
    return _mood(name), _number(factor, float, 0.01, 100, "MOOD=FACTOR, a number from .01 to 100")


def png(text: str) -> Path:
    """Convert the name of a PNG file."""
    if not text.endswith(".png"):
        raise argparse.ArgumentTypeError(f"{text!r}: expected a name that ends in .png")
    return Path(text)


def moods(text: str) -> tuple[Mood, ...]:
    """Convert two or more moods, separated by commas."""
    found = tuple(_mood(name) for name in text.split(","))
    if len(found) < 2 or len(set(found)) < len(found):
        raise argparse.ArgumentTypeError(f"{text!r}: expected two or more different moods")
    return found


def _mood(name: str) -> Mood:
    if name not in tuple(Mood):
        raise argparse.ArgumentTypeError(f"{name!r}: expected a mood, one of {', '.join(Mood)}")
    return Mood(name)


def _number(text: str, kind: Callable[[str], float], low: float, high: float, expected: str) -> float:
    try:
        number = kind(text)
    except ValueError:
        number = math.nan
    if not low <= number <= high:
        raise argparse.ArgumentTypeError(f"{text!r}: expected {expected}")
    return number
