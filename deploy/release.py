"""Names and packs a release for deploy.sh, on the workstation.

release.py name PYTHON              print the name: version, Python, and a digest of all files
release.py names PYTHON             print it, and the name of the virtual environment that the release needs
release.py manifest                 print what is signed: the SHA-256 of each file
release.py pack FILE [FOLDER...]    write a tar with these files, and the wheels or signed manifest in FOLDER
release.py lock PYTHON MACHINE      print the lines of lock/device.txt that apply to this Python and machine
"""

from __future__ import annotations

import re
import signal
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT / "deploy" / "box"))  # the box has the same code

from release_files import MANIFEST, SIGNATURE, digest, environment_name, files, manifest  # noqa: E402


def name(python: str) -> str:
    """Return a name that changes if the Python or any file changes."""
    version = re.search(r'__version__ = "(.+)"', (ROOT / "device" / "__init__.py").read_text())
    assert version is not None
    return f"{version[1]}-py{python.replace('.', '')}-{digest(ROOT)}"


def pack(target: Path, *folders: Path) -> None:
    """Write a release to a tar file, with the wheels and the signed manifest in these folders."""
    import tarfile

    def normalized(entry: tarfile.TarInfo) -> tarfile.TarInfo:
        """Make root the owner, and everybody a reader, for any user and umask here."""
        entry.uid = entry.gid = 0
        entry.uname = entry.gname = "root"
        entry.mode = 0o755 if entry.mode & 0o100 else 0o644
        entry.mtime = int(entry.mtime)  # a fraction of a second takes a header of its own, of 1 kB
        return entry

    with tarfile.open(target, "w") as tar:
        for path in files(ROOT):
            tar.add(path, path.relative_to(ROOT), filter=normalized)
        for folder in folders:
            for path in sorted(folder.glob("*.whl")):
                tar.add(path, Path("wheels") / path.name, filter=normalized)
            for name in (MANIFEST, SIGNATURE):
                if (folder / name).exists():
                    tar.add(folder / name, name, filter=normalized)


def lock_for(python: str, machine: str) -> str:
    """Return the lock file for a box, without markers.

    Args:
        python: Its version, such as "3.11".
        machine: Its architecture, as `uname -m` prints it.
    """
    # From pip's own copy: pip itself evaluates markers only for the Python that runs it. Loading it takes
    # longer than all that the other verbs do.
    from pip._vendor.packaging.markers import Marker

    environment = {
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
        if not marker or Marker(marker.strip()).evaluate(environment):
            lines.append(f"{pin.strip()} \\\n{hashes}")
    return "\n".join(lines) + "\n"


def main(verb: str, *rest: str) -> None:
    """Run a verb."""
    if verb == "name":
        print(name(*rest))
    elif verb == "names":
        print(name(*rest), environment_name(ROOT, *rest))
    elif verb == "lock":
        print(lock_for(*rest), end="")
    elif verb == "manifest":
        sys.stdout.buffer.write(manifest(ROOT))
    elif verb == "pack":
        pack(*map(Path, rest))


if __name__ == "__main__":
    signal.signal(signal.SIGINT, signal.SIG_DFL)  # Ctrl-C ends it without a word, as it ends deploy.sh
    main(*sys.argv[1:])
