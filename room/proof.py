"""The key that all rooms share, and how each end proves to the other that it has it.

Both ends send a random challenge. A proof is the HMAC of both challenges, of its sender's role and of what is
sent, so that a proof that somebody has recorded fits no other exchange.
"""

from __future__ import annotations

import hashlib
import hmac
import re
import secrets
import stat
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

from device.errors import MoodboxError
from device.storage.regular_file import read_with_status

MIN_KEY_CHARACTERS = 32
MAX_KEY_BYTES = 1024
MAKE_KEY = "python3 -c 'import secrets; print(secrets.token_hex(32))'"


class RoomError(MoodboxError):
    """The other room's box cannot be asked, or this process cannot start; the message is one line."""


class Sender(StrEnum):
    """Who proves something. A proof of one is none of another."""

    SERVER = "server"
    CLIENT = "client"
    ANSWER = "answer"


@dataclass(frozen=True)
class Exchange:
    """One conversation: the key, and the challenges of both ends."""

    key: bytes
    client: str
    server: str

    def proof(self, sender: Sender, body: str = "") -> str:
        """Return the proof for what `sender` says."""
        said = "\n".join(("moodbox-room-1", sender, self.client, self.server, body))
        return hmac.new(self.key, said.encode(), hashlib.sha256).hexdigest()

    def accepts(self, proof: str, sender: Sender, body: str = "") -> bool:
        """Tell whether this proof is right, in a time that says nothing about it."""
        return hmac.compare_digest(proof.encode(), self.proof(sender, body).encode())


def new_challenge() -> str:
    """Return 128 random bits."""
    return secrets.token_hex(16)


def is_challenge(text: str) -> bool:
    """Tell whether this may be the other end's challenge."""
    return re.fullmatch(r"[0-9a-f]{32}", text) is not None


def read_key(path: Path) -> bytes:
    """Read the key.

    Raises:
        RoomError: It is missing, too short, or everybody on this machine may read or change it.
    """
    try:
        content, status = read_with_status(path, MAX_KEY_BYTES)
    except OSError as error:
        hint = "use sudo" if isinstance(error, PermissionError) else "docs/rooms.md says where it comes from"
        raise RoomError(f"{path}: the key cannot be read: {error.strerror}; {hint}") from error
    if status.st_mode & stat.S_IRWXO:
        raise RoomError(f"{path}: everybody on this machine may read or change it: sudo chmod 600 {path}")
    key = content.strip()
    if len(key) < MIN_KEY_CHARACTERS:
        raise RoomError(
            f"{path}: expected {MIN_KEY_CHARACTERS} characters or more, found {len(key)}; for one: {MAKE_KEY}"
        )
    return key
