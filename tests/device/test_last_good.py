from __future__ import annotations

import json
import stat
from pathlib import Path

import msgspec
import pytest

from device.demo.server import PrivateMpd
from device.errors import MemoryFileError, SettingsError
from device.last_good import COPY, FILE, check, keep, read_or_last_good
from device.settings import Look, Settings
from tests.device.test_cli import moodbox, running, status
from tests.waiting import eventually

BROKEN = "[panel]\nbuton = 3\n"


@pytest.fixture
def service(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The state folder that systemd names to a service."""
    folder = tmp_path / "service"
    folder.mkdir()
    monkeypatch.setenv("STATE_DIRECTORY", str(folder))
    return folder


def test_a_broken_file_gives_the_last_good_settings_and_what_is_wrong(service: Path, tmp_path: Path) -> None:
    keep(Settings(look=Look(readings=7)))
    (tmp_path / "moodbox.toml").write_text(BROKEN)
    settings, broken = read_or_last_good(tmp_path / "moodbox.toml")
    assert settings == Settings(look=Look(readings=7))
    assert broken is not None
    assert "panel.buton: unknown key; did you mean 'button'?; until it is mended" in broken


def test_a_good_file_is_read_whatever_was_good_before(service: Path, tmp_path: Path) -> None:
    keep(Settings(look=Look(readings=7)))
    (tmp_path / "moodbox.toml").write_text("[look]\nreadings = 3\n")
    assert read_or_last_good(tmp_path / "moodbox.toml") == (Settings(look=Look(readings=3)), None)


@pytest.mark.parametrize("kept", [None, b"", b'{"look": {"readings": 0}}', b'{"gone": 1}', b"\xff"])
def test_where_nothing_good_is_kept_the_mistake_is_an_error(
    service: Path, tmp_path: Path, kept: bytes | None
) -> None:
    if kept is not None:
        (service / FILE).write_bytes(kept)
    (tmp_path / "moodbox.toml").write_text(BROKEN)
    with pytest.raises(SettingsError, match=r"panel\.buton: unknown key"):
        read_or_last_good(tmp_path / "moodbox.toml")


def test_one_damaged_copy_is_made_again_from_the_other_at_the_next_good_start(
    service: Path, tmp_path: Path
) -> None:
    good = Settings(look=Look(readings=7))
    keep(good)
    content = (service / FILE).read_bytes()
    (tmp_path / "moodbox.toml").write_text(BROKEN)
    for name, damage in (
        (FILE, content.replace(b'"readings":7', b'"readings":5')),
        (COPY, b""),
        (FILE, b"{"),
    ):
        (service / name).write_bytes(damage)
        with pytest.raises(MemoryFileError, match=rf"{name}: damaged: .* writes it anew"):
            check(service)
        assert read_or_last_good(tmp_path / "moodbox.toml")[0] == good
        keep(good)
        assert check(service) == ""
        assert (service / FILE).read_bytes() == (service / COPY).read_bytes() == content


def test_those_that_an_older_version_has_kept_count(service: Path, tmp_path: Path) -> None:
    good = Settings(look=Look(readings=7))
    (service / FILE).write_bytes(msgspec.json.encode(good))
    (tmp_path / "moodbox.toml").write_text(BROKEN)
    assert read_or_last_good(tmp_path / "moodbox.toml")[0] == good
    assert check(service) == ""


@pytest.mark.parametrize("name", [FILE, COPY])
def test_a_folder_in_the_place_of_a_copy_is_put_aside(service: Path, name: str) -> None:
    (service / name).mkdir()
    keep(Settings())
    assert (service / name).is_file()
    assert (service / name).with_suffix(".damaged").is_dir()


def test_who_starts_a_box_by_hand_is_told_of_the_mistake(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.delenv("STATE_DIRECTORY", raising=False)
    keep(Settings())
    (tmp_path / "moodbox.toml").write_text(BROKEN)
    with pytest.raises(SettingsError):
        read_or_last_good(tmp_path / "moodbox.toml")


def test_they_are_for_the_service_and_its_group_and_written_only_when_they_change(service: Path) -> None:
    keep(Settings())
    first = (service / FILE).stat()
    assert stat.S_IMODE(first.st_mode) == 0o640
    keep(Settings())
    assert (service / FILE).stat().st_ino == first.st_ino
    keep(Settings(look=Look(readings=7)))
    assert json.loads((service / FILE).read_text())["look"]["readings"] == 7
    assert {path.name for path in service.iterdir()} == {FILE, COPY}


def test_a_disk_that_takes_nothing_is_no_reason_not_to_start(service: Path) -> None:
    (service / "settings.new").mkdir()  # where it would be written first
    keep(Settings())
    assert not (service / FILE).exists()


def test_a_box_whose_settings_were_broken_by_hand_plays_on_and_says_so(
    settings_file: Path, library: PrivateMpd, service: Path
) -> None:
    with running(settings_file) as box:
        eventually(lambda: status(settings_file)["playing"] == "play")
        box.terminate()
        box.wait(timeout=30)
    settings_file.write_text(settings_file.read_text().replace("readings = 1", "readings = 0"))
    with running(settings_file) as box:
        eventually(lambda: status(settings_file)["state"] == "trouble")
        told = status(settings_file)
        assert (told["mood"], told["playing"]) == ("happy", "play")
        assert "look.readings: expected int >= 1; found 0" in told["trouble"]["settings"]
        checked = moodbox("check", "--settings", settings_file)
        assert checked.stdout.startswith("BAD  settings  ")
        assert checked.returncode == 2
        box.kill()
        box.wait()
    assert moodbox("dark", "--settings", settings_file).returncode == 0
