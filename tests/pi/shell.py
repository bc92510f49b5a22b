"""`make shell-pi`: boots an emulated Pi and opens a shell on it; the Pi ends with the shell."""

from __future__ import annotations

import subprocess
import sys
import tempfile
from pathlib import Path

from tests.deploy.machine import REPOSITORY
from tests.pi.emulated import EmulatedPi
from tests.pi.provisioning import provision

INSTRUCTIONS = """moodbox is not installed on this Pi. From another terminal, while this one is open:
  MOODBOX_SSH='{ssh}' deploy/deploy.sh box    install moodbox
  {ssh} box    log in
  {python} -m tests.pi.press {folder}    press its button, and print its lights
The Pi ends with this shell: exit, or Ctrl-D.
"""


def main(suite: str) -> int:
    """Boot a Pi with this Debian, and open a shell on it."""
    with tempfile.TemporaryDirectory(prefix="run.", dir=REPOSITORY / ".pi") as folder:
        pi = EmulatedPi(Path(folder), suite)
        try:
            print(f"booting an emulated Pi with Debian's {suite}, about a minute", flush=True)
            pi.boot()
            provision(pi)
            pi.wires.close()  # QEMU accepts one connection at a time, and tests.pi.press needs it
            print(INSTRUCTIONS.format(ssh=pi.ssh, python=sys.executable, folder=folder), flush=True)
            subprocess.run([*pi.ssh.split(), "box"], check=False)
        finally:
            pi.stop()
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
