"""Asks somebody at the box to say yes by its button: no browser may steer it or open its camera alone."""

from __future__ import annotations

import logging
from collections.abc import Callable
from typing import Any

from device.box.commands.reply import OK, Actions, Reply, Streams
from device.box.loop import Loop
from device.box.state import StateHolder
from device.control import page_commands as page
from device.control.server import Request

log = logging.getLogger(__name__)

CONSENT_S = 30.0
NOBODY = f"nobody has pressed the box's button within {CONSENT_S:.0f} s"
BUSY = "somebody else is asking already: wait until the lights have stopped asking"
NOT_ASKED = "no browser asks: press Start on its page first, or Show the picture"


class Consent:
    """At most one question at a time, which ends with a press, or when the time is up."""

    def __init__(self, loop: Loop[Any], state: StateHolder, allow_picture: Callable[[], None]) -> None:
        """Take the parts; `allow_picture` is called when somebody has allowed the live picture."""
        self._loop = loop
        self._state = state
        self._allow_picture = allow_picture
        self._asked: Request | None = None

    @property
    def actions(self) -> Actions:
        """What it does for which command."""
        return {page.Pair: self._confirm}

    @property
    def streams(self) -> Streams:
        """What it does for which command that is answered later."""
        return {page.Allow: self.ask}

    def ask(self, request: Request) -> None:
        """Wait for the button, and reply then."""
        if self._asked and not self._asked.reply.closed:
            request.reply.put({"error": BUSY})
            return
        self._asked = request
        self._state.change(asked=True)
        self._loop.schedule_in(self._time_is_up, CONSENT_S)

    def take_press(self) -> bool:
        """Take a press of the button as a yes. Returns False if nothing is asked: then it is a press."""
        if self._asked is None:
            return False
        request = self._asked
        self._end()
        if request.reply.closed:  # whoever has asked is gone
            return True
        if isinstance(request.command, page.Allow) and request.command.what == "aim":
            log.info("somebody at the box has allowed the live picture")
            self._allow_picture()
        else:
            log.info("somebody at the box has allowed a browser to be paired")
        request.reply.put(OK)
        return True

    def _confirm(self, _: page.Pair) -> Reply:
        return OK if self.take_press() else {"error": NOT_ASKED}

    def _time_is_up(self) -> None:
        if self._asked:
            self._asked.reply.put({"error": NOBODY})
        self._end()

    def _end(self) -> None:
        self._asked = None
        self._loop.cancel(self._time_is_up)
        self._state.change(asked=False)
