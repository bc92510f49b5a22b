"""A machine that is reached over SSH, and the box on it: a container, or an emulated Pi."""

from __future__ import annotations

import contextlib
import json
import subprocess
import time
from abc import ABC, abstractmethod
from pathlib import Path
from typing import Any


class Host(ABC):
    """What belongs to this machine alone lies in `folder`, `ssh_config` with it: there it is called `box`."""

    up_within = 60.0
    answers_within = 120.0
    deployed_within = 400.0
    patience = "1"

    def __init__(self, folder: Path, suite: str) -> None:
        self.folder = folder
        self.suite = suite

    @abstractmethod
    def boot(self) -> None:
        """Returns when it is up."""

    @abstractmethod
    def stop(self) -> None:
        """As if its plug were drawn."""

    @abstractmethod
    def remove(self) -> None:
        """Leaves nothing of it."""

    @property
    def ssh(self) -> str:
        return f"ssh -F {self.folder / 'ssh_config'}"

    def run(self, command: str, user: str = "pi", check: bool = True, stdin: bytes | None = None) -> str:
        """What the command prints there."""
        done = self.ask(command, user, stdin)
        said = done.stdout.decode()
        assert done.returncode == 0 or not check, f"{command}: {done.stderr.decode()}{said}"
        return said

    def ask(
        self, command: str, user: str = "pi", stdin: bytes | None = None
    ) -> subprocess.CompletedProcess[bytes]:
        return subprocess.run(
            [*self.ssh.split(), f"{user}@box", command],
            check=False, capture_output=True, input=stdin or b"", timeout=self.answers_within,
        )  # fmt: skip

    def wait_until_up(self, *, degraded: bool = False) -> None:
        """degraded: a unit of the system may have failed."""
        up = ("running", "degraded") if degraded else ("running",)
        end = time.monotonic() + self.up_within
        while (state := self.run("systemctl is-system-running", check=False).strip()) not in up:
            assert time.monotonic() < end, f"the machine does not come up: {state}"
            time.sleep(0.2)

    # moodbox there

    def state(self) -> str:
        return self.run("systemctl is-active moodbox", check=False).strip()

    def nobody_at_work(self) -> bool:
        return "free" in self.run("sudo flock --nonblock /opt/moodbox/.lock echo free", check=False)

    def release(self) -> str:
        return self.run("basename $(readlink /opt/moodbox/current)", check=False).strip()

    def proven(self) -> set[str]:
        return set(self.run("cd /opt/moodbox/releases && ls -d */.proven").replace("/.proven", "").split())

    def main_pid(self) -> int:
        return int(self.run("systemctl show moodbox --property=MainPID --value"))

    def status(self) -> dict[str, Any]:
        with contextlib.suppress(ValueError):
            answer: dict[str, Any] = json.loads(self.run("sudo moodbox status --json", check=False))
            return answer
        return {}
