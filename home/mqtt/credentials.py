"""Files that the settings name: the password, which only the process's user can read, and certificates."""

from __future__ import annotations

import os
import pwd
import ssl
import stat
from pathlib import Path

from device.config.paths import expanded
from device.errors import SettingsError
from device.storage.regular_file import read_regular_file, read_with_status

USER = "moodbox-home"
MAX_BYTES = 1024
MAX_CERTIFICATES_BYTES = 1 << 20


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


def trust(ca: str) -> ssl.SSLContext:
    """Return what certifies the broker: the certificates of this file; "": those that the system knows.

    Raises:
        SettingsError: The file cannot be read, or holds none.
    """
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    if not ca:
        context.load_default_certs()
        return context
    where = f"home.ca: {ca}: no certificates can be read there"
    try:
        content = read_regular_file(expanded(ca), MAX_CERTIFICATES_BYTES)
        text = content.decode("ascii", "ignore")  # what stands beside certificates may be in any language
        context.load_verify_locations(cadata=text)
    except (ssl.SSLError, ValueError) as error:
        raise SettingsError(f"{where}; a PEM file has -----BEGIN CERTIFICATE----- in it") from error
    except OSError as error:
        raise SettingsError(f"{where}: {error.strerror}") from error
    return context


def _user() -> int:
    """The user who must own the file: the service's, also when root looks at it."""
    if os.geteuid() == 0:
        try:
            return pwd.getpwnam(USER).pw_uid
        except KeyError:
            pass
    return os.geteuid()
