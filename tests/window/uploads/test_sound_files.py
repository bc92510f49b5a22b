"""What a file is, by its content."""

from __future__ import annotations

import io

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.window.uploads.samples import m4a, sound
from window.uploads.folder import MAX_NAME_BYTES, stem_of
from window.uploads.sound_files import suffix_of

OF_EACH_KIND = {
    ".ogg": sound("OGG"),
    ".opus": sound("OGG", "OPUS"),
    ".mp3": sound("MP3"),
    ".wav": sound("WAV"),
    ".flac": sound("FLAC"),
    ".aiff": sound("AIFF"),
    ".m4a": m4a(),
}


@pytest.mark.parametrize("suffix", OF_EACH_KIND)
def test_each_kind_is_known(suffix: str) -> None:
    assert suffix_of(io.BytesIO(OF_EACH_KIND[suffix])) == suffix


def test_an_mp3_begins_behind_its_tags_however_large_their_picture_is() -> None:
    length = 300_000
    header = b"ID3\x04\x00\x00" + bytes(length >> shift & 0x7F for shift in (21, 14, 7, 0))
    assert suffix_of(io.BytesIO(header + b"\xff" * length + sound("MP3"))) == ".mp3"


@pytest.mark.parametrize(
    "content",
    [b"ID3" + bytes(200_000), b"\xff\xfb\x90\x00" + bytes(5000), m4a(b"vide"),
     b"\0\0\0\x18ftypmp42" + bytes(99), b"OggS" + bytes(100), b"RIFF\0\0\0\0AVI fmt ", b"\xff" * 70_000,
     b"fLaC", b"\0\0\0\x01ftyp" + b"\xff" * 99],
)  # fmt: skip
def test_what_only_begins_like_sound_is_none(content: bytes) -> None:
    assert suffix_of(io.BytesIO(content)) is None


@pytest.mark.fuzz
@given(st.sampled_from([b"", *OF_EACH_KIND.values()]), st.binary(max_size=300), st.integers(0, 200))
def test_no_content_breaks_it(content: bytes, noise: bytes, at: int) -> None:
    damaged = content[:at] + noise + content[at + len(noise) :]
    assert suffix_of(io.BytesIO(damaged)) in (None, *OF_EACH_KIND)


@pytest.mark.fuzz
@given(st.text())
def test_every_name_becomes_a_harmless_one(name: str) -> None:
    stem = stem_of(name)
    assert 1 <= len(stem.encode()) <= MAX_NAME_BYTES
    assert stem[0] not in ".-"
    assert not set(stem) & set("/\\\0\n")
    assert stem.isprintable()
