"""What `moodbox check` says of the rooms."""

from __future__ import annotations

import socket
import sys
from collections.abc import Iterator
from pathlib import Path

import msgspec
import pytest

from device.cli import check as box_check
from device.cli.check import check
from device.config.settings import Camera, Room, Settings
from device.health import Part
from room import check as room_check
from room.carrier import Address
from room.main import main
from room.proof import RoomError
from tests.device.conftest import settings  # noqa: F401
from tests.room.ends import KEY, listening


@pytest.fixture(autouse=True)
def sound(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[socket.socket]:
    """A port that listens in place of snapserver's, and a program in place of snapclient."""
    programs = tmp_path / "programs"
    programs.mkdir()
    (programs / "snapclient").symlink_to(sys.executable)
    monkeypatch.setenv("PATH", str(programs))
    monkeypatch.setattr(room_check, "SYSTEMD", tmp_path / "no-systemd")
    with socket.create_server(("127.0.0.1", 0)) as server:
        monkeypatch.setattr(room_check, "SOUND_PORT", server.getsockname()[1])
        yield server


@pytest.fixture
def server(tmp_path: Path) -> Iterator[Address]:
    """The box that plays for all rooms; the box itself is not asked."""
    with listening(tmp_path / "none.sock") as address:
        yield address


def test_a_room_that_is_connected_says_so(server: Address) -> None:
    assert room_check.check(server, KEY, serves=False) == (
        "127.0.0.1 takes the presses of this room and sends the sound"
    )
    assert room_check.check(server, KEY, serves=True) == (
        "this box takes the presses of all rooms and sends the sound"
    )


def test_another_key_is_named(server: Address) -> None:
    with pytest.raises(RoomError, match="it has another key than this box"):
        room_check.check(server, b"x" * 64, serves=False)


def test_a_box_that_is_off_is_named_and_at_the_box_itself_the_deploy() -> None:
    nobody = Address("127.0.0.1", 1)
    with pytest.raises(RoomError, match=r"127\.0\.0\.1 does not answer \(Connection refused\): is it on"):
        room_check.check(nobody, KEY, serves=False)
    with pytest.raises(RoomError, match=r"nothing takes presses at port 1 .*deploy/deploy\.sh --rooms"):
        room_check.check(nobody, KEY, serves=True)


def test_sound_that_is_not_sent_is_named(server: Address, sound: socket.socket) -> None:
    sound.close()
    with pytest.raises(RoomError, match=r"127\.0\.0\.1 sends no sound at port .*systemctl status snapserver"):
        room_check.check(server, KEY, serves=False)


def test_a_room_without_a_player_is_named(server: Address, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "/nowhere")
    with pytest.raises(RoomError, match="snapclient is not installed, so this room is silent"):
        room_check.check(server, KEY, serves=False)


def test_the_command_prints_one_line(
    server: Address, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    key = tmp_path / "room.key"
    key.write_bytes(KEY)
    key.chmod(0o600)
    where = ["--server", f"127.0.0.1:{server.port}", "--key", str(key)]
    assert main(["--check", *where]) == 0
    assert capsys.readouterr().out == "127.0.0.1 takes the presses of this room and sends the sound\n"
    key.write_bytes(b"x" * 64)
    assert main(["--check", *where]) == 1
    assert capsys.readouterr().err.startswith("moodbox room: 127.0.0.1: it has another key than this box")
    assert main(["--check"]) == 0
    assert capsys.readouterr().out.startswith("off: ")


def test_moodbox_check_has_a_line_for_the_rooms_if_they_are_switched_on(
    settings: Settings,  # noqa: F811
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    blind = Camera(source="images:/nowhere")  # to search its picture for faces would take most of the time

    def findings(room: Room) -> dict[Part, str]:
        monkeypatch.setenv("CREDENTIALS_DIRECTORY", "/no/such/folder")
        found = check(msgspec.structs.replace(settings, room=room, camera=blind))
        return {each.part: each.message for each in found if not each.works}

    assert Part.ROOM not in findings(Room())
    for room in (Room(serve=True), Room(server="127.0.0.1")):
        assert findings(room)[Part.ROOM] == (
            "/no/such/folder/room.key: the key cannot be read: No such file or directory; "
            "docs/rooms.md says where it comes from"
        )


def test_presses_that_the_box_knows_not_to_be_carried_are_a_fault(
    settings: Settings,  # noqa: F811
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    trouble: dict[str, str] = {}
    monkeypatch.setattr(box_check, "_status_of_running_box", lambda _: {"trouble": trouble, "camera": "on"})
    monkeypatch.setattr(box_check, "check_program", lambda *_: "connected")

    def finding() -> box_check.Finding:
        found = check(msgspec.structs.replace(settings, room=Room(server="kitchen")))
        return next(each for each in found if each.part is Part.ROOM)

    assert (finding().works, finding().message) == (True, "connected")
    trouble["room"] = "nothing carries a press"
    assert (finding().works, finding().message) == (False, "nothing carries a press")
