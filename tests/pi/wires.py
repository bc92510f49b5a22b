"""The GPIO lines of the emulated Pi, from outside, over QEMU's sockets.

QEMU's machine has a PL061 with eight lines, which is gpiochip0 in Linux; line 3 is its power button.
"""

from __future__ import annotations

import contextlib
import itertools
import json
import socket
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from tests.waiting import eventually

DATA = 0x9030000  # the PL061's data register; bits 2 to 9 of the address choose the lines
TREE = "/machine/unattached"


class _Connection:
    """A connection that answers each line with a line."""

    def __init__(self, path: Path) -> None:
        self._socket = socket.socket(socket.AF_UNIX)
        self._socket.settimeout(60)
        # QEMU creates the socket's file before it listens on it.
        eventually(lambda: self._socket.connect_ex(str(path)) == 0, 60)
        self._lines = self._socket.makefile("rw")

    def send(self, line: str) -> None:
        self._lines.write(f"{line}\n")
        self._lines.flush()

    def receive(self) -> str:
        line = self._lines.readline()
        if not line:
            raise ConnectionError("QEMU has ended")
        return line.strip()

    def close(self) -> None:
        self._lines.close()
        self._socket.close()


class Wires:
    """Reads the outputs of the Pi, and sets its inputs."""

    def __init__(self, qmp: Path, qtest: Path) -> None:
        self._qmp, self._qtest = _Connection(qmp), _Connection(qtest)
        self._qmp.receive()  # its greeting
        self.command("qmp_capabilities")
        self._gpio = next(
            f"{TREE}/{part['name']}"
            for part in self.command("qom-list", path=TREE)
            if part["type"] == "child<pl061>"
        )

    def close(self) -> None:
        """Close the connections to QEMU."""
        self._qmp.close()
        self._qtest.close()

    def command(self, name: str, **arguments: Any) -> Any:
        """Run a QMP command: https://www.qemu.org/docs/master/interop/qemu-qmp-ref.html."""
        self._qmp.send(json.dumps({"execute": name, "arguments": arguments}))
        while True:
            answer = json.loads(self._qmp.receive())
            if "return" in answer:
                return answer["return"]
            assert "error" not in answer, answer["error"]  # everything else is an event

    def _run_qtest(self, command: str) -> str:
        self._qtest.send(command)
        while (answer := self._qtest.receive()).startswith("IRQ"):
            pass
        assert answer.startswith("OK"), f"{command}: {answer}"
        return answer

    def drive(self, line: int, level: bool) -> None:
        """Set an input of the Pi to 3.3 V or to ground."""
        self._run_qtest(f"set_irq_in {self._gpio} unnamed-gpio-in {line} {int(level)}")

    @contextlib.contextmanager
    def held(self, line: int) -> Iterator[None]:
        """Hold a button down."""
        self.drive(line, True)
        try:
            yield
        finally:
            self.drive(line, False)

    def press(self, line: int, seconds: float = 1.5) -> None:
        """Press a button, long enough that the slow emulated processor notices it."""
        with self.held(line):
            time.sleep(seconds)

    def levels(self) -> int:
        """Return the levels of all lines, one bit each."""
        return int(self._run_qtest(f"readl {DATA + (0xFF << 2):#x}").split()[1], 16)

    def lit(self, lines: tuple[int, ...], seconds: float = 1.0) -> list[float]:
        """Return the share of the time that each line is high."""
        samples = self._watch(seconds)
        return [sum(levels >> line & 1 for levels in samples) / len(samples) for line in lines]

    def changes(self, lines: tuple[int, ...], seconds: float) -> list[int]:
        """Return how often each line changes."""
        samples = self._watch(seconds)
        return [sum((a ^ b) >> line & 1 for a, b in itertools.pairwise(samples)) for line in lines]

    def _watch(self, seconds: float) -> list[int]:
        """Read the levels as often as QEMU answers."""
        samples, end = [], time.monotonic() + seconds
        while time.monotonic() < end:
            samples.append(self.levels())
            time.sleep(0.005)
        return samples
