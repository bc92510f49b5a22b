"""systemd's own tools read the units of the page; nothing is started here."""

from __future__ import annotations

from pathlib import Path
from xml.etree import ElementTree

from tests.systemd.test_unit import SYSTEMD, complaints_about, exposure_of, groups_of

SERVICE = SYSTEMD / "moodbox-window.service"
SOCKET = SYSTEMD / "moodbox-window.socket"


def test_systemd_rates_the_exposure_of_the_page_as_low() -> None:
    assert exposure_of(SERVICE) <= 0.5


def test_systemd_accepts_every_line_of_the_pages_units() -> None:
    assert complaints_about(SERVICE, SOCKET) == []


def test_the_page_has_no_network_but_the_port_that_it_is_handed() -> None:
    lines = SERVICE.read_text().splitlines()
    assert {"PrivateNetwork=yes", "IPAddressDeny=any", "RestrictAddressFamilies=AF_UNIX"} <= set(lines)
    assert "IPAddressDeny=any" in SOCKET.read_text().splitlines()


def test_systemd_creates_the_pages_user_in_its_groups(tmp_path: Path) -> None:
    assert groups_of(SYSTEMD / "moodbox-window.sysusers.conf", tmp_path) == {
        "moodbox-window": "",
        "moodbox": "moodbox-window",
        "systemd-journal": "moodbox-window",
    }


def test_the_page_is_announced_at_the_port_that_systemd_opens() -> None:
    found = ElementTree.parse(SYSTEMD.parent / "deploy" / "moodbox.avahi.xml")
    assert f"ListenStream={found.findtext('service/port')}" in SOCKET.read_text().splitlines()
