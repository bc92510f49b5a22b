"""The folder for uploads: a file comes in under a hidden name, and gets its own once it is known as sound."""

from __future__ import annotations

import asyncio
import os
import re
import secrets
import shutil
import time
import unicodedata
from collections.abc import AsyncIterator
from contextlib import suppress
from pathlib import Path
from typing import BinaryIO

from window.uploads.sound_files import suffix_of

MAX_BYTES = 200 << 20
MAX_AT_ONCE = 2
RESERVE_BYTES = 500 << 20
"""What has to stay free on the disk."""
WRITE_BYTES = 1 << 20
MAX_NAME_BYTES = 120
PARTIAL = ".part"
LEFT_OVER_S = 3600.0
"""After so long without a byte, what has come in of a song is what a power cut has left."""
CREATE = os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC


class UploadError(Exception):
    """A file is not taken; the message is for people."""


class UploadFolder:
    """Takes songs into one folder, and writes nowhere else."""

    def __init__(self, folder: Path | None, reserve_bytes: int = RESERVE_BYTES) -> None:
        """Take the folder, which need not be there.

        Args:
            folder: None if uploads are not wanted.
            reserve_bytes: What has to stay free.
        """
        self._folder = folder
        self._reserve_bytes = reserve_bytes
        self._running = 0
        self._delete_left_over()

    @property
    def is_open(self) -> bool:
        """Whether songs can be uploaded."""
        return self._folder is not None and os.access(self._folder, os.W_OK | os.X_OK)

    async def take(self, name: str, chunks: AsyncIterator[bytes], announced: int) -> str:
        """Write a song, and return the name that it got.

        Args:
            name: What it is called on the other computer.
            chunks: Its content.
            announced: How many bytes it is said to have.

        Raises:
            UploadError: It is not sound, too large, or there is no room for it.
        """
        if self._folder is None or not self.is_open:
            raise UploadError("there is no folder for uploads on this box; copy music onto it instead")
        if announced > MAX_BYTES:
            raise UploadError(f"a song may have {MAX_BYTES >> 20} MB at most")
        if self._running >= MAX_AT_ONCE:
            raise UploadError("other songs are still coming in; try again in a moment")
        self._running += 1
        part = self._folder / f".{secrets.token_hex(8)}{PARTIAL}"
        try:
            with os.fdopen(os.open(part, CREATE, 0o644), "w+b") as file:
                await self._write(file, chunks, announced)
                suffix = await asyncio.to_thread(suffix_of, file)
                if suffix is None:
                    raise UploadError("not a sound file: choose MP3, FLAC, Ogg, Opus, WAV, AIFF or M4A")
            return await asyncio.to_thread(self._put_in_place, part, stem_of(name), suffix)
        except OSError as error:
            raise UploadError(f"the song cannot be written: {error.strerror}") from error
        except RuntimeError as error:  # too many threads, or too little memory
            raise UploadError(f"the song cannot be written: {error}; try again in a moment") from error
        finally:
            self._running -= 1
            with suppress(OSError):  # a disk that has become read-only
                part.unlink(missing_ok=True)

    def _delete_left_over(self) -> None:
        if self._folder is None:
            return
        with suppress(OSError):
            for part in self._folder.glob(f".*{PARTIAL}"):
                if time.time() - part.lstat().st_mtime > LEFT_OVER_S:
                    part.unlink()

    async def _write(self, file: BinaryIO, chunks: AsyncIterator[bytes], announced: int) -> None:
        waiting, written = bytearray(), 0
        async for chunk in chunks:
            waiting += chunk
            if written + len(waiting) > min(announced, MAX_BYTES):
                raise UploadError("more came than was announced")
            if len(waiting) >= WRITE_BYTES:
                written += await self._write_some(file, waiting)
        written += await self._write_some(file, waiting)
        if written < announced:
            raise UploadError("the song has not come in whole; try again")

    async def _write_some(self, file: BinaryIO, waiting: bytearray) -> int:
        assert self._folder
        if shutil.disk_usage(self._folder).free - len(waiting) < self._reserve_bytes:
            raise UploadError("the box's disk is full: delete some songs first")
        content = bytes(waiting)
        waiting.clear()
        await asyncio.to_thread(_write_and_flush, file, content)
        return len(content)

    def _put_in_place(self, part: Path, stem: str, suffix: str) -> str:
        for number in range(1, 1000):
            name = f"{stem}{f' ({number})' if number > 1 else ''}{suffix}"
            target = part.with_name(name)
            try:
                os.close(os.open(target, CREATE, 0o644))
            except FileExistsError:
                continue
            part.replace(target)
            return name
        raise UploadError("there are too many songs of this name")


def _write_and_flush(file: BinaryIO, content: bytes) -> None:
    file.write(content)
    file.flush()


def stem_of(name: str) -> str:
    """Return a name without folders, suffix, and characters that a file system or MPD may not like."""
    last = re.split(r"[/\\]", unicodedata.normalize("NFC", name))[-1]
    stem = re.sub(r"\.[A-Za-z0-9]{1,5}$", "", last)
    shown = "".join(
        letter
        if letter.isprintable() and letter not in '<>:"|?*' and not "\ud800" <= letter <= "\udfff"
        else " "
        for letter in stem
    )
    text = " ".join(shown.split()).lstrip(". -")
    return text.encode()[:MAX_NAME_BYTES].decode(errors="ignore").rstrip(". ") or "song"
