"""Releases: each has its own folder in /opt/moodbox/releases, and one link names the release that runs.

A release is proven, and has a file .proven, once it has passed its health check. If a deploy is cut off, the
next deploy deletes what is not proven and starts over.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

from common import CURRENT, RELEASES, ROOT, UNHEALTHY, DeployError, delete, report, run

KEPT_RELEASES = 3


def current() -> str | None:
    """Return the name of the release that starts at boot."""
    return CURRENT.readlink().name if CURRENT.is_symlink() and CURRENT.exists() else None


def proven() -> list[str]:
    """Return the names of the proven releases, the newest first."""
    marks = sorted(RELEASES.glob("*/.proven"), key=lambda mark: mark.stat().st_mtime_ns, reverse=True)
    return [mark.parent.name for mark in marks]


def link_to(name: str) -> None:
    """Point the link at a release, atomically: a power cut leaves the old link or the new one."""
    new = ROOT / ".current.new"
    new.unlink(missing_ok=True)
    new.symlink_to(Path("releases") / name)
    new.replace(CURRENT)


def delete_unproven(keep: Path | None = None) -> None:
    """Delete what earlier deploys left when they were cut off, except the folder `keep`."""
    for path in (*ROOT.glob("incoming.*"), *RELEASES.glob("*")):
        if path != keep and path.name != current() and not (path / ".proven").exists():
            delete(path)


def delete_oldest() -> None:
    """Keep the current release and the newest others, three in all."""
    for name in [name for name in proven() if name != current()][KEPT_RELEASES - 1 :]:
        # First the mark: if the deletion is cut off, no rollback finds half a release.
        (RELEASES / name / ".proven").unlink()
        delete(RELEASES / name)


def create(incoming: Path, name: str) -> Path:
    """Create a release from what deploy.sh sent, with a virtual environment, and return its folder.

    The files move first: a virtual environment cannot be moved.

    Raises:
        DeployError: If pip cannot install the packages.
    """
    release = RELEASES / name
    RELEASES.mkdir(exist_ok=True)
    incoming.chmod(0o755)
    incoming.rename(release)
    venv = release / "venv"
    report("installing its packages into a virtual environment")
    try:
        run(sys.executable, "-m", "venv", "--system-site-packages", venv)
        run(venv / "bin/python", "-m", "pip", "install", "--quiet", "--no-index", "--no-input",
            "--disable-pip-version-check", "--find-links", release / "wheels", "--only-binary=:all:",
            "--require-hashes", "-r", release / "lock/device.txt")  # fmt: skip
    except subprocess.CalledProcessError as error:
        last = (error.stderr or error.stdout).strip().splitlines()[-1:]
        raise DeployError(UNHEALTHY, f"the packages cannot be installed: {' '.join(last)}") from error
    shutil.rmtree(release / "wheels")
    packages = run(venv / "bin/python", "-c", "import sysconfig; print(sysconfig.get_path('purelib'))")
    (Path(packages.stdout.strip()) / "moodbox.pth").write_text(f"{release}\n")
    command = venv / "bin/moodbox"
    command.write_text(
        f"#!{venv}/bin/python\nimport sys\n\nfrom device.cli.main import main\n\nsys.exit(main())\n"
    )
    command.chmod(0o755)
    run(venv / "bin/python", "-m", "compileall", "-q", release / "device")  # the daemon cannot write there
    os.sync()
    return release
