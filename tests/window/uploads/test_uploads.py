"""Songs that are uploaded: taken by their content, under a harmless name, in one folder."""

from __future__ import annotations

import errno
import os
import socket
from collections.abc import Iterator
from http import HTTPStatus
from pathlib import Path
from urllib.parse import quote

import pytest

from tests.waiting import eventually
from tests.window.serving import Answer, Client, serving
from tests.window.uploads.samples import sound
from window.uploads import folder as uploads
from window.uploads.folder import PARTIAL, UploadFolder

OGG = sound("OGG")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Where songs go, beside a file that has to stay as it is."""
    (tmp_path / "music" / "uploads").mkdir(parents=True)
    (tmp_path / "music" / "own.ogg").write_bytes(b"own")
    return tmp_path / "music" / "uploads"


@pytest.fixture
def client(folder: Path, tmp_path: Path) -> Iterator[Client]:
    """A paired browser of a window with this folder."""
    with serving(tmp_path / "no.sock", tmp_path / "window", uploads=folder) as window:
        yield window.paired()


def upload(client: Client, name: str, content: bytes, **headers: str) -> Answer:
    """Send a file as the page does."""
    return client.request("PUT", f"/upload/{quote(name, safe='')}", content, headers)


def names(folder: Path) -> list[str]:
    """What is in the folder."""
    return sorted(file.name for file in folder.iterdir())


def test_a_song_is_written_whole_and_under_its_name(client: Client, folder: Path) -> None:
    answer = upload(client, "A Söng.ogg", OGG)
    assert answer.json() == {"ok": True, "name": "A Söng.ogg"}
    assert (folder / "A Söng.ogg").read_bytes() == OGG
    assert (folder / "A Söng.ogg").stat().st_mode & 0o777 == 0o644  # MPD's user reads it


def test_its_suffix_is_that_of_its_content(client: Client, folder: Path) -> None:
    assert upload(client, "song.exe", OGG).json()["name"] == "song.ogg"
    assert names(folder) == ["song.ogg"]


def test_a_second_song_of_the_same_name_does_not_replace_the_first(client: Client, folder: Path) -> None:
    wave = sound("WAV")
    upload(client, "song.ogg", OGG)
    assert upload(client, "song.ogg", OGG).json()["name"] == "song (2).ogg"
    assert upload(client, "song.ogg", wave).json()["name"] == "song.wav"
    assert names(folder) == ["song (2).ogg", "song.ogg", "song.wav"]


@pytest.mark.parametrize(
    "content", [b"", b"<html>", b"#!/bin/sh\n", b"\x7fELF" + bytes(5000), OGG[1:], b"OggS"]
)
def test_what_is_no_sound_is_refused_and_leaves_nothing(client: Client, folder: Path, content: bytes) -> None:
    answer = upload(client, "song.mp3", content)
    assert answer.status == HTTPStatus.UNPROCESSABLE_ENTITY
    assert "not a sound file" in answer.json()["error"]
    assert names(folder) == []


@pytest.mark.parametrize(
    "name",
    ["../own.ogg", "../../etc/cron.d/x", "/etc/passwd", "..", ".", ".hidden.ogg", "a/b/c.ogg", "C:\\x.ogg",
     "x\x00.ogg", "a\nb.ogg", "-rf.ogg", ".mpdignore", "n" * 800 + ".ogg", "\u202egpj.ogg"],
)  # fmt: skip
def test_no_name_leads_out_of_the_folder(client: Client, folder: Path, name: str) -> None:
    answer = upload(client, name, OGG)
    assert answer.status in (HTTPStatus.OK, HTTPStatus.FORBIDDEN, HTTPStatus.NOT_FOUND)
    for written in names(folder):
        assert written.endswith(".ogg")
        assert written[0] not in ".-"
        assert written.isprintable()
    assert (folder.parent / "own.ogg").read_bytes() == b"own"
    assert names(folder.parent) == ["own.ogg", "uploads"]


def test_ten_gigabytes_are_refused_before_they_come(client: Client, folder: Path) -> None:
    answer = upload(client, "song.ogg", b"", **{"Content-Length": str(10 << 30)})
    assert answer.status == HTTPStatus.REQUEST_ENTITY_TOO_LARGE
    assert names(folder) == []


def test_a_song_of_unknown_length_is_refused(client: Client) -> None:
    answer = client.request("PUT", "/upload/x.ogg", None, {"Transfer-Encoding": "chunked"})
    assert answer.status == HTTPStatus.LENGTH_REQUIRED


def test_a_song_that_was_cut_off_leaves_nothing(client: Client, folder: Path) -> None:
    with socket.create_connection(("127.0.0.1", client.port), timeout=30) as opened:
        opened.sendall(
            f"PUT /upload/song.ogg HTTP/1.1\r\nHost: {client.host}\r\nOrigin: http://{client.host}\r\n"
            f"Cookie: moodbox={client.cookie}\r\nX-Form-Token: {client.token}\r\n"
            f"Content-Length: {len(OGG) + 10}\r\n\r\n".encode()
            + OGG
        )
        eventually(lambda: [name for name in names(folder) if name.endswith(".part")])
    eventually(lambda: names(folder) == [])


def test_what_a_power_cut_has_left_is_deleted_and_what_still_comes_in_is_not(folder: Path) -> None:
    old, new = folder / f".1{PARTIAL}", folder / f".2{PARTIAL}"
    for part in (old, new):
        part.touch()
    os.utime(old, (0, 0))
    UploadFolder(folder)
    assert names(folder) == [new.name]


def test_a_disk_that_becomes_read_only_takes_no_place_from_later_uploads(
    client: Client, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: object, **__: object) -> None:
        raise OSError(errno.EROFS, os.strerror(errno.EROFS))

    with monkeypatch.context() as patched:
        patched.setattr(uploads, "_write_and_flush", refuse)
        patched.setattr(Path, "unlink", refuse)
        for _ in range(uploads.MAX_AT_ONCE):
            assert "Read-only" in upload(client, "song.ogg", OGG).json()["error"]
    assert upload(client, "song.ogg", OGG).json() == {"ok": True, "name": "song.ogg"}


def test_a_thread_that_cannot_be_started_is_said(
    client: Client, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: object) -> None:
        raise RuntimeError("can't start new thread")

    monkeypatch.setattr(uploads, "_write_and_flush", refuse)
    assert "can't start new thread" in upload(client, "song.ogg", OGG).json()["error"]
    assert names(folder) == []


def test_what_is_kept_free_on_the_disk_stays_free(folder: Path, tmp_path: Path) -> None:
    with serving(tmp_path / "no.sock", tmp_path / "window", uploads=folder, reserve_bytes=1 << 60) as window:
        answer = upload(window.paired(), "song.ogg", OGG)
    assert answer.json() == {"error": "the box's disk is full: delete some songs first"}
    assert names(folder) == []


def test_without_a_folder_the_page_says_what_to_do(tmp_path: Path) -> None:
    with serving(tmp_path / "no.sock", tmp_path / "window", uploads=tmp_path / "missing") as window:
        client = window.paired()
        assert "Copy music onto it" in client.get("/music").text
        assert "no folder for uploads" in upload(client, "song.ogg", OGG).json()["error"]


def test_a_stranger_and_another_site_upload_nothing(client: Client, folder: Path) -> None:
    assert upload(client, "song.ogg", OGG, Origin="http://evil.example").status == HTTPStatus.FORBIDDEN
    assert upload(Client(client.port), "song.ogg", OGG).status == HTTPStatus.FORBIDDEN
    assert names(folder) == []
