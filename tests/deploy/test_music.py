"""What an owner does about music: copy songs onto the box, plug in a disk, let a phone in."""

from __future__ import annotations

import re

import pytest

from tests.deploy.machine import Machine, Source, eventually

pytestmark = pytest.mark.machine

MUSIC = "/var/lib/mpd/music"
A_SONG = "/tmp/song.ogg"
LISTENING_ON_6600 = r" (\w+):19C8 \w+:0000 0A "


@pytest.fixture
def box(machine: Machine, source: Source) -> Machine:
    """Return a box with the release of the repository, and a song that its user `pi` has."""
    source.deploy(machine)
    machine.run(f"cp {MUSIC}/0.ogg {A_SONG}")
    return machine


def songs(box: Machine) -> list[str]:
    """Return the songs in MPD's library."""
    return box.run("mpc listall").split()


def addresses(box: Machine) -> set[str]:
    """Return the addresses on which something listens at MPD's port, as in /proc/net/tcp."""
    return set(re.findall(LISTENING_ON_6600, box.run("cat /proc/net/tcp /proc/net/tcp6")))


def test_who_deployed_copies_songs_without_sudo_and_mpd_finds_them(box: Machine) -> None:
    box.run(f"mkdir -p {MUSIC}/new && cp {A_SONG} {MUSIC}/new/one.ogg")
    box.run("mpc update --wait")
    assert "new/one.ogg" in songs(box)
    assert box.run(f"stat -c %G {MUSIC} {MUSIC}/new/one.ogg").split() == ["moodbox", "moodbox"]
    assert box.run(f"stat -c %A {MUSIC}").strip() == "drwxrwsr-x"  # MPD's own user, and any other, as before
    assert "denied" in box.run(f"sudo -u guest touch {MUSIC}/other 2>&1", check=False)
    box.run(f"rm -r {MUSIC}/new")


def test_mpd_sees_a_disk_that_is_mounted_while_it_runs(box: Machine) -> None:
    box.run(f"sudo mkdir -p {MUSIC}/usb && sudo mount -t tmpfs tmpfs {MUSIC}/usb")
    try:
        box.run(f"sudo cp {A_SONG} {MUSIC}/usb/two.ogg && mpc update --wait")
        assert "usb/two.ogg" in songs(box)
        assert box.run("mpc add usb/two.ogg 2>&1") == ""
    finally:
        # The box may just listen to that song.
        eventually(lambda: box.try_run(f"sudo umount {MUSIC}/usb").returncode == 0, 120)
        box.run(f"sudo rmdir {MUSIC}/usb && mpc update --wait")
    assert "usb/two.ogg" not in songs(box)


def test_a_playlist_called_sad_is_a_file_with_the_songs_names(box: Machine) -> None:
    box.run(f"cd {MUSIC} && ls 1.ogg 2.ogg | sudo -u mpd tee ../playlists/sad.m3u")
    assert box.run("mpc playlist sad").split("\n")[:2] == ["Song 1", "Song 2"]
    box.run("sudo rm /var/lib/mpd/playlists/sad.m3u")


def test_mpd_is_opened_to_the_network_and_closed_again(box: Machine, source: Source) -> None:
    drop_in = "/etc/systemd/system/mpd.socket.d/moodbox.conf"
    box.run(f"sudo mkdir -p {drop_in.rpartition('/')[0]}; sudo rm -f {drop_in}")
    assert "is yours to change" in source.deploy(box, "--open-mpd", "box", code=10)
    box.run(f"sudo cp /opt/moodbox/current/systemd/mpd-loopback.conf {drop_in}")
    try:
        source.deploy(box, "--close-mpd", "box")
        assert addresses(box) == {"0100007F"}  # 127.0.0.1
        assert "to everybody in your network" in source.deploy(box, "--open-mpd", "box")
        assert addresses(box) == {"00000000000000000000000000000000"}  # any, of IPv4 and IPv6
        assert "volume" in box.run("mpc --host=127.0.0.1 status")
        eventually(lambda: box.status().get("trouble") == {}, 60)
        source.deploy(box, "--close-mpd", "box")
        assert addresses(box) == {"0100007F"}
    finally:
        box.run(f"sudo rm {drop_in}; sudo systemctl daemon-reload")
    eventually(lambda: box.status().get("trouble") == {}, 60)
