"""The way of a release from the code that is already on the box to its own."""

from __future__ import annotations

import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

from common import DeployError, report

from signing import release


def admit(incoming: str, name: str) -> None:
    """Check what has arrived, then let its own code install it.

    A box that knows a key runs this from its own copy: nothing of a release that it refuses is ever run.

    Raises:
        DeployError: If it is refused, or cannot be installed.
    """
    release.check_arrived(Path(incoming))
    failure = f"the installation of {name} failed without a word"
    with tempfile.TemporaryDirectory() as folder:
        # A copy, since the installation gives the files their place among the releases.
        code = shutil.copytree(Path(incoming) / "deploy/box", Path(folder) / "box")
        words = [sys.executable, "-IB", str(code), "install", incoming, name]
        with subprocess.Popen(words, stdout=subprocess.PIPE, stdin=subprocess.DEVNULL, text=True) as child:
            for line in child.stdout or ():
                if line.startswith("FAILED "):
                    failure = line.removeprefix("FAILED ").strip()
                else:
                    report(line.rstrip("\n"))
    if child.returncode:
        raise DeployError(child.returncode, failure)
