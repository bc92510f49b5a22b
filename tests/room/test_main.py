"""The process and its options."""

from __future__ import annotations

import errno
import os
import socket
import subprocess
import sys
import threading
from functools import partial
from pathlib import Path

import pytest

from device.supervision import EXIT_INTERNAL_ERROR
from room.carrier import PORT, Address
from room.listener import Listener
from room.main import address_of, main
from room.proof import RoomError, read_key
from tests.device.cli.commands import moodbox_process
from tests.waiting import eventually


@pytest.mark.parametrize(
    ("text", "address"),
    [
        ("kitchen.local", ("kitchen.local", PORT)),
        ("kitchen:1800", ("kitchen", 1800)),
        ("192.0.2.7", ("192.0.2.7", PORT)),
        ("fe80::1", ("fe80::1", PORT)),
        ("[fe80::1]:1800", ("fe80::1", 1800)),
    ],
)
def test_an_address_may_have_a_port(text: str, address: tuple[str, int]) -> None:
    assert address_of(text) == Address(*address)


@pytest.mark.parametrize("text", ["", ":", "kitchen:0", "kitchen:99999", "kitchen:port"])
def test_what_is_no_address_is_one_line(text: str) -> None:
    with pytest.raises(RoomError, match=r"expected HOST or HOST:PORT"):
        address_of(text)


@pytest.mark.parametrize(
    ("content", "mode", "problem"),
    [
        (None, 0, "the key cannot be read: No such file or directory; docs/rooms.md says"),
        ("short\n", 0o600, "expected 32 characters or more, found 5; for one: python3 -c"),
        ("k" * 64, 0o644, "everybody on this machine may read or change it: sudo chmod 600"),
        ("k" * 64, 0o602, "everybody on this machine may read or change it: sudo chmod 600"),
    ],
)
def test_a_key_that_protects_nothing_is_refused(
    tmp_path: Path, content: str | None, mode: int, problem: str
) -> None:
    key = tmp_path / "room.key"
    if content is not None:
        key.write_text(content)
        key.chmod(mode)
    with pytest.raises(RoomError) as raised:
        read_key(key)
    assert problem in str(raised.value)


def test_a_pipe_in_place_of_the_key_is_refused_and_does_not_keep_the_process_waiting(tmp_path: Path) -> None:
    key = tmp_path / "room.key"
    os.mkfifo(key, 0o600)
    problems: list[str] = []

    def read() -> None:
        try:
            read_key(key)
        except RoomError as error:
            problems.append(str(error))

    threading.Thread(target=read, daemon=True).start()
    eventually(lambda: problems)
    assert "not a regular file" in problems[0]


def test_the_key_is_the_line_without_its_end(tmp_path: Path) -> None:
    key = tmp_path / "room.key"
    key.write_text("k" * 64 + "\n")
    key.chmod(0o600)
    assert read_key(key) == b"k" * 64


def test_a_port_that_is_taken_is_one_line(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    key = tmp_path / "room.key"
    key.write_text("k" * 64)
    key.chmod(0o600)
    assert main(["--listen", "-1", "--key", str(key)]) == 1
    assert "choose another with --listen" in capsys.readouterr().err


def test_the_end_that_listens_creates_no_socket_of_the_network_which_its_sandbox_refuses(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    def refuse(*_: object, **__: object) -> None:
        raise OSError(errno.EAFNOSUPPORT, os.strerror(errno.EAFNOSUPPORT))

    with socket.create_server(("127.0.0.1", 0)) as listening:
        monkeypatch.setattr(socket, "socket", refuse)
        with Listener(listening, tmp_path / "control.sock", b"k" * 64) as listener:
            assert listener.fileno() == listening.fileno()


def test_an_error_of_any_type_ends_it_with_70_so_that_it_is_started_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """Here on the thread that follows the box, whose end would otherwise go unnoticed."""
    key = tmp_path / "room.key"
    key.write_text("k" * 64)
    key.chmod(0o600)
    monkeypatch.setattr("room.carrier.subscribe", lambda *_: iter([{"neither": "a press nor ok"}]))
    ended: list[int] = []
    run = partial(main, ["--server", "kitchen", "--key", str(key)])
    threading.Thread(target=lambda: ended.append(run()), daemon=True).start()
    eventually(lambda: ended == [EXIT_INTERNAL_ERROR])
    assert "an error of moodbox's own" in caplog.text


def test_a_box_that_plays_alone_needs_no_such_process(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        main([])
    assert ended.value.code == 2
    assert "this box plays its own music alone: set room.serve or room.server" in capsys.readouterr().err


def test_the_command_becomes_the_end_that_the_settings_say(tmp_path: Path) -> None:
    settings = tmp_path / "moodbox.toml"
    settings.write_text('[room]\nserver = "kitchen"\n')
    ended = moodbox_process("room", "--settings", settings, "--key", tmp_path / "room.key")
    assert ended.returncode == 1
    assert f"{tmp_path}/room.key: the key cannot be read" in ended.stderr


def test_it_loads_neither_opencv_nor_what_speaks_to_mpd() -> None:
    code = "import sys, room.main; print([n for n in ('cv2', 'numpy', 'mpd') if n in sys.modules])"
    ran = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert ran.stdout.strip() == "[]"
