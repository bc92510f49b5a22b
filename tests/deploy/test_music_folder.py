"""What a deploy does with MPD's music folder and sockets, as far as no machine is needed to see it."""

from __future__ import annotations

import grp
import importlib
import os
from pathlib import Path
from types import ModuleType

import pytest

from tests.deploy.machine import REPOSITORY


@pytest.fixture
def music(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    """Return deploy/box/music.py with a folder of this user, who is MPD's user here, and of its group."""
    monkeypatch.syspath_prepend(REPOSITORY / "deploy" / "box")
    module = importlib.import_module("music")
    folder = tmp_path / "music"
    folder.mkdir(0o755)
    folder.chmod(0o755)
    monkeypatch.setattr(module, "MUSIC", folder)
    monkeypatch.setattr(module, "GROUP", grp.getgrgid(os.getgid()).gr_name)
    monkeypatch.setattr(module, "_user_id", {"mpd": os.getuid()}.get)
    return module


def mode(folder: Path) -> int:
    return folder.stat().st_mode & 0o7777


def test_the_group_may_write_and_what_is_new_belongs_to_it(music: ModuleType) -> None:
    music.share_music_folder()
    assert mode(music.MUSIC) == 0o2775
    (music.MUSIC / "album").mkdir()
    assert mode(music.MUSIC / "album") & 0o2000


def test_a_second_deploy_says_and_changes_nothing(
    music: ModuleType, capsys: pytest.CaptureFixture[str]
) -> None:
    music.share_music_folder()
    assert "copy songs into" in capsys.readouterr().out
    music.share_music_folder()
    assert capsys.readouterr().out == ""


def test_a_folder_that_somebody_has_given_to_another_user_stays(
    music: ModuleType, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(music, "_user_id", {"mpd": os.getuid() + 1, "root": os.getuid() + 2}.get)
    music.share_music_folder()
    assert mode(music.MUSIC) == 0o755


def test_a_link_to_a_disk_stays(music: ModuleType, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    link = tmp_path / "link"
    link.symlink_to(music.MUSIC)
    monkeypatch.setattr(music, "MUSIC", link)
    music.share_music_folder()
    assert mode(tmp_path / "music") == 0o755


def test_a_link_that_takes_the_folders_place_meanwhile_is_not_followed(
    music: ModuleType, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """MPD's user owns the folder above. Here the exchange comes when the group is looked up."""
    victim = tmp_path / "victim"
    victim.mkdir(0o700)
    found = grp.getgrgid(os.getgid())

    def exchange(name: str) -> grp.struct_group:
        music.MUSIC.rmdir()
        music.MUSIC.symlink_to(victim)
        return found

    monkeypatch.setattr(music.grp, "getgrnam", exchange)
    music.share_music_folder()
    assert mode(victim) == 0o700


def test_without_a_folder_there_is_nothing_to_share(music: ModuleType) -> None:
    music.MUSIC.rmdir()
    music.share_music_folder()
    assert not music.MUSIC.exists()


def test_the_open_sockets_replace_the_closed_ones(music: ModuleType) -> None:
    """systemd reads drop-ins in the order of their names. Both lists together would name port 6600 twice."""
    assert sorted([music.LOOPBACK.name, music.OPENED.name]) == [music.LOOPBACK.name, music.OPENED.name]
    lines = music.OPENED_TEXT.splitlines()
    assert lines[1:] == ["[Socket]", "ListenStream=", "ListenStream=%t/mpd/socket", "ListenStream=6600"]
