"""The boot partition of a card, as Raspberry Pi Imager leaves it, and what deploy/card.sh makes of it."""

from __future__ import annotations

import io
import json
import subprocess
import tarfile
from pathlib import Path

from tests.deploy.machine import REPOSITORY
from tests.pi.music import songs
from tests.pi.provisioning import LONG_TIMEOUTS, SOUND_CARD, WIRING

MB = 2**20
COMMAND_LINE = (
    "console=tty1 root=PARTUUID=0-02 rootwait cfg80211.ieee80211_regdom=DE ds=nocloud;i=rpi-imager-1\n"
)
USER_DATA = """#cloud-config
hostname: kitchen
manage_etc_hosts: true
enable_ssh: true
users:
- name: pi
  groups: users,adm,gpio,video,audio,sudo
  shell: /bin/bash
# what this machine's owner would not need: its processor is emulated, and its sound card a loopback
write_files:
"""
PATIENCE = "[Service]\nEnvironment=MOODBOX_PATIENCE=10\n"
FILES = {
    "/etc/asound.conf": SOUND_CARD,
    "/etc/systemd/system/moodbox.service.d/emulated.conf": LONG_TIMEOUTS,
    "/etc/systemd/system/moodbox-first-boot.service.d/emulated.conf": PATIENCE,
}


class Card:
    """A card in the computer: its boot partition is a folder here, and an image for the Pi."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self.image = folder / "boot.img"

    def make(self) -> str:
        """Write what Imager writes, run card.sh, and return its output."""
        boot, music, settings = (self._folder / name for name in ("bootfs", "music", "settings.toml"))
        boot.mkdir()
        (boot / "cmdline.txt").write_text(COMMAND_LINE)
        for name in ("config.txt", "kernel8.img", "meta-data"):
            (boot / name).write_text("instance-id: rpios-image\n" if name == "meta-data" else "")
        entries = "".join(
            f"- {json.dumps({'path': path, 'content': text})}\n" for path, text in FILES.items()
        )
        (boot / "user-data").write_text(USER_DATA + entries)
        with tarfile.open(fileobj=io.BytesIO(songs())) as tar:
            tar.extractall(music, filter="data")
        settings.write_text(WIRING + "[service]\nlog_moods = true\n")
        (self._folder / "password").write_text("a secret of the house\n")
        words = [
            "--wifi", "House", "--wifi-password", str(self._folder / "password"), "--name", "hall",
            "--music", str(music), "--settings", str(settings), str(boot),
        ]  # fmt: skip
        made = subprocess.run(
            [REPOSITORY / "deploy/card.sh", *words],
            check=False,
            text=True,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            stdin=subprocess.DEVNULL,
        )
        assert made.returncode == 0, made.stdout
        with self.image.open("wb") as image:
            image.truncate(512 * MB)
        subprocess.run(
            ["/sbin/mkfs.vfat", "-F", "32", "-n", "bootfs", self.image], check=True, capture_output=True
        )
        self._mtools("mcopy", "-s", *boot.iterdir(), "::")
        return made.stdout

    def read(self, name: str) -> str:
        """Return a file of the partition; the Pi must be off. Empty if there is none."""
        return self._mtools("mtype", f"::{name}", check=False)

    def write(self, name: str, text: str) -> None:
        """Write a file of the partition; the Pi must be off."""
        (self._folder / "new").write_text(text)
        self._mtools("mcopy", "-o", self._folder / "new", f"::{name}")

    def _mtools(self, command: str, *words: str | Path, check: bool = True) -> str:
        done = subprocess.run(
            [command, "-i", self.image, *words], check=check, text=True, capture_output=True
        )
        return done.stdout
