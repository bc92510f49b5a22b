"""The file on a card's boot partition that names the WLAN, for card.sh; the box reads it when it starts."""

from __future__ import annotations

import getpass
import hashlib
import json
import os
import re
from pathlib import Path

from first_start import WRONG_USAGE, CardError

FILE = "moodbox-wifi.toml"
TEXT = """\
# The WLAN that the box joins. Change it here whenever you like, with the card in a computer: the box reads it
# when it is switched on, and takes the password out of this file.
ssid = {ssid}
# As you type it elsewhere: 8 to 63 characters. Or 64 hexadecimal digits, as card.sh writes it: they open this
# WLAN alone, and do not tell its password. A WLAN that has only WPA3 needs the password itself.
password = {password}
# The country that you use the WLAN in: two letters, such as "DE". Empty: the one that was set before.
country = {country}
# true if the WLAN does not show its name.
hidden = false
"""
COUNTRIES = Path("/usr/share/zoneinfo/iso3166.tab")
"""The codes of the countries, on Debian and macOS: one a line, followed by the name."""
KEY = r"[0-9A-Fa-f]{64}"


def provide(boot: Path) -> None:
    """Write a file without a WLAN, unless there is one, so that its owner only has to fill it in."""
    if not (boot / FILE).exists():
        (boot / FILE).write_text(_text("", "", ""), encoding="utf-8")


def write(boot: Path, ssid: str | None, country: str | None, password: Path | None) -> None:
    """Write the file for a WLAN, with the key that its password gives; ask for the password without a file.

    Raises:
        CardError: If the WLAN cannot have this name, password or country, or the country is not known.
    """
    if ssid is None:
        raise CardError(WRONG_USAGE, "--country and --wifi-password need --wifi SSID")
    if not 1 <= len(os.fsencode(ssid)) <= 32:
        raise CardError(WRONG_USAGE, "--wifi: the name of a WLAN has 1 to 32 bytes")
    if re.search(r"[\x00-\x1f\x7f\ud800-\udfff]", ssid):  # the last are bytes that are not UTF-8
        raise CardError(WRONG_USAGE, f"--wifi: {ssid!r} has signs that cannot be written: type the name anew")
    if country and not _is_country(country.upper()):
        raise CardError(
            WRONG_USAGE,
            f"--country: '{country}' is not a country: expected two letters, such as DE, or GB for Britain",
        )
    if not country and not _knows_country(boot):
        raise CardError(
            WRONG_USAGE, "--wifi: a Pi's WLAN stays off until it knows the country: add --country, such as DE"
        )
    key = key_of(ssid, _first_line(password) if password else _asked(ssid))
    (boot / FILE).write_text(_text(ssid, key, (country or "").upper()), encoding="utf-8")


def _is_country(code: str) -> bool:
    """Tell whether a country has this code; any two letters do where this computer has no list."""
    if not re.fullmatch(r"[A-Z]{2}", code):
        return False
    try:
        lines = COUNTRIES.read_text(encoding="utf-8").splitlines()
    except OSError:
        return True
    return code in {line[:2] for line in lines if not line.startswith("#")}


def _knows_country(boot: Path) -> bool:
    """Tell whether Imager was told the country."""
    texts = [
        (boot / name).read_text(encoding="utf-8", errors="replace")
        for name in ("cmdline.txt", "network-config")
        if (boot / name).is_file()
    ]
    return bool(re.search(r"^[^#]*(ieee80211_regdom=|regulatory-domain:)", "\n".join(texts), re.MULTILINE))


def key_of(ssid: str, password: str) -> str:
    """Return the key of a WLAN, which its name and its password give: 64 hexadecimal digits.

    Raises:
        CardError: If no WLAN has such a password.
    """
    if re.fullmatch(KEY, password):
        return password.lower()
    if not re.fullmatch(r"[ -~]{8,63}", password):
        raise CardError(
            WRONG_USAGE, "a WLAN's password has 8 to 63 letters, digits, spaces and signs of ASCII"
        )
    return hashlib.pbkdf2_hmac("sha1", password.encode(), ssid.encode(), 4096, 32).hex()


def _text(ssid: str, password: str, country: str) -> str:
    ssid, password, country = (json.dumps(word, ensure_ascii=False) for word in (ssid, password, country))
    return TEXT.format(ssid=ssid, password=password, country=country)


def _first_line(file: Path) -> str:
    try:
        return (file.read_text(encoding="utf-8-sig").splitlines() or [""])[0]
    except UnicodeDecodeError as error:
        raise CardError(WRONG_USAGE, f"--wifi-password: {file} is not text") from error
    except OSError as error:
        raise CardError(WRONG_USAGE, f"--wifi-password: {file} cannot be read: {error.strerror}") from error


def _asked(ssid: str) -> str:
    try:
        os.close(os.open("/dev/tty", os.O_RDWR | os.O_NOCTTY))
    except OSError as error:
        raise CardError(
            WRONG_USAGE, "there is no terminal to ask for the WLAN's password: use --wifi-password FILE"
        ) from error
    try:
        return getpass.getpass(f"password of the WLAN {ssid}: ")
    except (EOFError, KeyboardInterrupt):
        raise CardError(WRONG_USAGE, "without its password the box cannot join the WLAN") from None
