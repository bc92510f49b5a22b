"""The process: as systemd starts it, as a person does, and how it ends."""

from __future__ import annotations

import asyncio
import os
import re
import shutil
import socket
import subprocess
import sys
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from tests.device.ports import kept_port
from tests.waiting import eventually
from tests.window.serving import Client
from window.application import Window
from window.main import has_screen, main, server_for
from window.pages import static
from window.pages.rendering import PAGES

WINDOW = [sys.executable, "-P", "-m", "window"]


def test_a_person_gets_a_link_that_lets_one_browser_in(tmp_path: Path) -> None:
    command = [
        *WINDOW,
        "--port",
        "0",
        "--state",
        str(tmp_path / "state"),
        "--socket",
        str(tmp_path / "no.sock"),
    ]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        try:
            assert process.stdout
            match = re.fullmatch(r"open http://127\.0\.0\.1:(\d+)(/open/\S+)\n", process.stdout.readline())
            assert match
            client = Client(int(match[1]))
            client.open_link(match[2])
            late = Client(int(match[1])).get(match[2])
            assert late.status == 403
            assert "this one no longer does" in late.text
            another = urlsplit(process.stdout.readline().removeprefix("open ").strip())
            Client(int(match[1])).open_link(another.path)
            assert client.get("/health").status == 200
        finally:
            process.terminate()
    assert process.returncode in (0, -15)


@pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="this system has no /proc")
def test_it_needs_less_than_60_mb_once_it_has_answered_all_pages(tmp_path: Path) -> None:
    options = ["--port", "0", "--state", str(tmp_path), "--socket", str(tmp_path / "no.sock")]
    with subprocess.Popen([*WINDOW, *options], stdout=subprocess.PIPE, text=True) as process:
        try:
            assert process.stdout
            link = urlsplit(process.stdout.readline().removeprefix("open ").strip())
            client = Client(link.port or 0)
            client.open_link(link.path)
            events = client.lines("/events")
            assert "error" in next(events)  # there is no box
            files = [f"/static/{file.name}" for file in static.FOLDER.iterdir()]
            for path in (
                *(f"/{name}" for name in PAGES if name != "now"),
                "/",
                "/welcome",
                "/journal",
                *files,
            ):
                assert client.get(path).status == 200
            status = Path(f"/proc/{process.pid}/status").read_text()
            events.close()
        finally:
            process.terminate()
    match = re.search(r"VmHWM:\s+(\d+) kB", status)
    assert match
    print(f"at most {int(match[1]) / 1024:.1f} MiB")
    assert int(match[1]) * 1024 < 60_000_000


def test_a_port_that_is_taken_is_one_line(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = str(taken.getsockname()[1])
        done = subprocess.run(
            [*WINDOW, "--port", port, "--state", str(tmp_path)], capture_output=True, text=True, check=False
        )
    assert done.returncode == 1
    assert done.stderr == (
        f"moodbox window: Address already in use: 127.0.0.1 port {port}; choose another with --port\n"
    )


def test_a_port_that_there_cannot_be_is_one_line(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--port", "99999", "--state", str(tmp_path)]) == 1
    [line] = capsys.readouterr().err.splitlines()
    assert line.endswith("127.0.0.1 port 99999; choose another with --port")


def test_systemd_hands_it_a_port_that_listens_already(tmp_path: Path) -> None:
    activate = shutil.which("systemd-socket-activate")
    if activate is None:
        pytest.skip("systemd-socket-activate is missing")
    environment = [f"--setenv={name}" for name in os.environ]
    with (
        kept_port() as port,
        subprocess.Popen(
            [activate, f"--listen=127.0.0.1:{port}", *environment, *WINDOW, "--state", str(tmp_path)],
            stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True,
        ) as process,
    ):  # fmt: skip
        try:
            eventually(lambda: _answers(port))
            assert Client(port).get("/pair").status == 200
        finally:
            process.terminate()
        assert process.stdout
        assert process.stdout.read() == "", (
            "whoever reads the journal must not find a link that lets a browser in"
        )


def _answers(port: int) -> bool:
    try:
        socket.create_connection(("127.0.0.1", port), timeout=10).close()
    except OSError:
        return False
    return True


def test_it_ends_once_nobody_is_connected_for_a_while(tmp_path: Path) -> None:
    listening = socket.create_server(("127.0.0.1", 0))
    window = Window(socket=tmp_path / "no.sock", state=tmp_path)
    asyncio.run(asyncio.wait_for(server_for(window, 0.1).serve([listening]), 60))


def test_without_a_screen_no_browser_is_opened(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "platform", "linux")
    monkeypatch.delenv("DISPLAY", raising=False)
    monkeypatch.delenv("WAYLAND_DISPLAY", raising=False)
    assert not has_screen()
    monkeypatch.setenv("DISPLAY", ":0")
    assert has_screen()
