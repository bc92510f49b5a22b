"""script/install.py LOCK: installs a lock file's packages, and moodbox itself, into the Python that runs it.

It prints how far it is, and one line if it fails. What pip says is in setup.log, in that Python's folder:
thirty lines that say the same, with addresses of package indexes.
Exit code 3: it failed before it changed a package.
"""

from __future__ import annotations

import contextlib
import re
import subprocess
import sys
import sysconfig
import threading
import time
from collections.abc import Sequence
from pathlib import Path
from queue import Empty, SimpleQueue
from typing import IO

# From pip's own copy, which every virtual environment has.
from pip._vendor.packaging.markers import Marker

ROOT = Path(__file__).resolve().parent.parent
FOLDER = Path(sys.prefix)
INSTALLED_MB = {"demo": 270, "develop": 740}
"""The size of .venv without TensorFlow, as this script prints it at its end on x86-64."""
TENSORFLOW_MB = 1930
"""What TensorFlow and its own packages add; there are none for Python 3.13."""
PIP = [
    sys.executable,
    "-m",
    "pip",
    "install",
    "--disable-pip-version-check",
    "--no-input",
    "--progress-bar",
    "off",
]
UNITS = {"kB": 0.001, "MB": 1.0, "GB": 1000.0}
REFRESH_S = 0.5
NOTHING_CHANGED = 3  # an exit code, which Python gives to no other failure
PRINT_EVERY_S = 10.0  # where the output is not a terminal
ADDRESS = re.compile(r"\S+://\S+")

NO_CONNECTION = re.compile(
    r"NewConnectionError|ConnectTimeoutError|NameResolutionError|Temporary failure in name resolution"
    r"|Network is unreachable|Read timed out|ProxyError|Could not find a version|No matching distribution"
)
REASONS = (
    (
        re.compile(r"No space left on device|Errno 28|Disk quota exceeded"),
        "the disk is full: free some space, and run the same command again",
    ),
    (NO_CONNECTION, "no internet? connect, and run the same command again"),
    (re.compile(r"DO NOT MATCH THE HASHES"), "a package is not the one that the lock file names"),
    (re.compile(r"Permission denied"), "a file may not be written: does the folder belong to you?"),
)


def main(lock: str) -> int:
    """Install, and return the exit code."""
    names = packages(Path(lock))
    count, size = len(names), installed_mb(Path(lock).stem, names)
    print(f"moodbox: {count} packages" + (f", about {size} MB on the disk" if size else ""), flush=True)
    progress = Progress(count)
    with (FOLDER / "setup.log").open("w", encoding="utf-8") as log:
        for arguments in (["--require-hashes", "-r", lock], ["--no-deps", "--editable", str(ROOT)]):
            if code := run([*PIP, *arguments], log, progress):
                progress.end()
                failed = (
                    f"setting up {FOLDER.name} failed: {reason(Path(log.name).read_text(encoding='utf-8'))}"
                )
                print(f"moodbox: {failed} ({log.name} has what pip says)", file=sys.stderr)
                return code if progress.unpacks else NOTHING_CHANGED
    progress.end()
    print(f"moodbox: {FOLDER.name} is ready: {folder_mb(FOLDER)} MB, {progress.seconds:.0f} s", flush=True)
    return 0


def installed_mb(environment: str, names: Sequence[str]) -> int:
    """Return how much these packages take on the disk, 0 if it was never measured."""
    return INSTALLED_MB.get(environment, 0) + ("tensorflow" in names) * TENSORFLOW_MB


def packages(lock: Path) -> list[str]:
    """Return the names of the packages of a lock file that this Python needs."""
    pins = re.findall(r"^([\w.-]+)==\S+(?: ; (.+?))? ?\\?$", lock.read_text(encoding="utf-8"), re.MULTILINE)
    return [name for name, marker in pins if not marker or Marker(marker).evaluate()]


def run(command: list[str], log: IO[str], progress: Progress) -> int:
    """Run pip with its output in the log, and return its exit code."""
    # pip keeps script/venv's lock, if only this process is killed.
    with subprocess.Popen(
        command,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        errors="replace",
        close_fds=False,
    ) as pip:
        lines: SimpleQueue[str | None] = SimpleQueue()
        reader = threading.Thread(target=forward, args=(pip.stdout, lines), daemon=True)
        reader.start()
        try:
            reading = True
            while reading:
                with contextlib.suppress(Empty):
                    line = lines.get(timeout=REFRESH_S)
                    reading = line is not None
                    log.write(line or "")
                    log.flush()
                    progress.read(line or "")
                progress.show()
        except BaseException:
            pip.terminate()
            raise
        finally:
            reader.join()  # it must not read from a pipe that is closed
    return pip.returncode


def forward(output: IO[str], lines: SimpleQueue[str | None]) -> None:
    """Put each line of the output into the queue, and None after the last."""
    for line in output:
        lines.put(line)
    lines.put(None)


class Progress:
    """How far pip is: one line that is rewritten on a terminal, else a line every ten seconds."""

    def __init__(self, count: int) -> None:
        """Nothing has been installed yet of `count` packages."""
        self._count = count
        self._found = 0
        self._megabytes = 0.0
        self.unpacks = False
        """Whether pip has begun to change packages."""
        self._offline = False
        self._installed_before = installed()
        self._started = time.monotonic()
        self._shown_at = self._started
        self._on_terminal = sys.stdout.isatty()

    @property
    def seconds(self) -> float:
        """The seconds since the start."""
        return time.monotonic() - self._started

    def read(self, line: str) -> None:
        """Take a line of pip's."""
        self._found += line.startswith(("Collecting ", "Processing "))
        self.unpacks |= line.startswith("Installing collected packages")
        self._offline = "Retrying" in line or (self._offline and not line)
        if size := re.match(r"\s+Downloading \S+ \(([\d.]+) (kB|MB|GB)\)", line):
            self._megabytes += float(size[1]) * UNITS[size[2]]

    def show(self) -> None:
        """Print how far it is, if it is time to."""
        if self._on_terminal:
            print(f"\r\033[K{self._text()}", end="", flush=True)
        elif time.monotonic() - self._shown_at >= PRINT_EVERY_S:
            self._shown_at = time.monotonic()
            print(self._text(), flush=True)

    def _text(self) -> str:
        found = min(self._found, self._count)
        unpacked = min(installed() - self._installed_before, self._count)
        if self._offline:
            text = "no answer from the internet, trying again"
        elif self.unpacks:
            text = f"unpacking: {unpacked} of {self._count} packages"
        else:
            text = f"downloading: {found} of {self._count} packages, {self._megabytes:.0f} MB"
        return f"moodbox: {text}, {self.seconds:.0f} s"

    def end(self) -> None:
        """Leave the line."""
        if self._on_terminal:
            print("\r\033[K", end="", flush=True)


def installed() -> int:
    """Return how many packages this Python has."""
    return len(list(Path(sysconfig.get_path("purelib")).glob("*.dist-info")))


def folder_mb(folder: Path) -> int:
    """Return the size of a folder in MB."""
    return sum(path.lstat().st_size for path in folder.rglob("*")) >> 20


def reason(output: str) -> str:
    """Return in one line why pip failed."""
    for pattern, text in REASONS:
        if pattern.search(output):
            return text
    errors = re.findall(r"^ERROR: (.+)", output, re.MULTILINE)
    return ADDRESS.sub("...", errors[-1]) if errors else "pip gives no reason"


if __name__ == "__main__":
    try:
        sys.exit(main(sys.argv[1]))
    except OSError as error:
        sys.exit(f"moodbox: setting up {FOLDER} failed: {error.strerror}")
    except KeyboardInterrupt:
        sys.exit(130)
