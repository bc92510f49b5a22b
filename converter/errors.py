"""Errors that a user of the converter can fix; the command line prints them as one line."""

from device.errors import MoodboxError


class DataError(MoodboxError, ValueError):
    """The data set is missing, damaged, or in an unknown format."""

    exit_code = 2


class RunError(MoodboxError, ValueError):
    """A training run cannot start, or cannot be resumed."""

    exit_code = 2
