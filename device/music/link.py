"""One connection to MPD, and what to say when there is none."""

from __future__ import annotations

import contextlib
import socket
from collections.abc import Iterator

import mpd

from device import settings
from device.errors import PlayerError

# What a connection may raise: python-mpd2's own, the socket's, and ValueError for words that are no UTF-8.
FAILURES = (mpd.MPDError, OSError, ValueError)


class _TolerantClient(mpd.MPDClient):  # type: ignore[misc]
    """One file name that is no UTF-8 costs that song, and not the whole library."""

    def _read_line(self) -> str | None:
        try:
            line: str | None = super()._read_line()
        except UnicodeDecodeError as error:
            return bytes(error.object).decode("utf-8", "replace").rstrip("\n")
        return line


# python-mpd2's own gives nothing where MPD says more than its folder of music, as 0.24 does.
_TolerantClient.add_command("config", mpd.MPDClient._parse_object)


@contextlib.contextmanager
def client_of(music: settings.Music) -> Iterator[mpd.MPDClient]:
    client = _TolerantClient()
    client.timeout = client.idletimeout = music.timeout
    try:
        connect(client, music)
        yield client
    finally:
        with contextlib.suppress(mpd.MPDError, OSError):
            client.disconnect()


def connect(client: mpd.MPDClient, music: settings.Music) -> None:
    """Over a Unix socket (a path, or @ for an abstract one), or TCP (host:port)."""
    if music.address.startswith(("/", "@")):
        client.connect(music.address)
    else:
        host, _, port = music.address.rpartition(":")
        client.connect(host.strip("[]"), int(port))
    if music.password:
        client.password(music.password)


def explain(error: Exception, music: settings.Music) -> str:
    """What to do about an MPD that cannot be reached."""
    where = f"MPD at {music.address}"
    if isinstance(error, FileNotFoundError | ConnectionRefusedError):
        return f"{where} is not running: sudo systemctl start mpd, or set music.address"
    if isinstance(error, socket.gaierror):
        return f"{where} cannot be found: is the name in music.address right, and the network there?"
    if isinstance(error, PermissionError):
        return f"{where} may not be used by this user: add it to the group that owns the socket"
    if isinstance(error, TimeoutError):
        return f"{where} does not answer: sudo systemctl restart mpd"
    if isinstance(error, mpd.CommandError):
        barred = error.errno in (mpd.FailureResponseCode.PERMISSION, mpd.FailureResponseCode.PASSWORD)
        return f"{where} refuses: {error}" + ("; does it want music.password?" if barred else "")
    if isinstance(error, mpd.ProtocolError | ValueError):
        return f"{where} does not speak as MPD does: is music.address right?"
    return f"{where} is gone: {error or type(error).__name__}"


@contextlib.contextmanager
def connected(music: settings.Music) -> Iterator[mpd.MPDClient]:
    """A client for one question, outside of the player. Raises PlayerError."""
    try:
        with client_of(music) as client:
            yield client
    except FAILURES as error:
        raise PlayerError(explain(error, music)) from error
