"""An SPI device of the kernel's, to which bytes are written.

Two requests to the kernel are all that is needed of the package spidev, which has no wheels: it would need a
compiler on the Pi.
"""

from __future__ import annotations

import os
import struct
from fcntl import ioctl

from device.errors import PanelError

MAX_BYTES = 4096
"""In one transfer, as long as nobody has set the kernel's parameter spidev.bufsiz."""

# From linux/spi/spidev.h.
SPI_IOC_WR_MODE = 0x40016B01
SPI_IOC_WR_MAX_SPEED_HZ = 0x40046B04
MODE = 0  # the clock rests low; a strip does not see it

SWITCH_ON = "sudo raspi-config nonint do_spi 0"


class SpiDevice:
    """An open SPI device, such as /dev/spidev0.0.

    Raises:
        PanelError: It is not there, may not be opened, or is no SPI device.
    """

    def __init__(self, path: str, hertz: int) -> None:
        """Open it; `hertz` is the clock's rate."""
        try:
            self._file = os.open(path, os.O_RDWR | os.O_CLOEXEC)
        except FileNotFoundError as error:
            raise PanelError(
                f"{path} is not there: switch SPI on with `{SWITCH_ON}` (dtparam=spi=on in config.txt), "
                "and restart the Pi"
            ) from error
        except PermissionError as error:
            raise PanelError(
                f"{path} may not be opened: `deploy/deploy.sh --strip HOST` lets the box use it; a command "
                "needs sudo"
            ) from error
        except OSError as error:
            raise PanelError(f"{path} cannot be opened: {error.strerror}") from error
        try:
            ioctl(self._file, SPI_IOC_WR_MODE, struct.pack("B", MODE))
            ioctl(self._file, SPI_IOC_WR_MAX_SPEED_HZ, struct.pack("I", hertz))
        except OSError as error:
            os.close(self._file)
            raise PanelError(
                f"{path} is no SPI device ({error.strerror}): correct panel.strip in the settings"
            ) from error

    def write(self, content: bytes) -> None:
        """Send bytes, at most MAX_BYTES. Raises OSError."""
        os.write(self._file, content)

    def close(self) -> None:
        """Close it."""
        os.close(self._file)
