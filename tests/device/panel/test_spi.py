"""The kernel's SPI device. There is none here: `wire.py` says what stands in for it."""

from __future__ import annotations

import os
import shutil
import struct
import subprocess
from pathlib import Path

import pytest

from device.errors import PanelError
from device.panel import spi
from device.panel.spi import SpiDevice
from tests.device.panel.wire import Wire

OPEN_FILES = Path("/proc/self/fd")
HEADER = Path("/usr/include/linux/spi/spidev.h")


@pytest.mark.skipif(not HEADER.exists() or not shutil.which("gcc"), reason="no gcc, or no kernel headers")
def test_the_requests_are_those_of_the_kernels_header(tmp_path: Path) -> None:
    (tmp_path / "numbers.c").write_text(
        f"#include <{HEADER.relative_to('/usr/include')}>\n#include <stdio.h>\n"
        'int main(void) { printf("%u %u", SPI_IOC_WR_MODE, SPI_IOC_WR_MAX_SPEED_HZ); }\n'
    )
    subprocess.run(["gcc", "-w", "-o", tmp_path / "numbers", tmp_path / "numbers.c"], check=True)
    printed = subprocess.run([tmp_path / "numbers"], check=True, capture_output=True, text=True).stdout
    assert printed == f"{spi.SPI_IOC_WR_MODE} {spi.SPI_IOC_WR_MAX_SPEED_HZ}"


def test_the_rate_is_set_before_anything_is_written(wire: Wire) -> None:
    device = SpiDevice(str(wire.path), 3_000_000)
    assert wire.requests == [
        (spi.SPI_IOC_WR_MODE, b"\0"),
        (spi.SPI_IOC_WR_MAX_SPEED_HZ, struct.pack("I", 3_000_000)),
    ]
    device.write(b"abc")
    device.close()
    assert wire.path.read_bytes() == b"abc"


def test_without_the_device_the_error_says_how_to_switch_spi_on(tmp_path: Path) -> None:
    with pytest.raises(PanelError, match=r"spidev0\.0 is not there: switch SPI on with `sudo raspi-config"):
        SpiDevice(str(tmp_path / "spidev0.0"), 1)


def test_a_device_that_the_box_may_not_open_has_to_be_connected_by_a_deploy(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The tests may run as root, who may open everything; so the system's refusal is raised here."""

    def refuse(*_: object) -> int:
        raise PermissionError(1, os.strerror(1))

    monkeypatch.setattr("device.panel.spi.os.open", refuse)
    with pytest.raises(PanelError, match=r"may not be opened: `deploy/deploy\.sh --strip HOST` lets the box"):
        SpiDevice("/dev/spidev0.0", 1)


def test_something_else_than_an_spi_device_is_refused_and_left_alone(tmp_path: Path) -> None:
    file = tmp_path / "notes"
    file.write_text("mine")
    opened = len(list(OPEN_FILES.iterdir()))
    with pytest.raises(PanelError, match="notes is no SPI device"):
        SpiDevice(str(file), 1)
    assert file.read_text() == "mine"
    assert len(list(OPEN_FILES.iterdir())) == opened
