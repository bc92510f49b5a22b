"""What is in the place of the folder for the box's files is named, by the box and by `moodbox check`."""

from __future__ import annotations

from pathlib import Path

import pytest

from device.config.overlay import SettingsOverlay
from device.config.settings import Settings
from device.errors import MemoryFileError
from device.playback.memory import Memory
from device.storage.no_folder import why_no_folder
from tests.device.cli.commands import moodbox


def make_file(folder: Path) -> str:
    folder.parent.mkdir()
    folder.write_text("")
    return f"{folder} is not a folder"


def make_file_above(folder: Path) -> str:
    folder.parent.write_text("")
    return f"{folder.parent} is not a folder"


def link_to_a_disk_that_is_not_connected(folder: Path) -> str:
    folder.parent.mkdir()
    folder.symlink_to("/media/no/disk")
    return f"{folder} is a link to /media/no/disk, and no folder can be reached there"


@pytest.mark.parametrize("make", [make_file, make_file_above, link_to_a_disk_that_is_not_connected])
def test_what_is_in_place_of_the_folder_is_named(tmp_path: Path, make: object) -> None:
    folder = tmp_path / "above" / "state"
    assert callable(make)
    why = make(folder)
    assert why_no_folder(folder) == why
    with pytest.raises(MemoryFileError, match="cannot be stored, because ") as error:
        Memory.open(folder)
    assert why in str(error.value)
    file = tmp_path / "moodbox.toml"
    file.write_text(f'[service]\nstate = "{folder}"\n[music]\naddress = "{tmp_path}/no-mpd"\n')
    checked = moodbox("check", "--settings", file).stdout
    assert f"BAD  storage   {folder}: cannot be written, because {why}\n" in checked
    assert "ok   settings" in checked


def test_a_folder_that_is_there_or_can_be_made_is_none_of_these(tmp_path: Path) -> None:
    (tmp_path / "link").symlink_to(tmp_path)
    for folder in (tmp_path, tmp_path / "a" / "b", tmp_path / "link", tmp_path / "link" / "a"):
        assert why_no_folder(folder) == ""


def test_settings_without_a_folder_for_the_box_are_those_of_the_file_alone(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    (tmp_path / "moodbox.toml").write_text("")
    overlay = SettingsOverlay(tmp_path / "moodbox.toml", tmp_path / "file")
    assert overlay.read() == (Settings(), None)
