"""A machine with real systemd and sshd, in a container without network; deploy.sh reaches it over SSH."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import time
from collections.abc import Callable
from pathlib import Path

from tests import waiting
from tests.host import Host

REPOSITORY = Path(__file__).resolve().parent.parent.parent
SENT = ("deploy", "device", "systemd", "lock", "README.md", "LICENSE", "NOTICE", ".venv", ".deploy")
REBOOT = 133  # nspawn's exit code for a machine that is to be started again by who started it (--keep-unit)
DROP_INS = "etc/systemd/system/moodbox.service.d"


def eventually(happened: Callable[[], object], seconds: float) -> None:
    waiting.eventually(happened, seconds, pause=0.3)  # asking over SSH is slow, and heavy


class Machine(Host):
    """Debian, as `script/machine` made it; what happens to this copy of it stays in `folder`."""

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
        """Lets in whoever has the key, by sshd's authorized_keys."""
        home = self.root / "home" / user
        file = home / ".ssh" / "authorized_keys"
        file.parent.mkdir(mode=0o700, exist_ok=True)
        file.write_text(line)
        owner = home.stat()
        for path in (file, file.parent):
            os.chown(path, owner.st_uid, owner.st_gid)

    def boot(self) -> None:
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
        if self._nspawn:
            # The machine's first process: with it all others end; nspawn's own death leaves them running.
            for leader in self._children().read_text().split():
                os.kill(int(leader), signal.SIGKILL)
            self._nspawn.kill()
            self._nspawn.wait(30)
            self._nspawn = None
            time.sleep(0.5)  # the kernel ends what was in it

    def wait_until_off(self, seconds: float = 60) -> None:
        """Until it has shut down in good order, of its own accord."""
        assert self._nspawn
        assert self._nspawn.wait(seconds) == 0
        self._nspawn = None

    def reboot(self) -> None:
        """As a person would, by `sudo reboot`; returns when it is up again."""
        assert self._nspawn
        # It may end, or hang, when the network goes.
        asking = subprocess.Popen(
            [*self.ssh.split(), "pi@box", "sudo systemctl reboot"], stdin=subprocess.DEVNULL
        )
        try:
            assert self._nspawn.wait(self.answers_within) == REBOOT
        finally:
            asking.kill()
            asking.wait()
        self._nspawn = None
        self.boot()

    def remove(self) -> None:
        self.stop()
        # The last of its processes may still be ending, and write meanwhile.
        eventually(lambda: subprocess.run(["rm", "-rf", self.folder], check=False).returncode == 0, 30)


class Source:
    """A copy of this repository, as far as deploy.sh wants it, that a test may change."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        folder.mkdir()
        (REPOSITORY / ".deploy").mkdir(exist_ok=True)  # the downloaded packages are the same for all
        for name in SENT:
            path = REPOSITORY / name
            if name.startswith("."):
                (folder / name).symlink_to(path)
            elif path.is_dir():
                shutil.copytree(path, folder / name, ignore=shutil.ignore_patterns("__pycache__"))
            else:
                shutil.copy(path, folder / name)
        (folder / "models").mkdir()
        for model in (REPOSITORY / "models").glob("mood?.*"):
            shutil.copy(model, folder / "models")

    def change(self, file: str, old: str, new: str) -> None:
        path = self.folder / file
        content = path.read_text()
        assert old in content, f"{file} has no {old!r} any more"
        path.write_text(content.replace(old, new, 1))

    def number(self, version: str) -> None:
        """Makes it a release that there was never before."""
        self.change("device/__init__.py", '__version__ = "', f'__version__ = "{version}{time.time_ns()}+')

    def start(self, machine: Host, *words: str) -> subprocess.Popen[str]:
        return subprocess.Popen(
            [self.folder / "deploy" / "deploy.sh", *words],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            env=os.environ | {"MOODBOX_SSH": machine.ssh, "MOODBOX_PATIENCE": machine.patience},
            start_new_session=True,
        )

    def deploy(self, machine: Host, *words: str, code: int = 0) -> str:
        """What deploy.sh prints."""
        words = words or ("box",)
        process = self.start(machine, *words)
        said, _ = process.communicate(timeout=machine.deployed_within)
        print(f"$ deploy/deploy.sh {' '.join(words)}\n{said}")
        assert process.returncode == code, said
        return said
