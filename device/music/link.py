"""One connection to MPD, and what to say when there is none."""

from __future__ import annotations

import contextlib
import socket
from collections.abc import Iterable, Iterator, Sequence
from typing import Any

import mpd
from mpd.base import mpd_commands

from device import settings
from device.errors import MoodboxError, PlayerError
from device.music import answers
from device.music.wire import AnswerError, Wire

# What a connection may raise. The other errors of python-mpd2 are of who uses it wrongly, and so not MPD's.
FAILURES = (mpd.ConnectionError, mpd.ProtocolError, mpd.CommandError, OSError, AnswerError)

SLOW = {
    "find": 10.0,
    "listplaylist": 10.0,
    "listplaylists": 10.0,
    "readcomments": 5.0,
    "sticker find": 10.0,
    "sticker get": 10.0,
    "sticker set": 10.0,
}
"""Seconds for answers for which MPD reads its disk, or all of its library: that is no MPD that hangs."""

LONGEST_WORD = 300  # letters of what MPD says that are shown to somebody


class Client(mpd.MPDClient):  # type: ignore[misc]
    """python-mpd2's client, with an end to each answer (see `Wire`).

    It offers no way to do that, so its private parts are used here, and only here: `_write_command` makes a
    line of a command, and `_write_line` sends it; `_read_line` gives each line of the answer, None at its
    end, and raises where MPD refuses; `_hello` checks the greeting; `disconnect` closes `_sock`.
    """

    def __init__(self, music: settings.Music) -> None:
        super().__init__()
        self._music = music
        self.timeout: float = music.timeout
        self.idletimeout: float | None = music.timeout

    def connect(self) -> None:
        """To where the settings say, with their password. Raises one of FAILURES."""
        self.talk(Wire.to(self._music.address, self.timeout))
        if self._music.password:
            self.password(self._music.password)

    def talk(self, wire: Wire) -> None:
        """Over a connection that there is already, and on which MPD is about to greet."""
        self._wire = wire
        self._sock = wire.socket
        self._hello(_text(wire.line()) + "\n")

    def reconnect(self) -> None:
        """After an answer that cannot be read to its end, or at which MPD has hung up."""
        self.disconnect()
        self.connect()

    def hang_up(self) -> None:
        """From another thread: whatever waits for an answer here ends."""
        with contextlib.suppress(OSError):
            self._wire.socket.shutdown(socket.SHUT_RDWR)

    def _write_command(self, command: str, args: Sequence[Any] = ()) -> None:
        if self._sock is None:
            raise mpd.ConnectionError("Not connected")
        sleeps = command == "idle" and self.idletimeout is None
        self._wire.expect(max(self.timeout, SLOW.get(command, 0.0)), sleeps=sleeps)
        super()._write_command(command, args)

    def _write_line(self, line: str) -> None:
        self._wire.send(line)

    def _read_line(self) -> str | None:
        line = _text(self._wire.line())
        if line == "OK":
            if self._command_list is not None:
                raise mpd.ProtocolError("OK in the middle of a list of commands")
            return None
        if line == "list_OK" and self._command_list is not None:
            return None
        if line.startswith("ACK "):
            raise _refusal(line[4:])
        return line

    @mpd_commands("plchangesposid")  # type: ignore[untyped-decorator,unused-ignore]
    def _places(self, lines: Iterable[str]) -> list[tuple[int, int]]:
        return answers.places(lines)

    @mpd_commands("sticker get")  # type: ignore[untyped-decorator,unused-ignore]
    def _sticker(self, lines: Iterable[str]) -> str:
        values = [value for _, value in self._parse_raw_stickers(lines)]
        if len(values) != 1:
            raise mpd.ProtocolError(f"{len(values)} stickers in place of one")
        return str(values[0])


Client.add_command("plchangesposid", Client._places)
Client.add_command("sticker get", Client._sticker)
# python-mpd2's own gives nothing where MPD says more than its folder of music, as 0.24 does.
Client.add_command("config", mpd.MPDClient._parse_object)


def _text(line: bytes) -> str:
    """One file name that is no UTF-8 costs that song, and not the whole library."""
    return line.decode("utf-8", "replace")


def _refusal(words: str) -> mpd.CommandError:
    """Without number and place if MPD gives another kind of number than python-mpd2 knows."""
    try:
        return mpd.CommandError(words)
    except ValueError:
        error = mpd.CommandError("")
        error.args = (words,)
        return error


@contextlib.contextmanager
def client_of(music: settings.Music) -> Iterator[Client]:
    client = Client(music)
    try:
        client.connect()
        yield client
    finally:
        with contextlib.suppress(mpd.MPDError, OSError):
            client.disconnect()


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
        return f"{where} refuses: {shown(str(error))}" + ("; does it want music.password?" if barred else "")
    if isinstance(error, mpd.ProtocolError | AnswerError):
        return f"{where} does not speak as MPD does ({shown(str(error))}): is music.address right?"
    return f"{where} is gone: {shown(str(error)) or type(error).__name__}"


def shown(words: str) -> str:
    """What MPD says, for people: not endless, and without what a terminal would obey."""
    short = words if len(words) <= LONGEST_WORD else f"{words[:LONGEST_WORD]}..."
    return "".join(letter if letter.isprintable() else "\ufffd" for letter in short)


@contextlib.contextmanager
def connected(music: settings.Music) -> Iterator[Client]:
    """A client for one question, outside of the player. Raises PlayerError."""
    try:
        with client_of(music) as client:
            yield client
    except MoodboxError:
        raise  # some of these are OSErrors, and no fault of MPD's
    except FAILURES as error:
        raise PlayerError(explain(error, music)) from error
