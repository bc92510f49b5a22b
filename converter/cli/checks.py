"""Checks the files that the options name before anything slow is loaded: a mistake is answered at once."""

from __future__ import annotations

import argparse
from collections.abc import Callable, Iterator
from pathlib import Path

from converter.errors import OptionsError

A_FILE = "no such file"
A_FOLDER = "no such folder"
EITHER = "no such file or folder"
EXISTS: dict[str, Callable[[Path], bool]] = {
    # Not `is_file`: what is read may be a pipe.
    A_FILE: lambda path: path.exists() and not path.is_dir(),
    A_FOLDER: Path.is_dir,
    EITHER: Path.exists,
}
# By the name of an option, of any command: what is wrong if it is not there, and what it is.
INPUTS = {
    "model": (A_FILE, "a .tflite file with its card, or a .keras file in its run's folder"),
    "faces": (A_FILE, "a file that `pack` wrote"),
    "data": (EITHER, "Kaggle's fer2013.csv (or .xz, .gz), or a folder per split and class"),
    "votes": (A_FILE, "FER+'s fer2013new.csv"),
    "leave_out": (A_FILE, "a file with one row number on each line"),
    "start": (A_FILE, "a .keras file in its run's folder"),
    "teacher": (A_FILE, "a .keras file in its run's folder"),
    "run": (A_FOLDER, "the folder of a training run"),
    "backgrounds": (A_FOLDER, "a folder of pictures without people"),
    "photos": (A_FOLDER, "a folder with one folder of photos for each mood"),
    "scenes": (A_FOLDER, "a folder of pictures without people"),
    "beside": (A_FILE, "a .tflite file with its card"),
    "page": (A_FILE, "a Markdown file with a place for the table"),
    "people": (A_FOLDER, "a folder with people.csv and midi/"),
    "sound_font": (A_FILE, "a .sf2 file"),
}


def refuse_mistakes(options: argparse.Namespace) -> None:
    """Check all that can be known of the options without reading the data or loading Keras.

    Args:
        options: `mistakes`, if there, is a function that returns those that one command alone can make.

    Raises:
        OptionsError: with a line for each mistake.
    """
    of_command = options.mistakes(options) if "mistakes" in options else []
    if found := [*missing_inputs(options), *of_command]:
        raise OptionsError(found)


def missing_inputs(options: argparse.Namespace) -> Iterator[str]:
    """Yield a line for each file or folder that an option names and that is not there."""
    for name, (missing, expected) in INPUTS.items():
        value = getattr(options, name, None)
        for path in value if isinstance(value, list) else [value] if value else []:
            if not EXISTS[missing](Path(path)):
                positional = name in ("model", "faces")
                option = "" if positional else f"--{name.replace('_', '-')} "
                yield f"{option}{path}: {missing}; expected {expected}"
