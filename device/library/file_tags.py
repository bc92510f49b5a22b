"""The MOOD tags that MPD does not report, read from the files themselves.

MP3s have a mood in one of two forms. MPD gives TXXX:MOOD (ID3v2.3) among a file's raw comments. TMOO, which
ID3v2.4 defines, it gives as the tag Mood, but only from 0.24 on.
"""

from __future__ import annotations

import io
import os
import stat
from pathlib import Path

MAX_ID3_BYTES = 32 * 2**20  # covers are part of it; a larger one is not read
HEADER_BYTES = 10


def mood_in_file(path: Path) -> str:
    """Return the moods in the ID3 frame TMOO of a file, separated by semicolons.

    Returns:
        "" if there is none, or if the file cannot be read.
    """
    tag = _id3_bytes(path)
    if b"TMOO" not in tag:
        return ""
    from tinytag import TinyTag, TinyTagException  # takes 7 MiB, so only a library with such files loads it

    try:
        found = TinyTag.get(file_obj=io.BytesIO(tag), duration=False).other.get("tmoo", [])
    except (TinyTagException, ValueError):
        return ""
    # Several values have a zero between them, and in UTF-16 each begins with a byte-order mark.
    return ";".join(str(text).replace("\0", ";").replace("\ufeff", "") for text in found)


def _id3_bytes(path: Path) -> bytes:
    """The ID3v2 tag at the beginning of a file; b"" if there is none."""
    try:
        # The path may be a FIFO: O_NONBLOCK does not wait for a writer.
        with os.fdopen(os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC), "rb") as file:
            if not stat.S_ISREG(os.fstat(file.fileno()).st_mode):
                return b""
            header = file.read(HEADER_BYTES)
            if len(header) < HEADER_BYTES or not header.startswith(b"ID3"):
                return b""
            size = 0
            for byte in header[6:]:  # seven bits each
                size = size << 7 | byte & 0x7F
            return header + file.read(size) if size <= MAX_ID3_BYTES else b""
    except (OSError, ValueError):  # ValueError: a name with a zero byte
        return b""
