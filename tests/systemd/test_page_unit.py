"""systemd's own tools read the units of the page; nothing is started here."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path
from xml.etree import ElementTree

from tests.systemd.test_unit import NOT_INSTALLED, SYSTEMD, analyze

SERVICE = SYSTEMD / "moodbox-window.service"
SOCKET = SYSTEMD / "moodbox-window.socket"


def test_systemd_rates_the_exposure_of_the_page_as_low() -> None:
    found = analyze("security", "--offline=yes", SERVICE).stdout
    exposure = re.search(r"Overall exposure level for moodbox-window\.service: ([\d.]+)", found)
    assert exposure is not None, found
    assert float(exposure[1]) <= 0.5


def test_systemd_accepts_every_line_of_the_pages_units() -> None:
    errors = analyze("verify", "--man=no", SERVICE, SOCKET).stderr.splitlines()
    assert [line for line in errors if not NOT_INSTALLED.fullmatch(line)] == []


def test_the_page_has_no_network_but_the_port_that_it_is_handed() -> None:
    lines = SERVICE.read_text().splitlines()
    assert {"PrivateNetwork=yes", "IPAddressDeny=any", "RestrictAddressFamilies=AF_UNIX"} <= set(lines)
    assert "IPAddressDeny=any" in SOCKET.read_text().splitlines()


def test_systemd_creates_the_pages_user_in_its_groups(tmp_path: Path) -> None:
    (tmp_path / "etc").mkdir()
    file = SYSTEMD / "moodbox-window.sysusers.conf"
    subprocess.run(["systemd-sysusers", f"--root={tmp_path}", str(file)], check=True, timeout=60)
    groups = dict(re.findall(r"^([\w-]+):.*:(.*)$", (tmp_path / "etc" / "group").read_text(), re.MULTILINE))
    assert groups == {"moodbox-window": "", "moodbox": "moodbox-window", "systemd-journal": "moodbox-window"}


def test_the_page_is_announced_at_the_port_that_systemd_opens() -> None:
    found = ElementTree.parse(SYSTEMD.parent / "deploy" / "moodbox.avahi.xml")
    assert f"ListenStream={found.findtext('service/port')}" in SOCKET.read_text().splitlines()
