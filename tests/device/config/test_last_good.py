from __future__ import annotations

import json
import os
import stat
from pathlib import Path

import msgspec
import pytest

from device.config.last_good import COPY, FILE, MAX_BYTES, check, read_or_last_good, save
from device.config.settings import Look, Settings
from device.demo.server import PrivateMpd
from device.errors import MemoryFileError, SettingsError
from tests.device.cli.commands import moodbox, moodbox_process, running, status
from tests.waiting import eventually

INVALID = "[panel]\nbuton = 3\n"


@pytest.fixture
def service(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The state folder that systemd gives to a service."""
    folder = tmp_path / "service"
    folder.mkdir()
    monkeypatch.setenv("STATE_DIRECTORY", str(folder))
    return folder


def test_a_broken_file_gives_the_last_good_settings_and_the_problem(service: Path, tmp_path: Path) -> None:
    save(Settings(look=Look(readings=7)))
    (tmp_path / "moodbox.toml").write_text(INVALID)
    settings, problem = read_or_last_good(tmp_path / "moodbox.toml")
    assert settings == Settings(look=Look(readings=7))
    assert problem is not None
    assert "panel.buton: unknown key; did you mean 'button'?; until it is corrected" in problem


def test_a_good_file_is_read_instead_of_the_last_good_settings(service: Path, tmp_path: Path) -> None:
    save(Settings(look=Look(readings=7)))
    (tmp_path / "moodbox.toml").write_text("[look]\nreadings = 3\n")
    assert read_or_last_good(tmp_path / "moodbox.toml") == (Settings(look=Look(readings=3)), None)


@pytest.mark.parametrize("kept", [None, b"", b'{"look": {"readings": 0}}', b'{"unknown": 1}', b"\xff"])
def test_without_good_settings_the_mistake_is_an_error(
    service: Path, tmp_path: Path, kept: bytes | None
) -> None:
    if kept is not None:
        (service / FILE).write_bytes(kept)
    (tmp_path / "moodbox.toml").write_text(INVALID)
    with pytest.raises(SettingsError, match=r"panel\.buton: unknown key"):
        read_or_last_good(tmp_path / "moodbox.toml")


def test_one_damaged_copy_is_made_again_from_the_other_at_the_next_good_start(
    service: Path, tmp_path: Path
) -> None:
    good = Settings(look=Look(readings=7))
    save(good)
    content = (service / FILE).read_bytes()
    (tmp_path / "moodbox.toml").write_text(INVALID)
    for name, damage in (
        (FILE, content.replace(b'"readings":7', b'"readings":5')),
        (COPY, b""),
        (FILE, b"{"),
    ):
        (service / name).write_bytes(damage)
        with pytest.raises(MemoryFileError, match=rf"{name}: damaged; .* writes it again"):
            check(service)
        assert read_or_last_good(tmp_path / "moodbox.toml")[0] == good
        save(good)
        assert check(service) == ""
        assert (service / FILE).read_bytes() == (service / COPY).read_bytes() == content


def test_those_that_an_older_version_has_kept_count(service: Path, tmp_path: Path) -> None:
    good = Settings(look=Look(readings=7))
    (service / FILE).write_bytes(msgspec.json.encode(good))
    (tmp_path / "moodbox.toml").write_text(INVALID)
    assert read_or_last_good(tmp_path / "moodbox.toml")[0] == good
    assert check(service) == ""


@pytest.mark.parametrize("name", [FILE, COPY])
def test_a_folder_in_the_place_of_a_copy_is_put_aside(service: Path, name: str) -> None:
    (service / name).mkdir()
    save(Settings())
    assert (service / name).is_file()
    assert (service / name).with_suffix(".damaged").is_dir()


def test_a_box_that_is_started_by_hand_reports_the_mistake(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.delenv("STATE_DIRECTORY", raising=False)
    save(Settings())
    (tmp_path / "moodbox.toml").write_text(INVALID)
    with pytest.raises(SettingsError):
        read_or_last_good(tmp_path / "moodbox.toml")


def test_the_file_is_readable_for_the_services_group_and_written_only_after_a_change(service: Path) -> None:
    save(Settings())
    first = (service / FILE).stat()
    assert stat.S_IMODE(first.st_mode) == 0o640
    save(Settings())
    assert (service / FILE).stat().st_ino == first.st_ino
    save(Settings(look=Look(readings=7)))
    assert json.loads((service / FILE).read_text())["look"]["readings"] == 7
    assert {path.name for path in service.iterdir()} == {FILE, COPY}


@pytest.mark.parametrize("name", [FILE, COPY])
@pytest.mark.parametrize("kind", ["pipe", "device", "too large"])
def test_a_copy_that_is_no_file_of_settings_blocks_nobody(
    service: Path, tmp_path: Path, name: str, kind: str
) -> None:
    if kind == "pipe":
        os.mkfifo(service / name)
    elif kind == "device":
        (service / name).symlink_to("/dev/zero")
    else:
        (service / name).write_bytes(b" " * (MAX_BYTES + 1))
    (tmp_path / "moodbox.toml").write_text(INVALID)
    with pytest.raises(SettingsError):
        read_or_last_good(tmp_path / "moodbox.toml")
    with pytest.raises(MemoryFileError, match=f"{name}: damaged"):
        check(service)
    save(Settings())
    assert check(service) == ""


def test_a_folder_at_the_temporary_files_path_is_moved_away(service: Path) -> None:
    (service / "settings.new").mkdir()
    save(Settings())
    assert check(service) == ""
    assert (service / FILE).is_file()


def test_a_folder_that_cannot_be_written_does_not_prevent_the_start(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    (tmp_path / "file").touch()
    monkeypatch.setenv("STATE_DIRECTORY", str(tmp_path / "file"))
    save(Settings())
    assert "the last good settings cannot be saved" in caplog.text


def test_a_box_whose_settings_were_broken_by_hand_plays_on_and_shows_trouble(
    settings_file: Path, library: PrivateMpd, service: Path
) -> None:
    with running(settings_file) as box:
        eventually(lambda: status(settings_file)["playing"] == "play")
        box.terminate()
        box.wait(timeout=60)
    settings_file.write_text(settings_file.read_text().replace("readings = 1", "readings = 0"))
    with running(settings_file) as box:
        eventually(lambda: status(settings_file)["state"] == "trouble")
        reply = status(settings_file)
        assert (reply["mood"], reply["playing"]) == ("happy", "play")
        assert "look.readings: expected a whole number of at least 1; found 0" in reply["trouble"]["settings"]
        checked = moodbox("check", "--settings", settings_file)
        assert checked.stdout.startswith("BAD  settings  ")
        assert checked.returncode == 2
        box.kill()
        box.wait()
    assert moodbox_process("dark", "--settings", settings_file).returncode == 0
