"""One connection to MPD, and what to say when it fails."""

from __future__ import annotations

import contextlib
import shlex
import socket
from collections.abc import Iterable, Iterator, Sequence
from typing import Any

import mpd
from mpd.base import mpd_commands

from device.config import settings
from device.errors import MoodboxError, PlayerError
from device.mpd import responses
from device.mpd.transport import ResponseError, Transport

# What a connection may raise. Other errors of python-mpd2 mean that we use it wrongly: faults of our own.
MPD_ERRORS = (mpd.ConnectionError, mpd.ProtocolError, mpd.CommandError, OSError, ResponseError)

SLOW_COMMAND_TIMEOUTS_S = {
    "find": 10.0,
    "listplaylist": 10.0,
    "listplaylists": 10.0,
    "readcomments": 5.0,
    "sticker find": 10.0,
    "sticker get": 10.0,
    "sticker set": 10.0,
}
"""Commands for which MPD reads its disk or its whole library: slow is not hung."""

MAX_QUOTE = 300  # characters of MPD's own text that a message quotes


def mpc(music: settings.Music, words: str) -> str:
    """A command of the program `mpc` as it can be typed, so that it asks this MPD and not another one."""
    if music.address == settings.Music().address:
        return f"mpc {words}"
    if music.address.startswith(("/", "@")):
        return f"mpc --host={shlex.quote(music.address)} {words}"
    host, _, port = music.address.rpartition(":")
    return f"mpc --host={host.strip('[]')} --port={port} {words}"


class Client(mpd.MPDClient):  # type: ignore[misc]
    """python-mpd2's client over a `Transport`, so that every response is bounded.

    python-mpd2 reads from a file object, and has no public way to replace that. So this class, and no other,
    overrides and calls private methods of it (checked with 3.1): `_write_command` formats a command and
    `_write_line` sends it; `_read_line` returns a line of the response, None at its end, and raises where MPD
    refuses; `_hello` checks the greeting; `_command_list` is not None inside a command list; `_parse_object`
    and `_parse_raw_stickers` parse responses; `disconnect` closes `_sock`.

    Attributes:
        timeout: Seconds for a response; a command in `SLOW_COMMAND_TIMEOUTS_S` has more.
        idletimeout: The same for `idle`; with None it may wait for ever.
    """

    def __init__(self, music: settings.Music) -> None:
        super().__init__()
        self._music = music
        self.timeout: float = music.timeout
        self.idletimeout: float | None = music.timeout

    def connect(self) -> None:
        """Connect with the address and the password of the settings. Raises one of MPD_ERRORS."""
        self.use(Transport.connect(self._music.address, self.timeout))
        if self._music.password:
            self.password(self._music.password)

    def mpc(self, words: str) -> str:
        """The `mpc` command, as `mpc` gives it, that asks the MPD of this connection."""
        return mpc(self._music, words)

    def use(self, transport: Transport) -> None:
        """Speak over a connection on which MPD is about to send its greeting. Raises one of MPD_ERRORS."""
        self._transport = transport
        self._sock = transport.socket
        self._hello(_text(transport.read_line()) + "\n")

    def reconnect(self) -> None:
        """Connect again, after a response that cannot be read to its end. Raises one of MPD_ERRORS."""
        self.disconnect()
        self.connect()

    def hang_up(self) -> None:
        """End whatever waits for a response here; for use from another thread."""
        with contextlib.suppress(OSError):
            self._transport.socket.shutdown(socket.SHUT_RDWR)

    def _write_command(self, command: str, args: Sequence[Any] = ()) -> None:
        if self._sock is None:
            raise mpd.ConnectionError("Not connected")
        idle = command == "idle" and self.idletimeout is None
        seconds = max(self.timeout, SLOW_COMMAND_TIMEOUTS_S.get(command, 0.0))
        self._transport.begin_response(seconds, idle=idle)
        super()._write_command(command, args)

    def _write_line(self, line: str) -> None:
        self._transport.send_line(line)

    def _read_line(self) -> str | None:
        line = _text(self._transport.read_line())
        if line == "OK":
            if self._command_list is not None:
                raise mpd.ProtocolError("OK in the middle of a command list")
            return None
        if line == "list_OK" and self._command_list is not None:
            return None
        if line.startswith("ACK "):
            raise _command_error(line[4:])
        return line

    @mpd_commands("plchangesposid")  # type: ignore[untyped-decorator,unused-ignore]
    def _parse_positions(self, lines: Iterable[str]) -> list[tuple[int, int]]:
        return responses.positions(lines)

    @mpd_commands("sticker get")  # type: ignore[untyped-decorator,unused-ignore]
    def _parse_sticker(self, lines: Iterable[str]) -> str:
        values = [value for _, value in self._parse_raw_stickers(lines)]
        if len(values) != 1:
            raise mpd.ProtocolError(f"{len(values)} stickers instead of one")
        return str(values[0])


Client.add_command("plchangesposid", Client._parse_positions)
Client.add_command("sticker get", Client._parse_sticker)
# python-mpd2's own parser returns nothing if MPD sends more than its music directory, as 0.24 does.
Client.add_command("config", mpd.MPDClient._parse_object)


def _text(line: bytes) -> str:
    """Decode a line; a file name that is not UTF-8 costs that song, not the whole library."""
    return line.decode("utf-8", "replace")


def _command_error(text: str) -> mpd.CommandError:
    """The error of an ACK line; without number and offset if python-mpd2 does not know its number."""
    try:
        return mpd.CommandError(text)
    except ValueError:
        error = mpd.CommandError("")
        error.args = (text,)
        return error


@contextlib.contextmanager
def open_client(music: settings.Music) -> Iterator[Client]:
    """Connect, and disconnect at the end. Raises one of MPD_ERRORS."""
    client = Client(music)
    try:
        client.connect()
        yield client
    finally:
        with contextlib.suppress(mpd.MPDError, OSError):
            client.disconnect()


def explain(error: Exception, music: settings.Music) -> str:
    """Say in one line what one of MPD_ERRORS means, and what to do about it."""
    where = f"MPD at {music.address}"
    if isinstance(error, FileNotFoundError | ConnectionRefusedError):
        return f"{where} is not running: sudo systemctl start mpd, or set music.address"
    if isinstance(error, socket.gaierror):
        return f"{where} cannot be found: is the name in music.address right, and is the network up?"
    if isinstance(error, PermissionError):
        return f"{where} may not be used by this user: add the user to the group that owns the socket"
    if isinstance(error, TimeoutError):
        return f"{where} does not answer: sudo systemctl restart mpd"
    if isinstance(error, mpd.CommandError):
        return f"{where} refuses: {printable(str(error))}{_password_hint(error, music)}"
    if isinstance(error, mpd.ProtocolError | ResponseError):
        return f"{where} does not speak MPD's protocol ({printable(str(error))}): is music.address right?"
    return f"{where} is not reachable: {printable(str(error)) or type(error).__name__}"


def _password_hint(error: mpd.CommandError, music: settings.Music) -> str:
    if error.errno == mpd.FailureResponseCode.PASSWORD:
        return "; music.password is not one of mpd.conf's: correct it"
    if error.errno != mpd.FailureResponseCode.PERMISSION:
        return ""
    return "; music.password permits less: see mpd.conf" if music.password else "; set music.password"


def printable(text: str) -> str:
    """Shorten MPD's own text, and replace what would control a terminal."""
    short = text if len(text) <= MAX_QUOTE else f"{text[:MAX_QUOTE]}..."
    return "".join(character if character.isprintable() else "\ufffd" for character in short)


@contextlib.contextmanager
def connected(music: settings.Music) -> Iterator[Client]:
    """A client of its own for one purpose. Raises PlayerError."""
    try:
        with open_client(music) as client:
            yield client
    except MoodboxError:
        raise  # some of these are OSErrors, but not MPD's
    except MPD_ERRORS as error:
        raise PlayerError(explain(error, music)) from error
