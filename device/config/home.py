"""The settings of `moodbox home`; part of the schema in `device.config.settings`."""

from __future__ import annotations

from device.config.section import Section


class Home(Section, frozen=True):
    """Home Assistant, by an MQTT broker: `moodbox home`, a process of its own. docs/home.md explains it."""

    broker: str = ""
    """The broker: "mqtt://HOST", or "mqtts://HOST" for TLS, each with :PORT if it is not 1883 or 8883.
    Empty: off.
    """
    ca: str = ""
    """A PEM file with the certificate that the broker's is signed by. Empty: those that the system knows."""
    username: str = ""
    """The user at the broker. Empty: none, and no password."""
    password_file: str = ""
    """A file whose first line is that user's password. Only the user moodbox-home may be able to read it."""
    name: str = ""
    """What the box is called in Home Assistant. Empty: the name of the machine."""
    prefix: str = "homeassistant"
    """The discovery prefix that is set in Home Assistant."""

    def address(self) -> tuple[str, int, bool]:
        """Return the broker's host and port, and whether it speaks TLS. `settings_of` has checked them."""
        from urllib.parse import urlsplit  # the box itself has no use for it

        parts = urlsplit(self.broker)
        tls = parts.scheme == "mqtts"
        return parts.hostname or "", parts.port or (8883 if tls else 1883), tls
