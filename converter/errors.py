"""Errors that a user of the converter can fix; the command line prints them as one line."""

from collections.abc import Sequence

from device.errors import MoodboxError


class DataError(MoodboxError, ValueError):
    """The data set is missing, damaged, or in an unknown format."""

    exit_code = 2


class RunError(MoodboxError, ValueError):
    """A training run cannot start, or cannot be resumed."""

    exit_code = 2


class OptionsError(MoodboxError, ValueError):
    """Options name what is not there, or do not go together; a line for each mistake."""

    exit_code = 2

    def __init__(self, mistakes: Sequence[str]) -> None:
        """Take the lines."""
        super().__init__("\n".join(mistakes))
