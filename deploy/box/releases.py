"""Releases: each has its own folder in /opt/moodbox/releases, and one link names the release that runs.

A release is proven, and has a file .proven, once it has passed its health check. If a deploy is cut off, the
next deploy deletes what is not proven and starts over.
"""

from __future__ import annotations

import fcntl
import os
import re
from pathlib import Path

import environments
from common import CURRENT, LOST, RELEASES, ROOT, DeployError, delete, run
from release_files import digest

KEPT_RELEASES = 3
PACKAGES = ("device", "window", "home")


def current() -> str | None:
    """Return the name of the release that starts at boot."""
    return CURRENT.readlink().name if CURRENT.is_symlink() and CURRENT.exists() else None


def proven() -> list[str]:
    """Return the names of the proven releases, the newest first."""
    return [mark.parent.name for mark in sorted(RELEASES.glob("*/.proven"), key=_place, reverse=True)]


def prove(name: str) -> None:
    """Mark a release as proven, and as the newest."""
    mark, new = RELEASES / name / ".proven", RELEASES / name / ".proven.new"
    number = 1 + max((_place(other)[0] for other in RELEASES.glob("*/.proven")), default=0)
    new.write_text(f"{number}\n")
    new.replace(mark)


def _place(mark: Path) -> tuple[int, int]:
    """The order of the marks: by their number, since a Pi's clock may be wrong. Older versions wrote none."""
    found = re.fullmatch(r"([0-9]{1,9})\n", mark.read_text())
    return int(found[1]) if found else 0, mark.stat().st_mtime_ns


def link_to(name: str) -> None:
    """Point the link at a release, atomically: a power cut leaves the old link or the new one."""
    new = ROOT / ".current.new"
    new.unlink(missing_ok=True)
    new.symlink_to(Path("releases") / name)
    new.replace(CURRENT)


def delete_unproven(keep: Path | None = None) -> None:
    """Delete what earlier deploys left when they were cut off, except the folder `keep`."""
    _delete_unproven_releases()
    for path in ROOT.glob("incoming.*"):
        if path != keep and not _is_arriving(path):
            delete(path)


def _delete_unproven_releases() -> None:
    for path in RELEASES.glob("*"):
        if path.name != current() and not (path / ".proven").exists():
            delete(path)


def clean() -> None:
    """Delete all that cut-off and failed deploys have left, also packages that no release uses."""
    delete_unproven()
    environments.delete_unused()


def _is_arriving(incoming: Path) -> bool:
    """Whether another deploy.sh still sends its release there, and so holds a lock on it."""
    if incoming.is_symlink() or not incoming.is_dir():
        return False  # it is none of deploy.sh's
    folder = os.open(incoming, os.O_RDONLY)
    try:
        fcntl.flock(folder, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    finally:
        os.close(folder)
    return False


def delete_oldest() -> None:
    """Keep the current release and the newest others, three in all."""
    for name in [name for name in proven() if name != current()][KEPT_RELEASES - 1 :]:
        # First the mark: if the deletion is cut off, no rollback finds half a release.
        (RELEASES / name / ".proven").unlink()
        delete(RELEASES / name)
    _delete_unproven_releases()  # one that was the current release when its deploy was cut off
    environments.delete_unused()


def create(incoming: Path, name: str) -> Path:
    """Create a release from what deploy.sh sent, with its virtual environment, and return its folder.

    The files move first: a virtual environment cannot be moved.

    Raises:
        DeployError: If the files are not those of the name, or pip cannot install the packages.
    """
    if digest(incoming) != name.rpartition("-")[2]:
        delete(incoming)
        raise DeployError(LOST, f"what has arrived is not {name}: it was damaged on the way; try again")
    release = RELEASES / name
    RELEASES.mkdir(exist_ok=True)
    incoming.chmod(0o755)
    incoming.rename(release)
    environments.provide(release)
    venv = release / "venv"
    command = venv / "bin/moodbox"
    command.write_text(
        f"#!{venv}/bin/python\nimport sys\n\nfrom device.cli.main import main\n\nsys.exit(main())\n"
    )
    command.chmod(0o755)
    run(
        venv / "bin/python",
        "-m",
        "compileall",
        "-q",
        *(release / each for each in PACKAGES),
    )  # the daemon cannot write there
    os.sync()
    return release
