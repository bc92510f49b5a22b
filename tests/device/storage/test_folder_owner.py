"""What a command that root runs does in a folder of the box's user: no more than that user could."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest

from device.library.index import LibraryIndex
from device.playback.memory import Memory
from device.storage.folder_owner import acting_as_owner, another_owner
from tests.device.cli.commands import moodbox

OWNER, GROUP, STRANGER = 1234, 1235, 1236

pytestmark = pytest.mark.skipif(os.getuid() != 0, reason="only root can act as another user")


@pytest.fixture
def folder() -> Iterator[Path]:
    """The folder of another user; pytest's own ones are closed to everybody else."""
    with TemporaryDirectory() as name:
        Path(name).chmod(0o755)
        folder = Path(name) / "state"
        folder.mkdir()
        os.chown(folder, OWNER, GROUP)
        yield folder


@pytest.fixture
def target(folder: Path) -> Path:
    """A file that only root could create."""
    return folder.parent / "target"


@pytest.fixture
def file(folder: Path) -> Path:
    file = folder.parent / "moodbox.toml"
    file.write_text(
        f'[service]\nstate = "{folder}"\nsocket = "{folder}/socket"\n[music]\naddress = "/nowhere"\n'
    )
    return file


@pytest.mark.parametrize("name", ["moodbox.db", "moodbox.db-wal", "moodbox.db-journal", "moodbox.db.new"])
def test_a_command_of_root_follows_no_link_that_the_boxs_user_planted(
    folder: Path, target: Path, file: Path, name: str
) -> None:
    if name.endswith(".new"):
        (folder / "moodbox.db").write_bytes(b"not a database" * 100)  # so that a new one is made
        os.chown(folder / "moodbox.db", OWNER, GROUP)
    (folder / name).symlink_to(target)
    os.lchown(folder / name, OWNER, GROUP)
    result = moodbox("forget", "--settings", file)
    assert result.returncode == 0, result.stderr
    assert not target.exists()
    assert {found.lstat().st_uid for found in folder.iterdir()} == {OWNER}


def test_a_command_of_root_does_not_write_to_a_file_of_roots_that_a_link_names(
    folder: Path, target: Path, file: Path
) -> None:
    with Memory.opened_for_command(target.with_name("root")) as memory:
        memory.keep_own_affect("a.ogg", 0.5, 0.5)
    (target.with_name("root") / "moodbox.db").rename(target)
    target.chmod(0o644)
    before = target.read_bytes()
    (folder / "moodbox.db").symlink_to(target)
    result = moodbox("forget", "--settings", file)
    assert result.returncode == 1
    assert "Traceback" not in result.stderr
    assert target.read_bytes() == before
    assert target.stat().st_uid == 0


@pytest.mark.parametrize("kind", [Memory, LibraryIndex])
def test_what_root_creates_or_repairs_belongs_to_the_owner(
    folder: Path, kind: type[Memory | LibraryIndex]
) -> None:
    (folder / kind.file).write_bytes(b"not a database" * 100)
    os.chown(folder / kind.file, OWNER, GROUP)
    with kind.opened_for_command(folder):
        assert os.geteuid() == OWNER
    assert os.geteuid() == 0
    made = (folder / kind.file).stat()
    assert (made.st_uid, made.st_gid) == (OWNER, GROUP)


def test_root_is_root_again_after_an_error(folder: Path) -> None:
    groups = os.getgroups()

    def fail() -> None:
        with acting_as_owner(folder):
            assert (os.geteuid(), os.getegid(), os.getgroups()) == (OWNER, GROUP, [GROUP])
            raise KeyError

    with pytest.raises(KeyError):
        fail()
    assert (os.geteuid(), os.getegid(), os.getgroups()) == (0, 0, groups)


def test_a_folder_that_does_not_exist_yet_has_the_owner_of_the_one_above(folder: Path) -> None:
    with Memory.opened_for_command(folder / "more"):
        pass
    assert (folder / "more").stat().st_uid == OWNER


def test_in_a_folder_of_its_own_root_stays_root(folder: Path) -> None:
    assert another_owner(folder.parent) is None


def test_root_does_not_run_a_box_in_the_folder_of_another_user(
    file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("device.daemon.run", lambda *_, **__: 0)  # which would run until a signal
    result = moodbox("run", "--settings", file)
    assert result.returncode == 1
    [line] = result.stderr.splitlines()
    assert f"belongs to #{OWNER}" in line
    assert "sudo systemctl start moodbox" in line


def test_a_camera_that_root_switches_off_can_be_switched_on_by_the_boxs_user(
    folder: Path, target: Path, file: Path
) -> None:
    assert moodbox("camera", "off", "--settings", file).stdout == "off\n"
    assert (folder / "camera.off").lstat().st_uid == OWNER
    assert moodbox("camera", "on", "--settings", file).stdout == "on\n"
    (folder / "camera.off").symlink_to(target)
    assert moodbox("camera", "off", "--settings", file).stdout == "off\n"
    assert not target.exists()


def test_root_erases_with_the_rights_of_the_owner_and_says_what_it_cannot_erase(
    folder: Path, file: Path
) -> None:
    (folder / "songs.db").touch()
    folder.chmod(0o555)  # which would not keep root from it
    result = moodbox("forget", "--everything", "--settings", file)
    assert result.returncode == 1
    [line] = result.stderr.splitlines()
    assert f"{folder}/songs.db: cannot be erased (Permission denied)" in line


@pytest.mark.parametrize("command", ["status", "forget", "forget --everything", "camera off", "export"])
def test_who_may_not_look_into_the_folder_is_told_so(folder: Path, file: Path, command: str) -> None:
    folder.chmod(0o750)
    os.seteuid(STRANGER)
    try:
        result = moodbox(*command.split(), "--settings", file)
    finally:
        os.seteuid(0)
    assert result.returncode == 1
    assert all(line.startswith("moodbox: ") for line in result.stderr.splitlines())
