"""deploy/card_wlan.py: what it writes for the box, and what it refuses."""

from __future__ import annotations

import importlib
import os
import pty
import sys
import tomllib
from pathlib import Path
from types import ModuleType

import pytest

from tests.deploy.machine import REPOSITORY


@pytest.fixture
def card_wlan(monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    """Return deploy/card_wlan.py."""
    monkeypatch.syspath_prepend(REPOSITORY / "deploy")
    return importlib.import_module("card_wlan")


@pytest.fixture
def boot(tmp_path: Path) -> Path:
    """The boot partition of a card."""
    boot = tmp_path / "bootfs"
    boot.mkdir()
    for name in ("cmdline.txt", "config.txt"):
        (boot / name).touch()
    return boot


def test_the_key_of_a_wlan_is_that_of_the_standard(card_wlan: ModuleType) -> None:
    """The example of IEEE 802.11-2020, annex J.4."""
    key = "f42c6fc52df0ebef9ebb4b90b38a5f902e83fe1b135a70e23aed762e9710a12e"
    assert card_wlan.key_of("IEEE", "password") == key
    assert card_wlan.key_of("IEEE", key.upper()) == key
    for wrong in ("short", "x" * 64, "pässwörter"):
        with pytest.raises(card_wlan.CardError, match="8 to 63"):
            card_wlan.key_of("IEEE", wrong)


@pytest.mark.parametrize("ssid", ['My "home" \\ 1', "Zuhause äöü", "  a  "])
def test_the_file_of_the_wlan_has_its_name_and_not_its_password(
    card_wlan: ModuleType, boot: Path, ssid: str
) -> None:
    (boot / "password").write_text("secret words\r\n")
    card_wlan.write(boot, ssid, "de", boot / "password")
    text = (boot / "moodbox-wifi.toml").read_text(encoding="utf-8")
    assert "secret words" not in text
    assert tomllib.loads(text) == {
        "ssid": ssid, "password": card_wlan.key_of(ssid, "secret words"), "country": "DE", "hidden": False,
    }  # fmt: skip


@pytest.mark.parametrize(
    ("file", "text", "known"),
    [
        ("cmdline.txt", "console=tty1 cfg80211.ieee80211_regdom=DE\n", True),
        ("network-config", 'network:\n  wifis:\n    wlan0:\n      regulatory-domain: "DE"\n', True),
        ("network-config", "#      regulatory-domain: GB\n", False),
        ("cmdline.txt", "console=tty1\n", False),
        ("network-config", "# Caf\xe9\n      regulatory-domain: DE\n", True),  # not UTF-8
    ],
)
def test_a_wlan_needs_its_country_unless_imager_knows_it(
    card_wlan: ModuleType, boot: Path, file: str, text: str, known: bool
) -> None:
    (boot / "cmdline.txt").write_text("console=tty1\n")
    (boot / file).write_text(text, encoding="latin-1")
    (boot / "password").write_text("secret words\n")
    if known:
        card_wlan.write(boot, "House", None, boot / "password")
    else:
        with pytest.raises(card_wlan.CardError, match="add --country, such as DE"):
            card_wlan.write(boot, "House", None, boot / "password")


@pytest.mark.parametrize("ssid", ["Caf\udce9", "a\x7fb", "a\nb"])
def test_a_name_that_cannot_be_written_is_one_line(card_wlan: ModuleType, boot: Path, ssid: str) -> None:
    (boot / "password").write_text("secret words\n")
    with pytest.raises(card_wlan.CardError, match="type the name anew"):
        card_wlan.write(boot, ssid, "de", boot / "password")


def test_two_letters_that_are_no_country_are_refused_where_there_is_a_list(
    boot: Path, tmp_path: Path, card_wlan: ModuleType, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "password").write_text("12345678\n")
    (tmp_path / "iso3166.tab").write_text("# codes\nDE\tGermany\nGB\tBritain (UK)\n")
    monkeypatch.setattr(card_wlan, "COUNTRIES", tmp_path / "iso3166.tab")
    with pytest.raises(card_wlan.CardError, match=r"'uk' is not a country: .* GB for Britain"):
        card_wlan.write(boot, "a", "uk", tmp_path / "password")
    card_wlan.write(boot, "a", "gb", tmp_path / "password")
    assert 'country = "GB"' in (boot / "moodbox-wifi.toml").read_text()
    monkeypatch.setattr(card_wlan, "COUNTRIES", tmp_path / "none")
    card_wlan.write(boot, "a", "uk", tmp_path / "password")
    assert 'country = "UK"' in (boot / "moodbox-wifi.toml").read_text()


def test_the_password_is_asked_for_and_not_shown(boot: Path) -> None:
    words = [
        sys.executable,
        str(REPOSITORY / "deploy/card.py"),
        "wifi",
        str(boot),
        "--wifi=House",
        "--country=DE",
    ]
    process, terminal = pty.fork()
    if process == 0:
        os.execv(words[0], words)
    shown = b""
    while not shown.endswith(b"House: "):
        shown += os.read(terminal, 1000)
    os.write(terminal, b"secret words\n")
    try:
        while more := os.read(terminal, 1000):
            shown += more
    except OSError:
        pass  # the terminal of a process that has ended
    assert os.waitpid(process, 0)[1] == 0
    assert b"secret" not in shown
    assert tomllib.loads((boot / "moodbox-wifi.toml").read_text())["ssid"] == "House"
