"""What a user of the converter can mend; the command line prints it as one line."""

from device.errors import MoodboxError


class DataError(MoodboxError, ValueError):
    """The data set is missing, broken, or not in a form that is known here."""

    exit_code = 2


class RunError(MoodboxError, ValueError):
    """A training run cannot start, or cannot go on from where it was."""

    exit_code = 2
