"""The files of a release, and their digest, which is part of its name: on the workstation and on the box."""

from __future__ import annotations

import hashlib
from pathlib import Path

PATTERNS = (
    "device/**/*",
    "window/**/*",
    "models/mood*.tflite",
    "models/mood?.json",
    "models/song_affect.json",
    "deploy/**/*",
    "systemd/*",
)
FILES = ("lock/device.txt", "README.md", "LICENSE", "NOTICE")
DIGEST_LENGTH = 12


def files(root: Path) -> list[Path]:
    """Return the files of a release below `root`, in a fixed order. One that is missing is left out."""
    found = {path for pattern in PATTERNS for path in root.glob(pattern)} | {root / name for name in FILES}
    return sorted(path for path in found if path.is_file() and "__pycache__" not in path.parts)


def digest(root: Path) -> str:
    """Return a digest that changes if the name or the content of any file changes."""
    found = hashlib.sha256()
    for path in files(root):
        content = path.read_bytes()
        found.update(f"{path.relative_to(root)} {len(content)}\n".encode() + content)
    return found.hexdigest()[:DIGEST_LENGTH]
