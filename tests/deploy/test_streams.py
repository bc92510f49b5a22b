"""MPD is kept from the network, unless its owner wants streams or has a configuration of their own."""

from __future__ import annotations

import importlib
import os
import shutil
import socket
from pathlib import Path
from types import ModuleType

import mpd
import pytest

from device.demo.server import PrivateMpd
from tests.deploy.machine import REPOSITORY


@pytest.fixture
def streams(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    """Return deploy/box/streams.py with its files here."""
    monkeypatch.syspath_prepend(REPOSITORY / "deploy" / "box")
    module = importlib.import_module("streams")
    for name, path in (
        ("SETTINGS", "moodbox.toml"),
        ("INPUTS", "etc/inputs.conf"),
        ("SANDBOX", "units/mpd.service.d/sandbox.conf"),
        ("PLAYLISTS", "playlists"),
    ):
        monkeypatch.setattr(module, name, tmp_path / path)
    module.PLAYLISTS.mkdir()
    return module


@pytest.fixture
def own(tmp_path: Path) -> Path:
    """MPD's configuration as a deploy installs it."""
    return Path(shutil.copy(REPOSITORY / "deploy/mpd.conf", tmp_path / "mpd.conf"))


def radio(streams: ModuleType) -> None:
    (streams.PLAYLISTS / "happy.m3u").write_text("#EXTM3U\na.ogg\nhttps://radio.example/stream\n")


@pytest.mark.parametrize(
    ("settings", "has_radio", "wanted", "said"),
    [
        ("", False, False, ""),
        ("", True, True, "MPD may use the network, because there are streams in: happy"),
        ("[music]\nstreams = false\n", True, False, "streams in happy do not play: set music.streams = true"),
        ("[music]\nstreams = true\n", True, True, ""),
        ("[music]\nstreams = true\n", False, True, ""),
        ("\ufeff[music]\nstreams = true\n", False, True, ""),  # some editors put a mark at the beginning
        ("broken", False, False, ""),
        ("music = 3\n", False, False, ""),
    ],
)
def test_streams_are_off_unless_they_are_wanted_and_a_deploy_says_where_that_matters(
    streams: ModuleType,
    capsys: pytest.CaptureFixture[str],
    settings: str,
    has_radio: bool,
    wanted: bool,
    said: str,
) -> None:
    streams.SETTINGS.write_text(settings)
    (streams.PLAYLISTS / "sad.m3u").write_text("sad/a://b.ogg\n#http://x\n")
    if has_radio:
        radio(streams)
    assert streams.wanted() is wanted
    printed = capsys.readouterr().out
    assert said in printed
    assert bool(printed) is bool(said)


def test_the_boxs_own_files_come_and_go_with_the_setting(streams: ModuleType, own: Path) -> None:
    before = own.read_bytes()
    assert streams.configure(REPOSITORY, own, streams=False)
    assert streams.INPUTS.exists()
    assert "IPAddressDeny=any" in streams.SANDBOX.read_text()
    assert not streams.configure(REPOSITORY, own, streams=False)  # nothing to start again
    assert streams.configure(REPOSITORY, own, streams=True)
    assert not streams.INPUTS.exists()
    assert not streams.SANDBOX.parent.exists()
    assert own.read_bytes() == before


def test_a_configuration_of_the_owners_stays_and_the_deploy_says_what_is_missing(
    streams: ModuleType, own: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    own.write_text("# mine\n")
    assert not streams.configure(REPOSITORY, own, streams=False)
    assert own.read_text() == "# mine\n"
    assert not streams.INPUTS.exists()
    assert not streams.SANDBOX.exists()
    assert streams.INCLUDE in capsys.readouterr().out


def test_the_first_settings_say_that_streams_are_wanted(streams: ModuleType, tmp_path: Path) -> None:
    settings = Path(shutil.copy(REPOSITORY / "deploy/moodbox.toml", tmp_path / "new.toml"))
    streams.SETTINGS.write_text("[music]\nstreams = true\n")
    streams.allow_in(settings)
    before = (REPOSITORY / "deploy/moodbox.toml").read_text()
    assert settings.read_text() == before.replace("\nstreams = false\n", "\nstreams = true\n") != before


@pytest.mark.parametrize("streams_are_off", [True, False])
def test_an_mpd_whose_inputs_are_off_fetches_nothing_and_still_plays_files(
    tmp_path: Path, streams_are_off: bool
) -> None:
    server = PrivateMpd(tmp_path)
    configuration = tmp_path / "mpd.conf"
    inputs = tmp_path / "inputs.conf"
    if streams_are_off:
        shutil.copy(REPOSITORY / "deploy/mpd-inputs.conf", inputs)
    configuration.write_text(configuration.read_text() + f'include_optional "{inputs}"\n')
    with socket.socket() as web:
        web.bind(("127.0.0.1", 0))
        web.listen()
        web.settimeout(0.3 if streams_are_off else 20)
        with server:
            client = server.client()
            address = f"http://127.0.0.1:{web.getsockname()[1]}/song.ogg"
            refusal = ""
            try:
                client.add(address)
                client.play()
            except mpd.CommandError as error:
                refusal = str(error)
            try:
                web.accept()[0].close()
                fetched = True
            except TimeoutError:
                fetched = False
    assert fetched is not streams_are_off
    assert ("Unsupported URI scheme" in refusal) is streams_are_off


def test_a_pipe_among_the_playlists_does_not_keep_the_deploy_waiting(streams: ModuleType) -> None:
    os.mkfifo(streams.PLAYLISTS / "sad.m3u")
    assert streams.wanted() is False
