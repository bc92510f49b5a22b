"""The WLAN that the boot partition names: checked, and given to NetworkManager."""

from __future__ import annotations

import contextlib
import json
import re
import subprocess
import tomllib
from pathlib import Path
from typing import Any, NamedTuple

from common import WRONG_CALL, DeployError, run, write_file

PROFILE = Path("/etc/NetworkManager/system-connections/moodbox.nmconnection")
ID = "moodbox"
UUID = "6d6f6f64-626f-4878-8c6f-776c616e0001"
"""Always the same: a new WLAN takes the place of the one before."""
TAKEN_NOTE = "# the box has it; to change it, write the new one here"
KEYS = ("ssid", "password", "country", "hidden")
PASSWORD = re.compile(r"^(\s*password\s*=\s*).*$", re.MULTILINE)


class Wlan(NamedTuple):
    """A WLAN to join."""

    ssid: str
    password: str  # or the key that it gives: 64 hexadecimal digits
    country: str  # two letters; empty: the one that was set before
    hidden: bool


def read(content: dict[str, Any], file: str) -> Wlan | None:
    """Return the WLAN of a file's content; None if it names none.

    Raises:
        DeployError: If a value cannot be that of a WLAN.
    """
    ssid, password = content.get("ssid", ""), content.get("password", "")
    country, hidden = content.get("country", ""), content.get("hidden", False)
    if unknown := sorted(content.keys() - KEYS):  # in a table, or with a capital letter, it names no WLAN
        raise DeployError(
            WRONG_CALL,
            f"{file} on the boot partition was not read: it has {unknown[0]}, and knows only"
            f" {', '.join(KEYS)}",
        )
    if not ssid and not password:
        return None

    def expect(key: str, right: bool, what: str) -> None:
        if not right:
            raise DeployError(WRONG_CALL, f"{file} on the boot partition was not read: {key} must be {what}")

    expect("ssid", isinstance(ssid, str) and 1 <= len(ssid.encode()) <= 32, "a text of 1 to 32 bytes")
    expect(
        "password",
        isinstance(password, str) and bool(re.fullmatch(r"[ -~]{8,63}|[0-9A-Fa-f]{64}", password)),
        "the WLAN's password: 8 to 63 letters, digits, spaces and signs of ASCII, so no umlauts",
    )
    expect(
        "country", isinstance(country, str) and bool(re.fullmatch(r"([A-Za-z]{2})?", country)), "two letters"
    )
    expect("hidden", isinstance(hidden, bool), "true or false")
    return Wlan(ssid, password, country.upper(), hidden)


def profile(wlan: Wlan) -> str:
    """Return the WLAN as a file of NetworkManager."""
    octets = "".join(f"{octet};" for octet in wlan.ssid.encode())  # no sign of an SSID needs an escape so
    password = wlan.password.replace("\\", "\\\\")
    password = re.sub(r"^ ", r"\\s", password)
    return f"""\
[connection]
id={ID}
uuid={UUID}
type=wifi
autoconnect-priority=10

[wifi]
mode=infrastructure
ssid={octets}
hidden={json.dumps(wlan.hidden)}

[wifi-security]
key-mgmt=wpa-psk
psk={password}

[ipv4]
method=auto

[ipv6]
method=auto
"""


def join(wlan: Wlan) -> None:
    """Give the WLAN to NetworkManager, and set the country, without which a Pi's WLAN stays off."""
    PROFILE.parent.mkdir(mode=0o755, parents=True, exist_ok=True)
    write_file(profile(wlan).encode(), PROFILE, mode=0o600)
    if wlan.country:
        _try("raspi-config", "nonint", "do_wifi_country", wlan.country)
    _try("rfkill", "unblock", "wifi")
    _try("nmcli", "connection", "reload")  # it reads the file by itself when it starts


def _try(*words: str) -> None:
    with contextlib.suppress(OSError, subprocess.TimeoutExpired):  # not there, or not ready yet
        run(*words, check=False, timeout=30)


def without_password(text: str) -> str:
    """Return the text of the file without its password.

    The comments stay, unless the password is written in a way of TOML that only the parser finds: it may have
    several lines, and the key may have quotes.
    """
    changed = PASSWORD.sub(rf'\1""  {TAKEN_NOTE}', text)
    content = tomllib.loads(text)
    with contextlib.suppress(ValueError):
        if tomllib.loads(changed) == {**content, "password": ""}:
            return changed
    kept = {"ssid": content["ssid"], "password": "", "country": content.get("country", "")}
    lines = [f"{key} = {json.dumps(value, ensure_ascii=False)}\n" for key, value in kept.items()]
    return "".join([f"{TAKEN_NOTE}\n", *lines, f"hidden = {json.dumps(content.get('hidden', False))}\n"])
