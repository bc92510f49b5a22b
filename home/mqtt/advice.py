"""What to do about a broker that does not let the box in: paho, Python and TLS say only what has happened."""

from __future__ import annotations

import re

from device.printable import printable

WHAT_TO_DO = {
    "not authorized|bad user name": (
        "check home.username and the password in home.password_file, then sudo systemctl restart moodbox-home"
    ),
    "unsupported protocol version": "it has to speak MQTT 5, as mosquitto 1.6 and newer do",
    "session taken over": (
        "something else has the same name there: a second moodbox home on this machine, or a box whose card"
        " is a copy of this one's: docs/home.md, If something does not work"
    ),
    "protocol error|malformed packet": "does home.broker name a broker with MQTT 5, and its port?",
    "the other end has closed it": (
        "if this comes again: is the port in home.broker right, does it want mqtts:// there, or does a second"
        " moodbox home or a copied card have the same name: docs/home.md, If something does not work"
    ),
    "name or service not known|name resolution|no address associated|nodename nor servname": (
        "is this machine in the network, and the name in home.broker right? The address does as well"
    ),
    "connection refused": "is the broker switched on, does it listen to this network, and on this port?",
    "timed out|no route to host|network is unreachable": (
        "are both machines in the same network, and is the broker's switched on?"
    ),
    "operation not permitted": (
        "the unit lets the box reach your own network alone: docs/home.md, What protects it"
    ),
    "connection reset|wrong.version.number|unexpected.eof|eof occurred|record layer failure": (
        "the port in home.broker may be one without TLS: most brokers have mqtts:// at 8883, mqtt:// at 1883"
    ),
    "certificate has expired|not yet valid": (
        "give the broker a new certificate, unless the clock of this machine is wrong: date"
    ),
    "mismatch|is not valid for": "home.broker has to be a name or an address in the broker's certificate",
    "self.signed|unable to get (local )?issuer": (
        "home.ca has to name the file with the certificate that the broker's is signed by"
    ),
}


def with_advice(reason: str) -> str:
    """Return the reason in one line, and after it what to do, where that is known."""
    reason = printable(reason)
    for pattern, what in WHAT_TO_DO.items():
        if re.search(pattern, reason, re.IGNORECASE):
            return f"{reason.rstrip('.')}; {what}"
    return reason
