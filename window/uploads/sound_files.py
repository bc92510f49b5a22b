"""Tells by a file's content whether it is sound, and of which kind. Its name says nothing."""

from __future__ import annotations

import re
from typing import BinaryIO

HEAD_BYTES = 4096
MP3_SEARCH_BYTES = 64 << 10
"""How far behind the tags the first frame of an MP3 may be."""
MAX_ID3_TAGS = 4
MP3_KBITS = {
    3: (0, 32, 40, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320),
    2: (0, 8, 16, 24, 32, 40, 48, 56, 64, 80, 96, 112, 128, 144, 160),
}
"""By the version of MPEG, as a frame's header has it; 2.5 has the same as 2."""
MP3_RATES = {3: (44100, 48000, 32000), 2: (22050, 24000, 16000), 0: (11025, 12000, 8000)}


def suffix_of(file: BinaryIO) -> str | None:
    """Return the suffix that a sound file's name should have, such as ".mp3"; None if it is no sound.

    Args:
        file: Open for reading; its position is changed.
    """
    file.seek(0)
    head = file.read(HEAD_BYTES)
    if re.match(rb"fLaC[\x00\x80]", head):
        return ".flac"
    if head.startswith(b"OggS"):
        return _ogg_suffix(head)
    if re.match(rb"RIFF....WAVE", head, re.DOTALL) and b"fmt " in head:
        return ".wav"
    if re.match(rb"FORM....AIF[FC]", head, re.DOTALL) and b"COMM" in head:
        return ".aiff"
    if head[4:8] == b"ftyp" and _has_sound_track(file):
        return ".m4a"
    return ".mp3" if _is_mp3(file, head) else None


def _ogg_suffix(head: bytes) -> str | None:
    if b"OpusHead" in head:
        return ".opus"
    return ".ogg" if b"\x01vorbis" in head or b"\x7fFLAC" in head or b"Speex   " in head else None


def _has_sound_track(file: BinaryIO) -> bool:
    """Walk along the boxes of an MP4 file to the one with its tracks; a film has a track of pictures, too."""
    position, end = 0, file.seek(0, 2)
    for _ in range(64):
        if position >= end:
            return False
        file.seek(position)
        header = file.read(16)
        if len(header) < 8:
            return False
        size = int.from_bytes(header[:4], "big")
        size = int.from_bytes(header[8:16], "big") if size == 1 else size or end - position
        if header[4:8] == b"moov":
            tracks = file.read(min(size, 8 << 20))
            return b"soun" in tracks and b"vide" not in tracks
        if size < 8:
            return False
        position += size
    return False


def _is_mp3(file: BinaryIO, head: bytes) -> bool:
    """Look for three frames in a row, behind the tags."""
    position = 0
    for _ in range(MAX_ID3_TAGS):
        if head[:3] != b"ID3" or len(head) < 10 or any(byte & 0x80 for byte in head[6:10]):
            break
        length = sum((byte & 0x7F) << shift for byte, shift in zip(head[6:10], (21, 14, 7, 0), strict=True))
        position += 10 + length
        file.seek(position)
        head = file.read(10)
    file.seek(position)
    found = file.read(MP3_SEARCH_BYTES)
    at = found.find(b"\xff")
    while 0 <= at < len(found) - 4:
        if _frames_from(found, at) >= 3:
            return True
        at = found.find(b"\xff", at + 1)
    return False


def _frames_from(content: bytes, at: int) -> int:
    count = 0
    while count < 3 and (length := _frame_bytes(content[at : at + 4])):
        count += 1
        at += length
    return count


def _frame_bytes(header: bytes) -> int:
    """Return the length of the frame that begins so; 0 if none does. Layer III alone is MP3."""
    if len(header) < 4 or header[0] != 0xFF or header[1] & 0xE6 != 0xE2:
        return 0
    version = header[1] >> 3 & 3
    rates = MP3_RATES.get(version)
    index, rate = header[2] >> 4, header[2] >> 2 & 3
    if rates is None or rate == 3 or index in (0, 15):
        return 0
    kbits = MP3_KBITS[3 if version == 3 else 2][index]
    return (144000 if version == 3 else 72000) * kbits // rates[rate] + (header[2] >> 1 & 1)
