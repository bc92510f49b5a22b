"""An emulated Pi for a person: `make shell-pi` boots one, and opens a shell on it; with that it ends."""

from __future__ import annotations

import subprocess
import sys
import tempfile
from pathlib import Path

from tests.deploy.machine import REPOSITORY
from tests.pi.emulated import EmulatedPi
from tests.pi.furniture import furnish

HOW = """It never saw moodbox. From another terminal, while this one is open:
  MOODBOX_SSH='{ssh}' deploy/deploy.sh box    put moodbox on it
  {ssh} box    log in
  {python} -m tests.pi.press {folder}    press its button, and see its lights
Its end is the end of this shell: exit, or Ctrl-D.
"""


def main(suite: str) -> int:
    with tempfile.TemporaryDirectory(prefix="run.", dir=REPOSITORY / ".pi") as folder:
        pi = EmulatedPi(Path(folder), suite)
        try:
            print(f"booting an emulated Pi with Debian's {suite}, about a minute", flush=True)
            pi.boot()
            furnish(pi)
            pi.wires.close()  # QEMU listens to one at a time: for tests.pi.press
            print(HOW.format(ssh=pi.ssh, python=sys.executable, folder=folder), flush=True)
            subprocess.run([*pi.ssh.split(), "box"], check=False)
        finally:
            pi.stop()
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
