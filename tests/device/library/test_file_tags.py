"""The ID3 frame TMOO, read from files of every kind and damage."""

from __future__ import annotations

import io
import os
import random
from pathlib import Path
from typing import Any

import pytest
from mutagen.id3 import APIC, ID3, TIT2, TMOO, Encoding

from device.library.file_tags import mood_in_file


def id3_of(*frames: Any, version: int = 4) -> bytes:
    id3: Any = ID3()
    for frame in frames:
        id3.add(frame)
    written = io.BytesIO()
    id3.save(written, v2_version=version)
    return written.getvalue()


@pytest.mark.parametrize("encoding", [Encoding.LATIN1, Encoding.UTF16, Encoding.UTF16BE, Encoding.UTF8])
def test_all_moods_are_read_in_every_encoding(tmp_path: Path, encoding: int) -> None:
    cover = APIC(mime="image/jpeg", data=b"\xff\xd8" + bytes(300_000))
    frames = TMOO(encoding=encoding, text=["Sad", "Calm"]), TIT2(encoding=encoding, text=["TMOO"]), cover
    (tmp_path / "a.mp3").write_bytes(id3_of(*frames) + b"sound")
    assert mood_in_file(tmp_path / "a.mp3") == "Sad;Calm"


def test_a_title_is_no_mood(tmp_path: Path) -> None:
    (tmp_path / "a.mp3").write_bytes(id3_of(TIT2(text=["TMOO"])))
    assert mood_in_file(tmp_path / "a.mp3") == ""


def test_files_that_cannot_be_read_have_no_mood(tmp_path: Path) -> None:
    whole = id3_of(TMOO(text=["Sad"]))
    (tmp_path / "empty").write_bytes(b"")
    (tmp_path / "ogg").write_bytes(b"OggS" + whole)
    (tmp_path / "short").write_bytes(whole[:8])
    (tmp_path / "huge").write_bytes(b"ID3\x04\x00\x00\x7f\x7f\x7f\x7f" + whole[10:])
    (tmp_path / "folder").mkdir()
    os.mkfifo(tmp_path / "fifo")
    for path in (*tmp_path.iterdir(), tmp_path / "none", tmp_path / "a\0b", tmp_path / ("n" * 300)):
        assert mood_in_file(path) == "", path


def test_a_damaged_tag_is_no_error(tmp_path: Path) -> None:
    whole = id3_of(TMOO(text=["Sad"]), TIT2(text=["Title"]))
    chance = random.Random(1)
    path = tmp_path / "a.mp3"
    for _ in range(300):
        content = bytearray(whole)
        for _ in range(chance.randrange(4)):
            content[chance.randrange(len(content))] = chance.randrange(256)
        del content[chance.choice([len(content), chance.randrange(len(content))]) :]
        path.write_bytes(content)
        assert isinstance(mood_in_file(path), str)
