"""Picture files as people and bad luck make them."""

from __future__ import annotations

import struct
import zlib

import cv2
import numpy as np
from numpy.typing import NDArray

APPLE_DOUBLE = bytes.fromhex("0005160700020000") + b"Mac OS X        " + bytes(64)
"""What a Mac writes as ._NAME beside each file on a disk that is not its own."""


def encoded(suffix: str, picture: NDArray[np.uint8], *options: int) -> bytes:
    return cv2.imencode(suffix, picture, options)[1].tobytes()


def png_of_zeros(width: int, height: int, rows: int | None = None) -> bytes:
    """A PNG in grey that takes next to nothing as a file; with fewer rows than its height it is cut off."""
    packer = zlib.compressobj()
    there = height if rows is None else rows
    content = b"".join(packer.compress(bytes(1 + width)) for _ in range(there)) + packer.flush()
    return (
        b"\x89PNG\r\n\x1a\n"
        + _chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0))
        + _chunk(b"IDAT", content)
        + _chunk(b"IEND", b"")
    )


def _chunk(kind: bytes, content: bytes) -> bytes:
    return struct.pack(">I", len(content)) + kind + content + struct.pack(">I", zlib.crc32(kind + content))
