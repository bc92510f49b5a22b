"""Finding the folder of MPD's music."""

from __future__ import annotations

import msgspec
import pytest

from device.config.settings import Music
from device.demo.server import PrivateMpd
from device.errors import SoundError
from device.library.music_folder import music_folder
from device.mpd.connection import connected


def test_mpd_reports_its_music_folder(mpd: PrivateMpd, music: Music) -> None:
    with connected(music) as client:
        assert music_folder(client, music) == mpd.music


def test_over_tcp_the_settings_must_name_the_music_folder(mpd: PrivateMpd, music: Music) -> None:
    (mpd.folder / "mpd.conf").write_text(
        (mpd.folder / "mpd.conf").read_text() + 'bind_to_address "127.0.0.1"\nport "16618"\n'
    )
    mpd.stop()
    mpd.start()
    remote = msgspec.structs.replace(music, address="127.0.0.1:16618")
    with connected(remote) as client:
        with pytest.raises(SoundError, match=r"set music\.folder"):
            music_folder(client, remote)
        there = msgspec.structs.replace(remote, folder=str(mpd.music))
        assert music_folder(client, there) == mpd.music


def test_an_error_names_an_unreadable_music_folder_and_the_remedy(mpd: PrivateMpd, music: Music) -> None:
    for folder, message in (
        ("/nowhere", "/nowhere is not there"),
        ("nfs://server/music", "nfs://server/music"),
    ):
        there = msgspec.structs.replace(music, folder=folder)
        with connected(music) as client, pytest.raises(SoundError, match=message):
            music_folder(client, there)
