"""A second of sound in each format."""

from __future__ import annotations

import io

import numpy as np
import soundfile
from mutagen.oggvorbis import OggVorbis

SUBTYPES = {"OGG": "VORBIS", "MP3": "MPEG_LAYER_III", "WAV": "PCM_16", "FLAC": "PCM_16", "AIFF": "PCM_16"}


def sound(kind: str, subtype: str | None = None) -> bytes:
    """Return a file of this kind."""
    file = io.BytesIO()
    tone = np.sin(np.arange(16000) / 20).astype(np.float32) / 2
    soundfile.write(file, tone, 16000, format=kind, subtype=subtype or SUBTYPES[kind])
    return file.getvalue()


def m4a(handler: bytes = b"soun") -> bytes:
    """Return the boxes of an MP4 file with one track; what sounds in it is missing."""
    return (
        _box(b"ftyp", b"M4A \0\0\0\0")
        + _box(b"free", bytes(20))
        + _box(b"moov", _box(b"trak", _box(b"hdlr", bytes(8) + handler + bytes(12))))
    )


def _box(name: bytes, content: bytes) -> bytes:
    return (8 + len(content)).to_bytes(4, "big") + name + content


def tagged(**tags: str) -> bytes:
    """Return an Ogg file with these tags."""
    file = io.BytesIO(sound("OGG"))
    opened = OggVorbis(file)
    opened.update(tags)
    file.seek(0)
    opened.save(file)
    return file.getvalue()
