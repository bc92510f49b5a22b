"""The MQTT topics of one box."""

from __future__ import annotations

import hashlib
import socket
from dataclasses import dataclass
from pathlib import Path

MACHINE_ID = Path("/etc/machine-id")


@dataclass(frozen=True)
class Topics:
    """Where the box publishes, and what it listens to.

    Attributes:
        box: The box's identifier: letters, digits and _.
        prefix: Home Assistant's discovery prefix.
    """

    box: str
    prefix: str = "homeassistant"

    @property
    def config(self) -> str:
        """Tells Home Assistant what there is; retained."""
        return f"{self.prefix}/device/{self.box}/config"

    @property
    def birth(self) -> str:
        """Where Home Assistant says that it has started."""
        return f"{self.prefix}/status"

    @property
    def availability(self) -> str:
        """`online` or `offline`; retained."""
        return f"moodbox/{self.box}/availability"

    @property
    def state(self) -> str:
        """All that is known of the box, as JSON; retained."""
        return f"moodbox/{self.box}/state"

    @property
    def press(self) -> str:
        """A message for each press of the button."""
        return f"moodbox/{self.box}/press"

    def command(self, name: str) -> str:
        """Where a command comes in; `+` for all."""
        return f"moodbox/{self.box}/set/{name}"

    def command_of(self, topic: str) -> str | None:
        """Return the name of the command that comes in on a topic; None if none does."""
        start = self.command("")
        return topic.removeprefix(start) if topic.startswith(start) else None

    @property
    def retained(self) -> tuple[str, ...]:
        """Every topic on which the broker keeps a message, the one first that removes the box."""
        return self.config, self.state, self.availability


def identifier(machine_id: Path = MACHINE_ID) -> str:
    """Return an identifier of this machine that stays, and that does not tell the machine's own id."""
    try:
        machine = machine_id.read_text().strip()
    except OSError:
        machine = socket.gethostname()
    return f"moodbox_{hashlib.sha256(f'moodbox home {machine}'.encode()).hexdigest()[:12]}"
