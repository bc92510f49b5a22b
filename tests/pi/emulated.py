"""The emulated Pi: QEMU with the disk of `script/pi`, reached by its GPIO lines and over SSH."""

from __future__ import annotations

import shutil
import socket
import subprocess
import time
from pathlib import Path

from tests.deploy.machine import REPOSITORY
from tests.host import Host
from tests.pi.wires import Wires

HARDWARE = ("-cpu", "cortex-a72", "-smp", "2", "-m", "1024", "-display", "none", "-nodefaults")
LIGHTS = {"happy": 0, "neutral": 1, "sad": 2}
BUTTON = 5


class EmulatedPi(Host):
    """A Pi without moodbox, whose disk is a copy in `folder`.

    Args:
        folder: Where its files are.
        suite: Which Debian it has.
        boot: The image of a boot partition; with one, it has cloud-init, and its page is at `page_port`.
    """

    # Generous: the processor is emulated, and the computer may be busy.
    boot_timeout_s = 600.0
    command_timeout_s = 300.0
    deploy_timeout_s = 3600.0
    time_factor = "10"

    def __init__(self, folder: Path, suite: str, boot: Path | None = None) -> None:
        super().__init__(folder, suite)
        self._boot = boot
        self._template = REPOSITORY / ".pi" / suite
        self._qemu: subprocess.Popen[bytes] | None = None
        self._wires: Wires | None = None
        self.port, self.page_port = _free_port(), _free_port()
        disk = "disk.img" if boot is None else "card.img"
        subprocess.run(
            ["cp", "--sparse=always", "--reflink=auto", self._template / disk, folder / "disk.img"],
            check=True,
        )
        shutil.copy(self._template / "key", folder / "key")
        _device_tree(folder / "pi.dtb")
        (folder / "ssh_config").write_text(
            f"Host box\n HostName 127.0.0.1\n Port {self.port}\n User pi\n IdentityFile {folder / 'key'}\n"
            " StrictHostKeyChecking no\n UserKnownHostsFile /dev/null\n LogLevel ERROR\n ConnectTimeout 30\n"
            # One connection for all commands: under emulation, opening one takes a second or two.
            f" ControlMaster auto\n ControlPath {folder / 'ssh'}\n ControlPersist yes\n"
        )

    @property
    def wires(self) -> Wires:
        """The GPIO lines of the Pi, which must have power."""
        assert self._wires, "the Pi has no power"
        return self._wires

    def start(self) -> None:
        """Switch the power on."""
        qmp, qtest = self.folder / "qmp", self.folder / "qtest"
        ports = ",".join(
            f"hostfwd=tcp:127.0.0.1:{port}-:{its}" for port, its in ((self.port, 22), (self.page_port, 80))
        )
        partition = ["-drive", f"if=none,id=boot,file={self._boot},format=raw,cache=unsafe",
                     "-device", "virtio-blk-device,drive=boot"] if self._boot else []  # fmt: skip
        with (self.folder / "qemu.log").open("ab") as log:
            self._qemu = subprocess.Popen(
                ["qemu-system-aarch64", "-machine", "virt", *HARDWARE, "-accel", "tcg,thread=multi",
                 "-dtb", self.folder / "pi.dtb", "-kernel", self._template / "vmlinuz",
                 "-initrd", self._template / "initrd.gz", "-append", "root=/dev/vda rw console=ttyAMA0 quiet",
                 # unsafe: QEMU does not sync, but what the Pi has written is in this computer's page cache.
                 "-drive", f"if=none,id=disk,file={self.folder / 'disk.img'},format=raw,cache=unsafe",
                 # The kernel counts the drives backwards: the disk, which is named last, is /dev/vda.
                 *partition, "-device", "virtio-blk-device,drive=disk", "-device", "virtio-rng-device",
                 # SSH to the Pi works; the Pi itself has no network.
                 "-netdev", f"user,id=net,restrict=on,{ports}",
                 "-device", "virtio-net-device,netdev=net",
                 "-serial", f"file:{self.folder / 'console'}",
                 "-qmp", f"unix:{qmp},server=on,wait=off",
                 "-qtest", f"unix:{qtest},server=on,wait=off", "-qtest-log", "none"],
                stdin=subprocess.DEVNULL, stdout=log, stderr=log, start_new_session=True,
            )  # fmt: skip
        try:
            self._wires = Wires(qmp, qtest)
        except AssertionError as error:
            raise AssertionError(f"QEMU does not start: {(self.folder / 'qemu.log').read_text()}") from error

    def boot(self) -> None:
        """Switch the power on, and wait until the Pi is up."""
        self.start()
        self.wait_until_up()

    def reboot(self, *, degraded: bool = False) -> None:
        """Run `sudo systemctl reboot`, and wait until the Pi is up again.

        Args:
            degraded: Whether a unit of the system may have failed.
        """
        before = self.boot_id()
        self.run("sudo systemctl reboot", check=False)
        end = time.monotonic() + self.boot_timeout_s
        while (now := self.boot_id()) in ("", before):
            assert time.monotonic() < end, f"the Pi does not reboot: {now or 'no SSH'}"
            self._close_connection()
            time.sleep(1)
        self.wait_until_up(degraded=degraded)

    def boot_id(self) -> str:
        """Return the kernel's id of this boot, or an empty string if the Pi does not answer."""
        return self.run("cat /proc/sys/kernel/random/boot_id", check=False).strip()

    def wait_until_off(self) -> None:
        """Wait until it has shut down by itself, with exit code 0."""
        assert self._qemu
        assert self._qemu.wait(self.boot_timeout_s) == 0
        self.stop()

    def stop(self) -> None:
        """Kill QEMU, as a power cut would."""
        if self._qemu:
            self._qemu.kill()
            self._qemu.wait(60)
            if self._wires:
                self._wires.close()
            self._qemu = self._wires = None
            self._close_connection()
            for name in ("qmp", "qtest"):
                (self.folder / name).unlink(missing_ok=True)

    def remove(self) -> None:
        """Stop the Pi, and delete its files."""
        self.stop()
        shutil.rmtree(self.folder)

    def _close_connection(self) -> None:
        subprocess.run([*self.ssh.split(), "-O", "exit", "box"], check=False, capture_output=True)


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _device_tree(file: Path) -> None:
    """Write QEMU's device tree with the model of a Pi 4, which gpiozero reads."""
    subprocess.run(
        ["qemu-system-aarch64", "-machine", f"virt,dumpdtb={file}", *HARDWARE],
        check=True,
        capture_output=True,
    )
    subprocess.run(["fdtput", "--create", file, "/system"], check=True)
    revision = ("--type", "x", file, "/system", "linux,revision", "c03114")
    model = ("--type", "s", file, "/", "model", "Raspberry Pi 4 Model B Rev 1.4")
    for words in (revision, model):
        subprocess.run(["fdtput", *words], check=True)
