"""The packages of releases: those with the same lock file share one virtual environment.

It is in /opt/moodbox/environments, and has a file .complete once all its packages are there. A release has a
link to it, and a small virtual environment of its own that adds its files to these packages.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

from common import LOST, NO_SPACE, RELEASES, ROOT, UNHEALTHY, DeployError, delete, is_full, report, run
from release_files import environment_name

ENVIRONMENTS = ROOT / "environments"
LINK = "environment"


def provide(release: Path) -> None:
    """Give a release the environment that its lock file asks for; a new one is made of the wheels that came.

    Raises:
        DeployError: If the packages cannot be installed, or are neither here nor among what was sent.
    """
    name = environment_name(release, f"{sys.version_info.major}.{sys.version_info.minor}")
    (release / LINK).symlink_to(Path("../../environments") / name)
    delete_unused()
    environment, wheels = ENVIRONMENTS / name, release / "wheels"
    if not (environment / ".complete").exists():
        if not wheels.is_dir():
            raise DeployError(LOST, f"the packages {name} are not here any more: try again, to send them")
        delete(environment)
        environment.parent.mkdir(exist_ok=True)
        _install(environment, wheels, release / "lock/device.txt")
    shutil.rmtree(wheels, ignore_errors=True)
    _add_to(release, environment)


def delete_unused() -> None:
    """Delete the environments that no release has a link to."""
    used = {link.readlink().name for link in RELEASES.glob(f"*/{LINK}") if link.is_symlink()}
    for path in ENVIRONMENTS.glob("*"):
        if path.name not in used:
            if path.is_dir() and not path.is_symlink():
                # First the mark: if the deletion is cut off, no release gets half an environment.
                (path / ".complete").unlink(missing_ok=True)
            delete(path)


def _install(environment: Path, wheels: Path, lock: Path) -> None:
    report("installing its packages into a virtual environment")
    try:
        run(sys.executable, "-m", "venv", "--system-site-packages", environment)
        run(environment / "bin/python", "-m", "pip", "install", "--quiet", "--no-index", "--no-input",
            "--disable-pip-version-check", "--find-links", wheels, "--only-binary=:all:",
            "--require-hashes", "-r", lock)  # fmt: skip
    except BaseException as error:
        shutil.rmtree(environment, ignore_errors=True)
        if not isinstance(error, subprocess.CalledProcessError):
            raise
        said = error.stderr or error.stdout
        last = " ".join(said.strip().splitlines()[-1:])
        code = NO_SPACE if is_full(said) else UNHEALTHY
        raise DeployError(code, f"the packages cannot be installed: {last}") from error
    os.sync()
    (environment / ".complete").touch()


def _add_to(release: Path, environment: Path) -> None:
    """Make the release's own environment: its files, then the packages, then Debian's."""
    venv = release / "venv"
    run(sys.executable, "-m", "venv", "--system-site-packages", "--without-pip", venv)
    (_packages(venv) / "moodbox.pth").write_text(f"{release}\n{_packages(environment)}\n")


def _packages(environment: Path) -> Path:
    script = "import sysconfig; print(sysconfig.get_path('purelib'))"
    return Path(run(environment / "bin/python", "-c", script).stdout.strip())
