"""What the commands of the control socket are carried out by, and their replies."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from device.control.command import Command
from device.control.server import Request

Reply = dict[str, Any]
DeferredReply = Callable[[Callable[[Reply], None]], None]
"""What takes the function to call, on whatever thread, once the reply is known."""
Action = Callable[[Any], Reply | DeferredReply]
Actions = dict[type[Command], Action]
"""What to do for each command, which is the argument."""

Streams = dict[type[Command], Callable[[Request], None]]
"""What to do for commands that reply later, or more than once; they take the whole request."""

OK: Reply = {"ok": True}
GOING_OFF: Reply = {"error": "the machine is switching itself off"}
NO_MPD = "MPD is not reachable: `moodbox status` says why"
