"""The emulated Pi: QEMU with what `script/pi` made; lights and button by `wires`, all else over SSH."""

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
    """A Pi with a disk of its own, which lies in `folder`; it never saw moodbox."""

    # Generous: the processor is emulated, and the computer may have other things to do.
    boot_timeout_s = 600.0
    command_timeout_s = 300.0
    deploy_timeout_s = 3600.0
    time_factor = "10"

    def __init__(self, folder: Path, suite: str) -> None:
        super().__init__(folder, suite)
        self._made = REPOSITORY / ".pi" / suite
        self._qemu: subprocess.Popen[bytes] | None = None
        self._wires: Wires | None = None
        self.port = _free_port()
        subprocess.run(
            ["cp", "--sparse=always", "--reflink=auto", self._made / "disk.img", folder / "disk.img"],
            check=True,
        )
        shutil.copy(self._made / "key", folder / "key")
        _device_tree(folder / "pi.dtb")
        (folder / "ssh_config").write_text(
            f"Host box\n HostName 127.0.0.1\n Port {self.port}\n User pi\n IdentityFile {folder / 'key'}\n"
            " StrictHostKeyChecking no\n UserKnownHostsFile /dev/null\n LogLevel ERROR\n ConnectTimeout 30\n"
            # One connection for all: under emulation its beginning takes a second or two.
            f" ControlMaster auto\n ControlPath {folder / 'ssh'}\n ControlPersist yes\n"
        )

    @property
    def wires(self) -> Wires:
        assert self._wires, "the Pi has no power"
        return self._wires

    def start(self) -> None:
        """Power on."""
        qmp, qtest = self.folder / "qmp", self.folder / "qtest"
        with (self.folder / "qemu.log").open("ab") as log:
            self._qemu = subprocess.Popen(
                ["qemu-system-aarch64", "-machine", "virt", *HARDWARE, "-accel", "tcg,thread=multi",
                 "-dtb", self.folder / "pi.dtb", "-kernel", self._made / "vmlinuz",
                 "-initrd", self._made / "initrd.gz", "-append", "root=/dev/vda rw console=ttyAMA0 quiet",
                 # What the Pi has written is in a file of this computer's, which outlives QEMU.
                 "-drive", f"if=none,id=disk,file={self.folder / 'disk.img'},format=raw,cache=unsafe",
                 "-device", "virtio-blk-device,drive=disk", "-device", "virtio-rng-device",
                 # To the Pi there is SSH, and from it nothing.
                 "-netdev", f"user,id=net,restrict=on,hostfwd=tcp:127.0.0.1:{self.port}-:22",
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
        self.start()
        self.wait_until_up()

    def reboot(self, *, degraded: bool = False) -> None:
        """As a person would, by `sudo reboot`; returns when it is up again.

        degraded: a unit of the system may have failed.
        """
        before = self.boot_id()
        self.run("sudo systemctl reboot", check=False)
        end = time.monotonic() + self.boot_timeout_s
        while (now := self.boot_id()) in ("", before):
            assert time.monotonic() < end, f"the Pi does not come back: {now or 'no SSH'}"
            self._hang_up()
            time.sleep(1)
        self.wait_until_up(degraded=degraded)

    def boot_id(self) -> str:
        return self.run("cat /proc/sys/kernel/random/boot_id", check=False).strip()

    def wait_until_off(self) -> None:
        """Until it has shut down in good order, of its own accord."""
        assert self._qemu
        assert self._qemu.wait(self.boot_timeout_s) == 0
        self.stop()

    def stop(self) -> None:
        if self._qemu:
            self._qemu.kill()
            self._qemu.wait(60)
            if self._wires:
                self._wires.close()
            self._qemu = self._wires = None
            self._hang_up()
            for name in ("qmp", "qtest"):
                (self.folder / name).unlink(missing_ok=True)

    def remove(self) -> None:
        self.stop()
        shutil.rmtree(self.folder)

    def _hang_up(self) -> None:
        subprocess.run([*self.ssh.split(), "-O", "exit", "box"], check=False, capture_output=True)


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _device_tree(file: Path) -> None:
    """QEMU's own, but of a Pi 4: gpiozero reads there which Pi it is on."""
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
