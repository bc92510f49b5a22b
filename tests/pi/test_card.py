"""From a card that deploy/card.sh has made to a box that plays: nobody logs in, and nothing else is done."""

from __future__ import annotations

import http.client
import os
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.deploy.machine import REPOSITORY
from tests.pi.box import LIGHT_LINES, wait_until_it_plays
from tests.pi.card import Card
from tests.pi.emulated import EmulatedPi
from tests.waiting import eventually

pytestmark = [
    pytest.mark.pi,
    pytest.mark.skipif(os.environ.get("SUITE", "trixie") != "trixie", reason="Bookworm has no cloud-init"),
]
INSTALLED_S = 3 * 3600


@pytest.fixture
def card() -> Iterator[Card]:
    """Make a card."""
    with tempfile.TemporaryDirectory(prefix="card.", dir=REPOSITORY / ".pi") as folder:
        card = Card(Path(folder))
        print(
            f"$ deploy/card.sh --wifi House --name hall --music MUSIC --settings FILE BOOTFS\n{card.make()}"
        )
        yield card


@pytest.fixture
def pi(card: Card) -> Iterator[EmulatedPi]:
    """Put the card into a Pi that never had moodbox; it is off."""
    with tempfile.TemporaryDirectory(prefix="run.", dir=REPOSITORY / ".pi") as folder:
        pi = EmulatedPi(Path(folder), "trixie", card.image)
        try:
            yield pi
        finally:
            print(f"the card's moodbox-log.txt:\n{card.read('moodbox-log.txt')}")
            pi.stop()


def page_answers(pi: EmulatedPi) -> bool:
    """Tell whether a browser in the network sees the page that asks it to pair."""
    page = http.client.HTTPConnection("127.0.0.1", pi.page_port, timeout=60)
    try:
        page.request("GET", "/pair", headers={"Host": "localhost"})
        return page.getresponse().status == http.HTTPStatus.OK
    except (OSError, http.client.HTTPException):
        return False
    finally:
        page.close()


def light_of(pi: EmulatedPi, mood: str) -> bool:
    """Tell whether the light of a mood changes, and no other: how far the installation is."""
    changes = pi.wires.changes(LIGHT_LINES, seconds=3)
    return [number > 2 for number in changes] == [name == mood for name in ("happy", "neutral", "sad")]


def check_box(card: Card, pi: EmulatedPi) -> None:
    """Check that the box plays, is what the card asked for, and that the card has no password any more."""
    eventually(lambda: page_answers(pi), INSTALLED_S, pause=5)
    wait_until_it_plays(pi)
    assert pi.wires.lit(LIGHT_LINES) == [1.0, 0.0, 0.0]
    transcript = [
        "hostname", "moodbox status", "ls /boot/firmware /boot/firmware/moodbox", "ls -l /var/lib/mpd/music",
        "cat /boot/firmware/moodbox-log.txt", "cat /boot/firmware/moodbox-wifi.toml", "id pi",
        "sudo cat /etc/NetworkManager/system-connections/moodbox.nmconnection", "cloud-init status --long",
        "sudo journalctl -u moodbox-first-boot --output=short-monotonic --no-pager",
    ]  # fmt: skip
    for command in transcript:
        print(f"$ {command}\n{pi.run(command, check=False)}")
    assert pi.run("hostname") == "hall\n"
    assert "moodbox" in pi.run("id -nG pi").split()
    left = pi.run("ls /boot/firmware/moodbox").split()
    assert left == ["first-boot.sh"]
    assert 'password = ""' in pi.run("cat /boot/firmware/moodbox-wifi.toml")
    assert "psk=" in pi.run("sudo cat /etc/NetworkManager/system-connections/moodbox.nmconnection")
    assert pi.run("stat -c %U:%G:%a /var/lib/mpd/music/300.ogg") == "mpd:moodbox:664\n"


def test_a_card_becomes_a_box_without_a_login_and_reads_its_settings_again(
    card: Card, pi: EmulatedPi
) -> None:
    pi.start()
    check_box(card, pi)
    pi.run("sync")
    pi.stop()
    settings = card.read("moodbox.toml")
    card.write("moodbox.toml", settings.replace("log_moods = true", "log_moods = false"))
    pi.boot()
    wait_until_it_plays(pi)
    assert "log_moods = false" in pi.run("sudo cat /etc/moodbox/moodbox.toml")
    assert page_answers(pi)


def test_a_power_cut_in_the_middle_of_the_installation_costs_only_time(card: Card, pi: EmulatedPi) -> None:
    pi.start()
    eventually(lambda: light_of(pi, "happy"), INSTALLED_S, pause=1)  # its packages are being installed
    time.sleep(20)
    pi.stop()
    log = card.read("moodbox-log.txt")
    print(f"the power is cut; the card's moodbox-log.txt:\n{log}")
    assert "complete" not in log
    pi.start()
    check_box(card, pi)
