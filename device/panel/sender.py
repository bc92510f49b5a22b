"""Sends to a strip's device on a thread of its own: one that hangs must not stop the box."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable

from device.errors import PanelError
from device.panel.spi import SpiDevice

PATIENCE_S = 0.5
"""For so long somebody waits for the device. The longest strip needs 10 ms for its colours."""

Frames = Iterable[tuple[bytes, float]]
"""What is sent, each with the seconds until the next."""


class Sender:
    """Sends one thing at a time: what comes later takes the place of what was before."""

    def __init__(self, path: str, hertz: int, thread: str) -> None:
        """Open the device; `thread` is the name of the threads. Raises PanelError."""
        self._path, self._hertz, self._name = path, hertz, thread
        self._device: SpiDevice | None = SpiDevice(path, hertz)
        self._thread: threading.Thread | None = None
        self._stopping = threading.Event()
        self._hangs = False

    def send(self, content: bytes) -> None:
        """Send something once.

        Raises:
            OSError: The device refuses it; it is opened anew the next time.
            PanelError: It hangs, is not there any more, or no thread can be started.
        """
        errors: list[BaseException] = []

        def run(_: threading.Event) -> None:
            try:
                self._write(content)
            except BaseException as error:
                errors.append(error)

        self._start(run)
        self._wait()
        if errors:
            raise errors[0]

    def repeat(self, frames: Callable[[], Frames]) -> None:
        """Send frames, again and again, and return at once. An error ends the thread. Raises PanelError."""

        def run(stopping: threading.Event) -> None:
            while True:
                for content, seconds in frames():
                    self._write(content)
                    if stopping.wait(seconds):
                        return

        self._start(run)

    def close(self) -> None:
        """Close the device, unless it hangs: then the kernel closes it at the end of the process."""
        self._stop()
        if self._device:
            self._device.close()
            self._device = None

    def _start(self, run: Callable[[threading.Event], None]) -> None:
        self._stop()
        self._stopping = threading.Event()
        thread = threading.Thread(target=run, args=(self._stopping,), name=self._name, daemon=True)
        try:
            thread.start()
        except RuntimeError as error:  # too many threads, or too little memory
            raise PanelError(f"{self._path} gets no colours: {error}") from error
        self._thread = thread

    def _stop(self) -> None:
        self._stopping.set()
        self._wait()

    def _wait(self) -> None:
        """Wait for the thread's end. Raises PanelError if it hangs; then nobody waits the next time."""
        if self._thread:
            self._thread.join(0 if self._hangs else PATIENCE_S)
            self._hangs = self._thread.is_alive()
        if self._hangs:
            raise PanelError(
                f"{self._path} hangs, and takes no colours: does another program use the SPI bus? "
                "If not, switch the Pi off and on"
            )
        self._thread = None

    def _write(self, content: bytes) -> None:
        if self._device is None:
            self._device = SpiDevice(self._path, self._hertz)
        try:
            self._device.write(content)
        except OSError:
            device, self._device = self._device, None  # it may be another one when it is there again
            device.close()
            raise
