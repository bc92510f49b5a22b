from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from device.health import Part, PartFailed
from device.supervision import why_the_box_ends
from device.system import restart
from device.system.restart import RestartOncePerBoot


def asked(folder: Path | None) -> list[Any]:
    """The events that a new process posts when it asks for a restart."""
    posted: list[Any] = []
    restarts = RestartOncePerBoot(folder, Part.CAMERA, posted.append)("the camera hangs")
    assert restarts is bool(posted)
    return posted


def test_the_box_restarts_once_in_a_boot(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    [failed] = asked(tmp_path)
    assert isinstance(failed, PartFailed)
    assert why_the_box_ends(failed) == "the camera hangs"
    assert asked(tmp_path) == []
    (tmp_path / "boot_id").write_text("the next boot")
    monkeypatch.setattr(restart, "BOOT_ID", tmp_path / "boot_id")
    assert len(asked(tmp_path)) == 1
    assert asked(tmp_path) == []


def test_a_box_that_nobody_would_start_again_does_not_end() -> None:
    assert asked(None) == []


def test_a_box_that_could_not_tell_later_that_it_has_restarted_does_not_end(tmp_path: Path) -> None:
    """Its folder cannot be written: it would end again and again."""
    assert asked(tmp_path / "gone") == []


@pytest.mark.parametrize("put", [os.mkfifo, Path.mkdir, lambda path: path.symlink_to("/dev/zero")])
def test_what_is_in_the_way_neither_holds_the_box_up_nor_lets_it_restart_twice(
    tmp_path: Path, put: Callable[[Path], None]
) -> None:
    """A pipe would block the thread that asks for ever, and an endless device would fill the memory."""
    put(tmp_path / restart.FILE)
    assert len(asked(tmp_path)) == 1
    assert asked(tmp_path) == []


def test_a_link_in_the_way_is_replaced_and_what_it_names_stays(tmp_path: Path) -> None:
    (tmp_path / "learned").write_text("much")
    (tmp_path / restart.FILE).symlink_to(tmp_path / "learned")
    assert len(asked(tmp_path)) == 1
    assert (tmp_path / "learned").read_text() == "much"
    assert asked(tmp_path) == []
