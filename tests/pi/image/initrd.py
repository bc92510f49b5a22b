"""Builds an initramfs for Debian's arm64 kernel on this computer: under emulation it would take ten minutes.

    python -m tests.pi.image.initrd ROOT KERNEL_VERSION OUT

It contains Busybox, and the kernel modules that the disk needs.
"""

from __future__ import annotations

import gzip
import lzma
import sys
from collections.abc import Iterable
from pathlib import Path

MODULES = ("virtio_pci", "virtio_mmio", "virtio_blk", "virtio_net", "crc32c_generic", "ext4")
FOLDER, PROGRAM = 0o40755, 0o100755

INIT = """#!/bin/busybox sh
bb=/bin/busybox
$bb mount -t devtmpfs dev /dev; $bb mount -t proc proc /proc; $bb mount -t sysfs sys /sys
for module in /modules/*; do $bb insmod "$module"; done
while [ ! -b /dev/vda ]; do $bb sleep 0.1; done
# The mount replays ext4's journal, which repairs what a power cut has left.
$bb mount -t ext4 /dev/vda /root || exec $bb sh
$bb mount --move /dev /root/dev; $bb umount /proc /sys
exec $bb switch_root /root /sbin/init
"""


def modules(folder: Path) -> list[Path]:
    """Return the files of MODULES that are not built in, each after its dependencies, from depmod's list."""
    needs = {}
    for line in (folder / "modules.dep").read_text().splitlines():
        file, needed = line.split(":")
        needs[file] = needed.split()
    by_name = {Path(file).name.split(".")[0].replace("-", "_"): file for file in needs}
    order: dict[str, None] = {}

    def add(file: str) -> None:
        for needed in reversed(needs[file]):
            add(needed)
        order[file] = None

    for name in MODULES:
        if name in by_name:
            add(by_name[name])
    return [folder / file for file in order]


def archive(entries: Iterable[tuple[str, int, bytes]]) -> bytes:
    """Return a cpio archive in the format `newc`; an entry is a name, a mode, and the content."""
    out = bytearray()
    for inode, (name, mode, content) in enumerate([*entries, ("TRAILER!!!", 0, b"")], 1):
        encoded = name.encode() + b"\0"
        fields = (inode, mode, 0, 0, 1, 0, len(content), 0, 0, 0, 0, len(encoded), 0)
        out += b"070701" + b"".join(b"%08X" % field for field in fields) + encoded
        out += b"\0" * (-len(out) % 4) + content
        out += b"\0" * (-len(out) % 4)
    return bytes(out)


def initrd(root: Path, kernel: str) -> bytes:
    """Return the compressed initramfs, with the programs and modules in `root`."""
    entries = [(name, FOLDER, b"") for name in ("bin", "dev", "proc", "sys", "modules", "root")]
    entries.append(("bin/busybox", PROGRAM, (root / "usr/bin/busybox").read_bytes()))
    entries.append(("init", PROGRAM, INIT.encode()))
    for number, file in enumerate(modules(root / "lib/modules" / kernel)):
        content = file.read_bytes()
        if file.suffix == ".xz":
            content = lzma.decompress(content)
        entries.append((f"modules/{number:02}-{file.name.split('.')[0]}", PROGRAM, content))
    return gzip.compress(archive(entries), 3)


if __name__ == "__main__":
    Path(sys.argv[3]).write_bytes(initrd(Path(sys.argv[1]), sys.argv[2]))
