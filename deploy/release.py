"""What deploy.sh asks on the workstation: a release's name, its files, and the lock file's lines for a box.

release.py name PYTHON              the name: version, Python, and a digest of all its files
release.py pack FILE WHEELS         a tar of them and of the folder of wheels
release.py lock PYTHON MACHINE      lock/device.txt without what another Python or machine needs
"""

from __future__ import annotations

import hashlib
import re
import sys
import tarfile
from pathlib import Path

# pip's own copy: pip itself reads a marker always for the Python that runs it.
from pip._vendor.packaging.markers import Marker

ROOT = Path(__file__).resolve().parent.parent
PARTS = ("device/**/*", "models/mood*.tflite", "models/mood?.json", "deploy/**/*", "systemd/*")
SINGLE = ("lock/device.txt", "README.md", "LICENSE", "NOTICE")


def files() -> list[Path]:
    found = {path for part in PARTS for path in ROOT.glob(part)} | {ROOT / name for name in SINGLE}
    return sorted(path for path in found if path.is_file() and "__pycache__" not in path.parts)


def name(python: str) -> str:
    digest = hashlib.sha256()
    for path in files():
        content = path.read_bytes()
        digest.update(f"{path.relative_to(ROOT)} {len(content)}\n".encode() + content)
    version = re.search(r'__version__ = "(.+)"', (ROOT / "device" / "__init__.py").read_text())
    assert version is not None
    return f"{version[1]}-py{python.replace('.', '')}-{digest.hexdigest()[:12]}"


def pack(target: Path, wheels: Path) -> None:
    def neutral(entry: tarfile.TarInfo) -> tarfile.TarInfo:
        """Whoever packs it, and whatever their umask is: root's, and readable for all."""
        entry.uid = entry.gid = 0
        entry.uname = entry.gname = "root"
        entry.mode = 0o755 if entry.mode & 0o100 else 0o644
        return entry

    with tarfile.open(target, "w") as tar:
        for path in files():
            tar.add(path, path.relative_to(ROOT), filter=neutral)
        for path in sorted(wheels.glob("*.whl")):
            tar.add(path, Path("wheels") / path.name, filter=neutral)


def lock_for(python: str, machine: str) -> str:
    box = {
        "python_version": python,
        "python_full_version": f"{python}.0",
        "platform_machine": machine,
        "sys_platform": "linux",
        "platform_system": "Linux",
        "os_name": "posix",
    }
    lines = []
    for entry in re.findall(r"^\S.*(?:\n[ \t].*)*", (ROOT / "lock" / "device.txt").read_text(), re.MULTILINE):
        pin, _, hashes = entry.partition("\\\n")
        pin, _, marker = pin.partition(" ; ")
        if not marker or Marker(marker.strip()).evaluate(box):
            lines.append(f"{pin.strip()} \\\n{hashes}")
    return "\n".join(lines) + "\n"


def main(verb: str, *rest: str) -> None:
    if verb == "name":
        print(name(*rest))
    elif verb == "lock":
        print(lock_for(*rest), end="")
    elif verb == "pack":
        pack(*map(Path, rest))


if __name__ == "__main__":
    main(*sys.argv[1:])
