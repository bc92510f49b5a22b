"""A machine that installs the box from a card by itself: without a network at first, and with a power cut.

Here a command begins it. On the emulated Pi, in tests/pi/test_card.py, cloud-init does.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.deploy.conftest import MOCK_PINS, MUSIC, SETTINGS
from tests.deploy.machine import DROP_INS, REPOSITORY, Machine, Source, eventually, release
from tests.deploy.test_page import ask

pytestmark = pytest.mark.machine

SYSTEMS = {"trixie": ("3.13", "41"), "bookworm": ("3.11", "36")}
WHEELS = """set -euo pipefail
here=$1 python=$2 machine=x86_64
. "$here/deploy/workstation.sh"
find_pip
make_work_folder
fetch_wheels "$3" >&2
echo "$wheels"
"""
WLAN = 'ssid = "House"\npassword = "secret words"\n'
SONG = REPOSITORY / "device/mpd/tone/tone.ogg"


@pytest.fixture
def pi() -> Iterator[Machine]:
    """Return a machine that never had moodbox; it is off."""
    folder = Path(tempfile.mkdtemp(prefix="run.", dir=REPOSITORY / ".machine"))
    machine = Machine(folder, os.environ.get("SUITE", "trixie"))
    try:
        yield machine
    finally:
        print(machine.run("journalctl -u 'moodbox-*' --no-pager", check=False))
        machine.remove()


@pytest.fixture
def boot(pi: Machine, tmp_path: Path) -> Path:
    """Return its boot partition, as card.sh leaves it."""
    boot, music = pi.root / "boot/firmware", tmp_path / "music"
    boot.mkdir(parents=True)
    for name in ("cmdline.txt", "config.txt", "user-data", "meta-data"):
        (boot / name).touch()
    music.mkdir()
    for number in range(4):
        (music / f"{number}.ogg").write_bytes(SONG.read_bytes())
    (tmp_path / "settings.toml").write_text(SETTINGS)
    python, glibc = SYSTEMS[pi.suite]
    found = subprocess.run(
        ["bash", "-c", WHEELS, "wheels", REPOSITORY, python, glibc],
        check=True, text=True, stdout=subprocess.PIPE,
    )  # fmt: skip
    release("pack", tmp_path / "release.tar", found.stdout.strip())
    options = {
        "--release": tmp_path / "release.tar",
        "--release-name": release("name", python).strip(),
        "--music": music,
        "--settings": tmp_path / "settings.toml",
    }
    words = [f"{option}={value}" for option, value in options.items()]
    subprocess.run([sys.executable, REPOSITORY / "deploy/card.py", "write", boot, *words], check=True)
    (boot / "moodbox-wifi.toml").write_text(WLAN)
    (pi.root / "etc/mpd.conf").write_text(MUSIC)  # a container has no sound card
    drop_in = pi.root / DROP_INS / "test.conf"
    drop_in.parent.mkdir(parents=True)
    drop_in.write_text(MOCK_PINS)
    return boot


def test_a_lost_network_and_a_power_cut_cost_only_time_and_later_changes_are_read(
    pi: Machine, boot: Path, tmp_path: Path
) -> None:
    log = boot / "moodbox-log.txt"
    archives, away = pi.root / "var/cache/apt/archives", pi.root / "var/cache/away"
    archives.rename(away)
    (pi.root / "etc/apt/apt.conf.d/99-test").write_text('Acquire::Retries "0";\n')  # it would take minutes
    pi.boot()
    pi.run("sudo sh /boot/firmware/moodbox/first-boot.sh start")
    eventually(lambda: log.exists() and "this is tried again in a moment" in log.read_text(), 120)
    print(f"without a network:\n{log.read_text()}")
    assert "is the box connected to the internet?" in log.read_text()
    pi.run("sudo rm -rf /var/cache/apt/archives")
    away.rename(archives)

    eventually(lambda: "installing its packages into a virtual environment" in log.read_text(), 120)
    pi.stop()
    print(f"the power is cut:\n{log.read_text()}")
    pi.boot()
    eventually(lambda: log.read_text().endswith("the installation is complete\n"), 240)
    print(f"after the power cut:\n{log.read_text()}")
    eventually(lambda: pi.status().get("playing") == "play", 60)
    assert ask(pi, "/pair").startswith("200")
    assert [file.name for file in (boot / "moodbox").iterdir()] == ["first-boot.sh"]
    assert "secret" not in (boot / "moodbox-wifi.toml").read_text()
    profile = pi.root / "etc/NetworkManager/system-connections/moodbox.nmconnection"
    assert (profile.stat().st_mode & 0o777, "psk=secret words" in profile.read_text()) == (0o600, True)
    assert not (pi.root / "opt/moodbox/card").exists()
    assert "moodbox" in pi.run("id -nG pi").split()

    (boot / "moodbox.toml").write_text(SETTINGS + "[music]\nat_start = true\n")
    pi.reboot()
    eventually(lambda: pi.status().get("playing") == "play", 60)
    assert "at_start" in pi.run("sudo cat /etc/moodbox/moodbox.toml")
    units = "systemctl is-enabled moodbox-card moodbox-first-boot 2>&1"
    assert pi.run(units) == "enabled\nenabled\n"
    Source(tmp_path / "source").deploy(pi, "--remove", "box")
    assert "enabled\n" not in pi.run(units, check=False)
