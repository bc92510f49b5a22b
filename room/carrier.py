"""The end at a box that plays along with another: carries what each press asks for to the box that plays."""

from __future__ import annotations

import logging
import socket
import threading
from contextlib import suppress
from dataclasses import dataclass, field, replace
from pathlib import Path
from queue import Empty, SimpleQueue
from time import monotonic, sleep
from typing import Any, NamedTuple

import msgspec

from device.control.client import ask, subscribe
from device.control.protocol import encode
from device.control.room_commands import Looks, RoomLook, RoomTrouble
from device.errors import ServiceError
from device.printable import printable
from room.lines import EXCHANGE_S, VERSION, Hello, LineError, Lines, Said, Welcome, decoded
from room.proof import Exchange, RoomError, Sender, is_challenge, new_challenge

log = logging.getLogger(__name__)

PORT = 1707
LATE_S = 10.0  # after which a press counts no more
TRY_AGAIN_S = 15.0  # until it is seen whether what was wrong still is
FIRST_PAUSE_S, MAX_PAUSE_S = 0.25, 2.0  # between attempts to carry a press
BOX_PAUSE_S = 1.0  # until a box that does not run is asked again
MAX_PROBLEM = 200  # characters
OTHER_KEY = "it has another key than this box: copy /etc/moodbox/room.key from it"


class Address(NamedTuple):
    """Where the box that plays is reached."""

    host: str
    port: int


@dataclass(frozen=True)
class PressRequest:
    """What a press asks for, and when it has come, in monotonic seconds."""

    probabilities: dict[str, float]
    steer: bool
    came: float = field(default_factory=monotonic)

    def after(self, earlier: PressRequest | None) -> PressRequest:
        """This one in place of an earlier one that was not carried; what that would have begun begins."""
        return replace(self, steer=self.steer and earlier.steer) if earlier else self

    def body(self) -> str:
        """The request to the other box."""
        look = {"probabilities": self.probabilities, "steer": self.steer, "age": monotonic() - self.came}
        return encode(msgspec.convert(look | {"do": RoomLook.name}, RoomLook)).decode().strip()


class Carrier:
    """Reads what is asked for at this room's box, and carries it to the other; the last press counts."""

    def __init__(self, box: Path, server: Address, key: bytes) -> None:
        """Take this box's control socket, the other box's address, and the key that all rooms share."""
        self._box = box
        self._server = server
        self._key = key
        self._coming: SimpleQueue[PressRequest | BaseException | None] = SimpleQueue()
        self._problem = ""
        self._told: str | None = None  # what this room's box knows of it

    def run(self) -> None:
        """Carry until the process ends. Raises any error that has ended the thread which follows the box."""
        threading.Thread(target=self._keep_following, daemon=True).start()
        while True:
            waiting = None
            with suppress(Empty):
                waiting = _checked(self._coming.get(timeout=TRY_AGAIN_S if self._problem else None))
            self._carry(waiting)

    def _keep_following(self) -> None:
        try:
            self._follow_box()
        except BaseException as error:  # whatever it is: without this thread, no press would be carried
            self._coming.put(error)

    def _follow_box(self) -> None:
        said = ""
        while True:
            try:
                for line in subscribe(self._box, Looks()):
                    if "ok" in line:  # a box that has just started does not know what is wrong
                        self._told = None
                        self._coming.put(None)
                    else:
                        self._coming.put(PressRequest(line["probabilities"], line["steer"]))
            except ServiceError as error:
                if said != (said := str(error)):
                    log.info("%s", said)
            sleep(BOX_PAUSE_S)

    def _carry(self, waiting: PressRequest | None) -> None:
        """Carry a press until it is too late for it; None: only see whether the other box can be asked."""
        pause = FIRST_PAUSE_S
        while True:
            waiting = self._newest(waiting)
            try:
                exchange(self._server, self._key, waiting.body() if waiting else "")
                self._report("")
                return
            except RoomError as error:
                self._report(str(error))
                return
            except (OSError, UnicodeError, LineError) as error:  # UnicodeError: no name can be like that
                problem = does_not_answer(self._server, error)
            if waiting is None or monotonic() + pause - waiting.came > LATE_S:
                if waiting:
                    log.info("a press came to nothing: it would have come too late")
                self._report(problem)
                return
            sleep(pause)
            pause = min(2 * pause, MAX_PAUSE_S)

    def _newest(self, waiting: PressRequest | None) -> PressRequest | None:
        with suppress(Empty):
            while True:
                newer = _checked(self._coming.get_nowait())
                waiting = newer.after(waiting) if newer else waiting
        return waiting

    def _report(self, problem: str) -> None:
        """Tell the box, whose lights show it, and the journal, if that is new."""
        problem = printable(problem)[:MAX_PROBLEM]
        if problem != self._problem:
            log.warning("%s", problem) if problem else log.info("%s answers", self._server.host)
        self._problem = problem
        if problem != self._told:
            with suppress(ServiceError):  # it does not run: it is told when it does
                ask(self._box, RoomTrouble(problem=problem))
                self._told = problem


def _checked(came: PressRequest | BaseException | None) -> PressRequest | None:
    if isinstance(came, BaseException):
        raise came
    return came


def exchange(server: Address, key: bytes, body: str) -> None:
    """Have the box at the other end do what `body` asks for; with an empty one, only see that it could.

    Raises:
        RoomError: It refuses, has another key, or may have done it: then a press must not count twice.
        LineError: It is not moodbox.
        OSError: It cannot be reached.
    """
    with socket.create_connection(server, timeout=EXCHANGE_S) as connection:
        lines = Lines(connection)
        challenge = new_challenge()
        lines.send(Hello(VERSION, challenge))
        welcome = lines.read(Welcome)
        if welcome.error:
            raise RoomError(f"{server.host}: {welcome.error}")
        talk = Exchange(key, challenge, welcome.challenge)
        if not (is_challenge(welcome.challenge) and talk.accepts(welcome.proof, Sender.SERVER)):
            raise RoomError(f"{server.host}: {OTHER_KEY}")
        lines.send(Said(body, talk.proof(Sender.CLIENT, body)))
        try:
            said = lines.read(Said)
        except (OSError, LineError) as error:
            raise RoomError(f"{server.host} has not answered a press: {reason_of(error)}") from error
        if said.error:
            raise RoomError(f"{server.host}: {said.error}")
        if not talk.accepts(said.proof, Sender.ANSWER, said.body):
            raise RoomError(f"{server.host}: {OTHER_KEY}")
        reply = decoded(said.body, dict[str, Any])
        if "error" in reply:
            raise RoomError(f"{server.host}: {reply['error']}")


def does_not_answer(server: Address, error: Exception) -> str:
    """Say that nothing was heard of the box that plays."""
    return f"{server.host} does not answer ({reason_of(error)}): is it on, and room.serve set?"


def reason_of(error: Exception) -> str:
    """Why something failed, without Python's number for it."""
    return (error.strerror if isinstance(error, OSError) else None) or str(error)
