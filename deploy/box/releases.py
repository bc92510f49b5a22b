"""Releases: each in a folder of its own under /opt/moodbox/releases, and one link to the one that runs.

A release counts as proven, and has a file .proven, once systemd and the box itself have called it well.
Whatever cuts a deploy off, the next one clears away what is not proven, and begins anew.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

from common import CURRENT, RELEASES, ROOT, UNWELL, DeployError, run, say, take_away

KEPT = 3


def current() -> str | None:
    """The release that starts with the box."""
    return CURRENT.readlink().name if CURRENT.is_symlink() and CURRENT.exists() else None


def proven() -> list[str]:
    """The newest first."""
    marks = sorted(RELEASES.glob("*/.proven"), key=lambda mark: mark.stat().st_mtime_ns, reverse=True)
    return [mark.parent.name for mark in marks]


def link_to(name: str) -> None:
    """In one step: there is no moment without a release, or with half of one."""
    new = ROOT / ".current.new"
    new.unlink(missing_ok=True)
    new.symlink_to(Path("releases") / name)
    new.replace(CURRENT)


def clear_away(but: Path | None = None) -> None:
    """What an earlier deploy left when it was cut off."""
    for left in (*ROOT.glob("incoming.*"), *RELEASES.glob("*")):
        if left != but and left.name != current() and not (left / ".proven").exists():
            take_away(left)


def keep_some() -> None:
    for name in [name for name in proven() if name != current()][KEPT - 1 :]:
        (RELEASES / name / ".proven").unlink()  # from here on it is nothing that one could go back to
        take_away(RELEASES / name)


def make(incoming: Path, name: str) -> Path:
    """A release with its virtual environment, made where it will stay: such a thing cannot be moved."""
    release = RELEASES / name
    RELEASES.mkdir(exist_ok=True)
    incoming.chmod(0o755)
    incoming.rename(release)
    venv = release / "venv"
    say("making its virtual environment, with the packages that came along")
    try:
        run(sys.executable, "-m", "venv", "--system-site-packages", venv)
        run(venv / "bin/python", "-m", "pip", "install", "--quiet", "--no-index", "--no-input",
            "--disable-pip-version-check", "--find-links", release / "wheels", "--only-binary=:all:",
            "--require-hashes", "-r", release / "lock/device.txt")  # fmt: skip
    except subprocess.CalledProcessError as error:
        last = (error.stderr or error.stdout).strip().splitlines()[-1:]
        raise DeployError(UNWELL, f"its packages cannot be installed: {' '.join(last)}") from error
    shutil.rmtree(release / "wheels")
    packages = run(venv / "bin/python", "-c", "import sysconfig; print(sysconfig.get_path('purelib'))")
    (Path(packages.stdout.strip()) / "moodbox.pth").write_text(f"{release}\n")
    command = venv / "bin/moodbox"
    command.write_text(
        f"#!{venv}/bin/python\nimport sys\n\nfrom device.cli import main\n\nsys.exit(main())\n"
    )
    command.chmod(0o755)
    run(venv / "bin/python", "-m", "compileall", "-q", release / "device")  # the box may not write there
    os.sync()
    return release
