"""Paths, exit codes and helpers that all modules in this folder share."""

from __future__ import annotations

import contextlib
import errno
import os
import re
import shutil
import subprocess
from pathlib import Path
from typing import Any

ROOT = Path("/opt/moodbox")
RELEASES = ROOT / "releases"
CURRENT = ROOT / "current"
UNITS = Path("/etc/systemd/system")
SETTINGS = Path("/etc/moodbox/moodbox.toml")
STATE = Path("/var/lib/moodbox")
GROUP = "moodbox"

WRONG_CALL, LOST, UNSUITABLE, NO_SPACE, APT, UNHEALTHY, BUSY, NOTHING, UNTRUSTED = 2, 3, 4, 5, 6, 8, 9, 10, 11
"""Exit codes; deploy.sh defines the others."""

HEALTH_CHECK_TIMEOUT_S = 90


class DeployError(Exception):
    """A failure that ends the deploy, with its exit code and a message of one line."""

    def __init__(self, code: int, message: str) -> None:
        super().__init__(message)
        self.code = code


def health_check_timeout_s() -> float:
    """Return 90 seconds times the environment variable MOODBOX_PATIENCE.

    Raises:
        DeployError: If MOODBOX_PATIENCE is not a number from 1 to 99.
    """
    factor = os.environ.get("MOODBOX_PATIENCE") or "1"
    if not re.fullmatch(r"[1-9][0-9]?(\.[0-9]+)?", factor, re.ASCII):
        raise DeployError(WRONG_CALL, f"MOODBOX_PATIENCE is {factor!r}: expected a number from 1 to 99")
    return HEALTH_CHECK_TIMEOUT_S * float(factor)


def report(text: str) -> None:
    """Print a line for deploy.sh, which may have lost its connection."""
    with contextlib.suppress(OSError):  # the deploy continues without a reader
        print(text, flush=True)


def run(*words: str | Path, check: bool = True, **options: Any) -> subprocess.CompletedProcess[str]:
    """Run a command with its output captured as text.

    Raises:
        subprocess.CalledProcessError: If `check` is set and the command fails.
    """
    return subprocess.run(
        [str(word) for word in words],
        check=check,
        text=True,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        **options,
    )


def is_full(output: str) -> bool:
    """Tell whether a program has failed because the disk is full."""
    return os.strerror(errno.ENOSPC) in output


def delete(path: Path) -> None:
    """Delete a file, a folder with its content, or a link without its target."""
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path)
    else:
        path.unlink(missing_ok=True)


def install_file(source: Path, target: Path, *, mode: int = 0o644, group: int = -1) -> None:
    """Copy a file atomically; by default everybody may read it. A group of -1 is this process's."""
    write_file(source.read_bytes(), target, mode=mode, group=group)


def write_file(content: bytes, target: Path, *, mode: int = 0o644, group: int = -1) -> None:
    """Write a file as `install_file` does."""
    target.parent.mkdir(parents=True, exist_ok=True)
    new = target.with_name(f".{target.name}.new")
    new.unlink(missing_ok=True)
    new.write_bytes(content)
    os.chown(new, -1, group)
    new.chmod(mode)
    new.replace(target)
