"""The files of a release, and the names of it and of its environment: on the workstation and on the box."""

from __future__ import annotations

import hashlib
from pathlib import Path

PATTERNS = (
    "device/**/*",
    "window/**/*",
    "room/**/*",
    "home/**/*",
    "models/mood*.tflite",
    "models/mood?.json",
    "models/song_affect.json",
    "deploy/**/*",
    "systemd/*",
)
FILES = ("lock/device.txt", "README.md", "LICENSE", "NOTICE")
DIGEST_LENGTH = 12
MANIFEST, SIGNATURE = "manifest", "manifest.sig"
"""Files that only a signed release has: what is signed, and the signature."""


def environment_name(root: Path, python: str) -> str:
    """Return a name that changes if the Python, such as "3.13", or the lock file changes."""
    locked = hashlib.sha256((root / "lock/device.txt").read_bytes()).hexdigest()
    return f"py{python.replace('.', '')}-{locked[:DIGEST_LENGTH]}"


def files(root: Path) -> list[Path]:
    """Return the files of a release below `root`, in a fixed order. One that is missing is left out."""
    found = {path for pattern in PATTERNS for path in root.glob(pattern)} | {root / name for name in FILES}
    left_out = root / "deploy/fleet"  # for the workstation, and its owner may have an inventory there
    return sorted(
        path
        for path in found
        if path.is_file() and "__pycache__" not in path.parts and not path.is_relative_to(left_out)
    )


def manifest(root: Path) -> bytes:
    """Return a line for each file of a release, with its SHA-256, as `sha256sum` prints it."""
    found = {path.relative_to(root): hashlib.sha256(path.read_bytes()).hexdigest() for path in files(root)}
    return "".join(f"{digest}  {path}\n" for path, digest in found.items()).encode()


def digest(root: Path) -> str:
    """Return a digest that changes if the name or the content of any file changes."""
    found = hashlib.sha256()
    for path in files(root):
        content = path.read_bytes()
        found.update(f"{path.relative_to(root)} {len(content)}\n".encode() + content)
    return found.hexdigest()[:DIGEST_LENGTH]
