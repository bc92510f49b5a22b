"""What the other files here share: where things lie, and how to say, run and fail."""

from __future__ import annotations

import contextlib
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

WRONG_CALL, NO_SPACE, APT, UNWELL, BUSY, NOTHING = 2, 5, 6, 8, 9, 10
"""Exit codes; deploy.sh has the others."""


class DeployError(Exception):
    def __init__(self, code: int, message: str) -> None:
        super().__init__(message)
        self.code = code


def say(text: str) -> None:
    with contextlib.suppress(OSError):  # whoever asked may be gone; what was begun is brought to its end
        print(text, flush=True)


def run(*words: str | Path, check: bool = True, **options: Any) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [str(word) for word in words],
        check=check,
        text=True,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        **options,
    )


def take_away(path: Path) -> None:
    """Whatever it is; of a link nothing but the link."""
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path)
    else:
        path.unlink(missing_ok=True)


def put(source: Path, target: Path) -> None:
    """As a whole or not at all."""
    target.parent.mkdir(parents=True, exist_ok=True)
    new = target.with_name(f".{target.name}.new")
    shutil.copyfile(source, new)
    new.chmod(0o644)
    new.replace(target)
