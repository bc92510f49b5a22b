"""A test machine that is reached over SSH, a container or an emulated Pi, and the box on it."""

from __future__ import annotations

import contextlib
import json
import subprocess
import time
from abc import ABC, abstractmethod
from pathlib import Path
from typing import Any


class Host(ABC):
    """A machine whose files are in `folder`; its `ssh_config` names it `box`."""

    boot_timeout_s = 60.0
    command_timeout_s = 120.0
    deploy_timeout_s = 400.0
    time_factor = "1"
    """MOODBOX_PATIENCE of its deploys."""

    def __init__(self, folder: Path, suite: str) -> None:
        self.folder = folder
        self.suite = suite

    @abstractmethod
    def boot(self) -> None:
        """Start the machine, and wait until it is up."""

    @abstractmethod
    def stop(self) -> None:
        """Stop the machine at once, as a power cut would."""

    @abstractmethod
    def remove(self) -> None:
        """Stop the machine, and delete its files."""

    @property
    def ssh(self) -> str:
        """The ssh command that reaches the machine."""
        return f"ssh -F {self.folder / 'ssh_config'}"

    def run(self, command: str, user: str = "pi", check: bool = True, stdin: bytes | None = None) -> str:
        """Run a shell command there, and return its output. Fail if `check` is set and the command fails."""
        done = self.try_run(command, user, stdin)
        output = done.stdout.decode()
        assert done.returncode == 0 or not check, f"{command}: {done.stderr.decode()}{output}"
        return output

    def try_run(
        self, command: str, user: str = "pi", stdin: bytes | None = None
    ) -> subprocess.CompletedProcess[bytes]:
        """Run a shell command there, whether it succeeds or not."""
        return subprocess.run(
            [*self.ssh.split(), f"{user}@box", command],
            check=False, capture_output=True, input=stdin or b"", timeout=self.command_timeout_s,
        )  # fmt: skip

    def wait_until_up(self, *, degraded: bool = False) -> None:
        """Wait until systemd has started everything. With `degraded`, a unit may have failed."""
        up = ("running", "degraded") if degraded else ("running",)
        end = time.monotonic() + self.boot_timeout_s
        while (state := self.run("systemctl is-system-running", check=False).strip()) not in up:
            assert time.monotonic() < end, f"the machine does not come up: {state}"
            time.sleep(0.2)

    def state(self) -> str:
        """Return the unit's state, such as "active" or "failed"."""
        return self.run("systemctl is-active moodbox", check=False).strip()

    def deploy_has_ended(self) -> bool:
        """Tell whether no deploy holds the lock."""
        return "free" in self.run("sudo flock --nonblock /opt/moodbox/.lock echo free", check=False)

    def release(self) -> str:
        """Return the name of the current release, or an empty string."""
        return self.run("basename $(readlink /opt/moodbox/current)", check=False).strip()

    def proven(self) -> set[str]:
        """Return the names of the proven releases."""
        return set(self.run("cd /opt/moodbox/releases && ls -d */.proven").replace("/.proven", "").split())

    def main_pid(self) -> int:
        """Return the process id of the box, 0 if it does not run."""
        return int(self.run("systemctl show moodbox --property=MainPID --value"))

    def status(self) -> dict[str, Any]:
        """Return `moodbox status --json`, empty if the box does not answer."""
        with contextlib.suppress(ValueError):
            answer: dict[str, Any] = json.loads(self.run("sudo moodbox status --json", check=False))
            return answer
        return {}
