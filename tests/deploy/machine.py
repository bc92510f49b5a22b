"""A container without network, with real systemd and sshd, which deploy.sh reaches over SSH."""

from __future__ import annotations

import functools
import importlib
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from types import ModuleType

import pytest

from tests import waiting
from tests.host import Host

REPOSITORY = Path(__file__).resolve().parent.parent.parent
LINKED = (".venv", ".deploy")  # all tests share the environment and the downloaded packages
REBOOT = 133  # nspawn's exit code when the machine reboots and nspawn runs with --keep-unit
DROP_INS = "etc/systemd/system/moodbox.service.d"


def eventually(happened: Callable[[], object], seconds: float) -> None:
    """Fail if `happened` does not become true in time. Each try is slow, since it uses SSH."""
    waiting.eventually(happened, seconds, pause=0.3)


class Machine(Host):
    """A copy in `folder` of the Debian that `script/machine` made."""

    def __init__(self, folder: Path, suite: str) -> None:
        super().__init__(folder, suite)
        self.root = folder / "root"
        self._nspawn: subprocess.Popen[bytes] | None = None
        template = REPOSITORY / ".machine" / suite
        subprocess.run(["cp", "-a", "--reflink=auto", template, self.root], check=True)
        key = folder / "key"
        subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", key], check=True)
        for user in ("pi", "guest"):
            self.allow(user, (folder / "key.pub").read_text())

    def allow(self, user: str, line: str) -> None:
        """Write the line to the user's authorized_keys."""
        home = self.root / "home" / user
        file = home / ".ssh" / "authorized_keys"
        file.parent.mkdir(mode=0o700, exist_ok=True)
        file.write_text(line)
        owner = home.stat()
        for path in (file, file.parent):
            os.chown(path, owner.st_uid, owner.st_gid)

    def boot(self) -> None:
        """Start the container, and wait until it is up."""
        with (self.folder / "console").open("ab") as console:
            self._nspawn = subprocess.Popen(
                ["systemd-nspawn", "--directory", self.root, "--boot", "--register=no", "--keep-unit",
                 "--private-network", "--link-journal=no", "--machine=box", "--console=pipe"],
                stdin=subprocess.DEVNULL,
                stdout=console,
                stderr=console,
                env=os.environ | {"SYSTEMD_NSPAWN_UNIFIED_HIERARCHY": "1"},
                start_new_session=True,
            )  # fmt: skip
        (self.folder / "ssh_config").write_text(
            f"Host box other\n User pi\n IdentityFile {self.folder / 'key'}\n StrictHostKeyChecking no\n"
            " UserKnownHostsFile /dev/null\n LogLevel ERROR\n"
            f" ProxyCommand nsenter --target $(cut -d' ' -f1 {self._children()}) --net nc 127.0.0.1 22\n"
        )
        self.wait_until_up()

    def _children(self) -> Path:
        assert self._nspawn
        return Path(f"/proc/{self._nspawn.pid}/task/{self._nspawn.pid}/children")

    def stop(self) -> None:
        """Kill the container, as a power cut would."""
        if self._nspawn:
            # Killing the container's first process ends all others; killing nspawn alone leaves them running.
            for leader in self._children().read_text().split():
                os.kill(int(leader), signal.SIGKILL)
            self._nspawn.kill()
            self._nspawn.wait(30)
            self._nspawn = None
            time.sleep(0.5)  # the kernel ends the container's other processes

    def wait_until_off(self, seconds: float = 60) -> None:
        """Wait until it has shut down by itself, with exit code 0."""
        assert self._nspawn
        assert self._nspawn.wait(seconds) == 0
        self._nspawn = None

    def reboot(self) -> None:
        """Reboot it in good order, and wait until it is up again.

        The reboot begins when the command has ended: an SSH connection that it cuts may hang for minutes.
        """
        self.run("sudo systemd-run --quiet --on-active=1 --timer-property=AccuracySec=0.1 systemctl reboot")
        assert self._nspawn
        assert self._nspawn.wait(self.boot_timeout_s) == REBOOT
        self._nspawn = None
        self.boot()

    def remove(self) -> None:
        """Stop the container, and delete its folder."""
        self.stop()
        # Its last processes may still write while they end.
        eventually(lambda: subprocess.run(["rm", "-rf", self.folder], check=False).returncode == 0, 30)


def release(*words: str | Path, root: Path = REPOSITORY) -> str:
    """Run release.py of a copy of the repository, and return its output."""
    done = subprocess.run(
        [sys.executable, root / "deploy" / "release.py", *words], capture_output=True, text=True, check=True
    )
    return done.stdout


@functools.cache
def release_module() -> ModuleType:
    """Return release.py of the repository, to ask it without a program what a test only needs."""
    with pytest.MonkeyPatch.context() as patched:
        patched.syspath_prepend(REPOSITORY / "deploy")
        return importlib.import_module("release")


@functools.cache
def lock_for(python: str, machine: str) -> str:
    """Return the lock file for a box."""
    return str(release_module().lock_for(python, machine))


def environment_of(python: str) -> str:
    """Return the name of the environment that this release needs on a box."""
    return str(release_module().environment_name(REPOSITORY, python))


class Source:
    """A copy of the files that deploy.sh needs, which a test can change."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        folder.mkdir()
        (REPOSITORY / ".deploy").mkdir(exist_ok=True)
        for name in LINKED:
            (folder / name).symlink_to(REPOSITORY / name)
        for path in release_module().files(REPOSITORY):
            copy = folder / path.relative_to(REPOSITORY)
            copy.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(path, copy)

    def keep_wheels(self, *boxes: tuple[str, str]) -> None:
        """Have wheels of its own: those for boxes with this Python and machine, as if downloaded before."""
        (self.folder / ".deploy").unlink()  # the link to the wheels that all tests share
        for python, machine in boxes:
            wheels = self.folder / f".deploy/wheels-{python}-{machine}"
            wheels.mkdir(parents=True)
            (wheels / f"for-{python}.whl").write_bytes(b"a package")
            (wheels / "lock.txt").write_text(lock_for(python, machine))

    def change(self, file: str, old: str, new: str) -> None:
        """Replace the first occurrence of `old`, which must exist."""
        path = self.folder / file
        content = path.read_text()
        assert old in content, f"{file} does not contain {old!r}"
        path.write_text(content.replace(old, new, 1))

    def set_version(self, version: str) -> None:
        """Give the release a version that starts with `version` and was never used before."""
        self.change("device/__init__.py", '__version__ = "', f'__version__ = "{version}{time.time_ns()}+')

    def ask_for_other_packages(self) -> None:
        """Change the lock file, so that the release needs a virtual environment of its own."""
        with (self.folder / "lock/device.txt").open("a") as lock:
            lock.write(f"# {time.time_ns()}\n")

    def start(self, machine: Host, *words: str, signed_by: Path | None = None) -> subprocess.Popen[str]:
        """Start deploy.sh; with a key, it signs the release."""
        return subprocess.Popen(
            [self.folder / "deploy" / "deploy.sh", *words],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            env=os.environ
            | {"MOODBOX_SSH": machine.ssh, "MOODBOX_PATIENCE": machine.time_factor}
            | {"MOODBOX_SIGNING_KEY": str(signed_by or "")},
            start_new_session=True,
        )

    def deploy(self, machine: Host, *words: str, code: int = 0, signed_by: Path | None = None) -> str:
        """Run deploy.sh, check its exit code, and return its output."""
        words = words or ("box",)
        process = self.start(machine, *words, signed_by=signed_by)
        output, _ = process.communicate(timeout=machine.deploy_timeout_s)
        print(f"$ deploy/deploy.sh {' '.join(words)}\n{output}")
        assert process.returncode == code, output
        return output
