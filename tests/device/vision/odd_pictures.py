"""Unusual and damaged picture files."""

from __future__ import annotations

import struct
import zlib

import cv2
import numpy as np
from numpy.typing import NDArray

APPLE_DOUBLE = bytes.fromhex("0005160700020000") + b"Mac OS X        " + bytes(64)
"""What a Mac writes as ._NAME beside each file on a disk of another format."""


def encoded(suffix: str, picture: NDArray[np.uint8], *options: int) -> bytes:
    """The content of a picture file with this suffix."""
    return cv2.imencode(suffix, picture, options)[1].tobytes()


def png_of_zeros(width: int, height: int, rows: int | None = None) -> bytes:
    """A grey PNG that is a tiny file; with fewer rows than its height it is truncated."""
    packer = zlib.compressobj()
    row_count = height if rows is None else rows
    content = b"".join(packer.compress(bytes(1 + width)) for _ in range(row_count)) + packer.flush()
    return (
        b"\x89PNG\r\n\x1a\n"
        + _chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0))
        + _chunk(b"IDAT", content)
        + _chunk(b"IEND", b"")
    )


def _chunk(kind: bytes, content: bytes) -> bytes:
    return struct.pack(">I", len(content)) + kind + content + struct.pack(">I", zlib.crc32(kind + content))
