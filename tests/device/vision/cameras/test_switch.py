"""The owner's switch for the camera, on a real disk."""

from __future__ import annotations

from pathlib import Path

import pytest

from device.errors import MemoryFileError
from device.vision.cameras.switch import FILE, CameraSwitch


def test_it_stays_as_it_is_for_the_next_who_reads_it(tmp_path: Path) -> None:
    folder = tmp_path / "state"
    assert not CameraSwitch(folder).is_off()
    for _ in range(2):
        CameraSwitch(folder).turn_off()
        assert CameraSwitch(folder).is_off()
    for _ in range(2):
        CameraSwitch(folder).turn_on()
        assert not CameraSwitch(folder).is_off()


@pytest.mark.parametrize("kind", ["a folder", "a link that leads nowhere"])
def test_whatever_has_its_name_means_off(tmp_path: Path, kind: str) -> None:
    if kind == "a folder":
        (tmp_path / FILE).mkdir()
    else:
        (tmp_path / FILE).symlink_to("nowhere")
    assert CameraSwitch(tmp_path).is_off()
    CameraSwitch(tmp_path).turn_off()
    assert not (tmp_path / "nowhere").exists()


def test_a_switch_that_cannot_be_read_is_an_error_and_not_on(tmp_path: Path) -> None:
    (tmp_path / "state").write_text("a file in place of the folder")
    with pytest.raises(MemoryFileError, match="cannot be read"):
        CameraSwitch(tmp_path / "state").is_off()


def test_a_switch_that_cannot_be_changed_is_an_error(tmp_path: Path) -> None:
    (tmp_path / FILE).mkdir()
    with pytest.raises(MemoryFileError, match="cannot be removed"):
        CameraSwitch(tmp_path).turn_on()
    (tmp_path / "state").symlink_to("a folder on a disk that is not there")
    with pytest.raises(MemoryFileError, match="cannot be written"):
        CameraSwitch(tmp_path / "state").turn_off()
