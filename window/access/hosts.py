"""Under which names the page is served. A page of another site that has its name point here is refused."""

from __future__ import annotations

import ipaddress
import re
import socket
from collections.abc import Collection, Iterable

HOME_DOMAINS = ("local", "lan", "home.arpa", "internal", "localdomain")
"""Domains that only a home's own router or mDNS gives out: nobody can register a name in them."""
NAME = re.compile(r"[a-z0-9]([a-z0-9.-]{0,252}[a-z0-9])?")


def known_names(more: Iterable[str] = ()) -> frozenset[str]:
    """Return the names of this machine, in small letters.

    Args:
        more: Further names that its owner has given it.
    """
    own = socket.gethostname().partition(".")[0].lower()
    names = {"localhost", own, *(f"{own}.{domain}" for domain in HOME_DOMAINS)}
    return frozenset(names | {name.lower().rstrip(".") for name in more})


def is_own_host(header: str, own_address: str | None, names: Collection[str]) -> bool:
    """Tell whether a Host header names this machine.

    Args:
        header: The name or address, and a port if it is not 80.
        own_address: The address at which the connection has come in.
        names: As `known_names` gives them.
    """
    host = host_of(header)
    if host is None:
        return False
    try:
        address = ipaddress.ip_address(host)
    except ValueError:
        first, _, domain = host.partition(".")
        # avahi adds a number to a name that another machine has already.
        return host in names or (domain == "local" and re.sub(r"-\d{1,3}$", "", first) in names)
    if own_address is None:
        return False
    own = ipaddress.ip_address(own_address.partition("%")[0])
    return address in (own, getattr(own, "ipv4_mapped", None))


def host_of(header: str) -> str | None:
    """Return the name or address in a Host header, without port and brackets; None if it is not one."""
    match = re.fullmatch(r"(\[[0-9a-f:.]{2,45}\]|[a-z0-9.-]{1,254})(:[0-9]{1,5})?", header.lower())
    if not match:
        return None
    host = match[1].strip("[]").rstrip(".")
    return host if host.count(":") > 1 or NAME.fullmatch(host) else None
