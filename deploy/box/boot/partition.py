"""The files on the boot partition, which a person can change with the card in a computer."""

from __future__ import annotations

import codecs
import contextlib
import grp
import hashlib
import io
import os
import sys
import tomllib
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, TextIO

import streams
from common import CURRENT, GROUP, ROOT, SETTINGS, WRONG_CALL, DeployError, report, run, write_file
from music import CONFIGURATION
from services import strip

from boot import wlan

BOOT = Path("/boot/firmware")
FOLDER = "moodbox"
"""Where the release is on the boot partition."""
SETTINGS_FILE, WLAN_FILE, LOG_FILE = "moodbox.toml", "moodbox-wifi.toml", "moodbox-log.txt"
TAKEN = ROOT / "taken-from-card"
"""A folder with the digest of each file as it was when the box took it over."""
BEFORE = SETTINGS.with_name("moodbox.toml.before-card")
MAX_BYTES = 2**20
"""As in device/config/toml_file.py: a larger file would hold up the start of the Pi for minutes."""
HINTS = {
    "Invalid value": 'a text stands between straight quotes, as in "House"',
    "Unescaped": "a text with a backslash stands between straight single quotes, as in 'pass\\word'",
}
"""What to do about some of tomllib's messages, by how they begin."""


def read() -> None:
    """Take over WLAN and settings; what cannot be read is also reported on the boot partition."""
    with logged(sys.stdout):
        take_over(take_wlan, take_settings, delete_installed)


def take_over(*parts: Callable[[], None]) -> None:
    """Take over parts of the boot partition that have changed; report one that fails, and go on."""
    for part in parts:
        try:
            part()
        except DeployError as error:
            report(str(error))
        except OSError as error:
            report(f"{error.filename or BOOT}: {error.strerror}")


def delete_installed() -> None:
    """Delete a release that was installed, and its songs; a power cut may have left them."""
    if not (BOOT / FOLDER / "name").exists():
        for file in ("release.tar", "music.tar"):
            (BOOT / FOLDER / file).unlink(missing_ok=True)


def take_settings() -> None:
    """Replace the box's settings by those on the boot partition, if these have changed.

    Raises:
        DeployError: If the file is not TOML.
    """
    text = _changed(SETTINGS_FILE)
    if text is None:
        return
    _parsed(SETTINGS_FILE, text)
    if SETTINGS.exists():
        write_file(SETTINGS.read_bytes(), BEFORE, mode=0o600)
    write_file(text.encode(), SETTINGS, mode=0o640, group=grp.getgrnam(GROUP).gr_gid)
    if CURRENT.exists():
        _apply_streams(CURRENT.resolve())
        strip.keep(CURRENT.resolve())
    _note(SETTINGS_FILE, text)
    report(f"the settings are those of {SETTINGS_FILE} on the boot partition")


def _apply_streams(release: Path) -> None:
    """Let MPD fetch streams, or keep it from them, as the new settings say."""
    if streams.configure(release, CONFIGURATION, streams=streams.wanted()):
        run("systemctl", "daemon-reload", check=False)
        # MPD may be waiting for the network, which waits for this.
        run("systemctl", "--no-block", "try-restart", "mpd.service", check=False)


def take_wlan() -> None:
    """Tell NetworkManager the WLAN on the boot partition, if it has changed; its password goes from there.

    Raises:
        DeployError: If the file is not TOML, or has no usable WLAN.
    """
    text = _changed(WLAN_FILE)
    if text is None:
        return
    network = wlan.read(_parsed(WLAN_FILE, text), WLAN_FILE)
    if network is not None:
        wlan.join(network)
        os.sync()  # first the box has the password, then it goes from the card
        text = wlan.without_password(text)
        write_file(text.encode(), BOOT / WLAN_FILE)
        report(f"the WLAN is {network.ssid}, from {WLAN_FILE} on the boot partition")
    _note(WLAN_FILE, text)


def _changed(name: str) -> str | None:
    """Return the text of a file if it is not the one that was taken over."""
    try:
        with (BOOT / name).open("rb") as file:
            content = file.read(MAX_BYTES + 1)
    except FileNotFoundError:
        return None
    if len(content) > MAX_BYTES:
        raise DeployError(
            WRONG_CALL, f"{name} on the boot partition was not read: it is larger than a megabyte"
        )
    text = _decoded(name, content)
    with contextlib.suppress(OSError):
        if (TAKEN / name).read_bytes() == _digest(text).encode():  # a power cut may leave no text
            return None
    return text


def _decoded(name: str, content: bytes) -> str:
    """Return the text of a file: editors of Windows put a mark at its beginning, or save it in UTF-16."""
    is_utf16 = content.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE))
    try:
        return content.decode("utf-16" if is_utf16 else "utf-8-sig")
    except UnicodeDecodeError as error:
        raise DeployError(
            WRONG_CALL,
            f"{name} on the boot partition was not read: it is not text in UTF-8;"
            " choose this encoding when you save it",
        ) from error


def _parsed(name: str, text: str) -> dict[str, Any]:
    try:
        return tomllib.loads(text)
    except (ValueError, RecursionError) as error:
        hint = next((f"; {hint}" for start, hint in HINTS.items() if str(error).startswith(start)), "")
        raise DeployError(WRONG_CALL, f"{name} on the boot partition was not read: {error}{hint}") from error


def _note(name: str, text: str) -> None:
    TAKEN.mkdir(parents=True, exist_ok=True)
    write_file(_digest(text).encode(), TAKEN / name)


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


class _Both(io.TextIOBase):
    """A stream that writes to another one, and to a file on the boot partition, where that is possible."""

    def __init__(self, stream: TextIO, file: Path) -> None:
        self._stream, self._file = stream, file
        self._mode = "w"

    def write(self, text: str) -> int:
        with contextlib.suppress(OSError), self._file.open(self._mode, encoding="utf-8") as file:
            file.write(text)
            self._mode = "a"
        return self._stream.write(text)

    def flush(self) -> None:
        self._stream.flush()


@contextlib.contextmanager
def logged(stream: TextIO) -> Iterator[None]:
    """Write what is reported also to a file on the boot partition; the first line replaces what is there."""
    with contextlib.redirect_stdout(_Both(stream, BOOT / LOG_FILE)):
        yield
