"""One root error and a few children; each message says what is wrong, where, and what to do."""


class MoodboxError(Exception):
    """Anything the user can mend. The command line prints it as one line and ends with `exit_code`."""

    exit_code = 1


class SettingsError(MoodboxError, ValueError):
    """The settings file, or an option on the command line, says something impossible."""

    exit_code = 2


class ModelError(MoodboxError, ValueError):
    """A model or its card is missing, damaged, or they do not belong together."""


class CameraError(MoodboxError, OSError):
    """No frame could be had from the camera."""


class PanelError(MoodboxError, OSError):
    """A light or the button could not be reached."""


class PowerError(MoodboxError, OSError):
    """The machine could not be switched off."""


class PlayerError(MoodboxError, ConnectionError):
    """MPD could not be reached, or did not answer in time."""


class ServiceError(MoodboxError, ConnectionError):
    """The running box could not be reached over its control socket, or a box already runs."""


class NoBoxError(ServiceError):
    """No box runs here."""


class MemoryFileError(MoodboxError, OSError):
    """What the box knows cannot be kept on this disk."""


class LibraryError(MoodboxError, LookupError):
    """MPD has nothing to play."""
