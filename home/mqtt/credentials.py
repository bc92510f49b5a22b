"""The password for the broker: a file that nobody but the process's own user can read."""

from __future__ import annotations

import os
import pwd
import stat
from pathlib import Path

from device.errors import SettingsError
from device.storage.regular_file import read_with_status

USER = "moodbox-home"
MAX_BYTES = 1024


def read_password(path: Path) -> str:
    """Return the first line of the file.

    Raises:
        SettingsError: It cannot be read, or others than its owner could.
    """
    where = f"home.password_file: {path}"
    try:
        content, found = read_with_status(path, MAX_BYTES)
    except OSError as error:
        raise SettingsError(f"{where}: cannot be read: {error.strerror}") from error
    if found.st_uid != _user():
        raise SettingsError(f"{where}: belongs to another user: sudo chown {USER}: {path}")
    if found.st_mode & 0o177:
        mode = stat.S_IMODE(found.st_mode)
        raise SettingsError(f"{where}: its mode is {mode:o}, so others may read it: sudo chmod 600 {path}")
    try:
        password = content.decode().partition("\n")[0].rstrip("\r")
    except UnicodeDecodeError as error:
        raise SettingsError(f"{where}: its first line is not UTF-8") from error
    if not password:
        raise SettingsError(f"{where}: its first line is empty; it has to be the password")
    return password


def _user() -> int:
    """The user who must own the file: the service's, also when root looks at it."""
    if os.geteuid() == 0:
        try:
            return pwd.getpwnam(USER).pw_uid
        except KeyError:
            pass
    return os.geteuid()
