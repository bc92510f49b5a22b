from __future__ import annotations

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
    """Its disk is read-only, or something else is in the way: it would end again and again."""
    (tmp_path / restart.FILE).mkdir()
    assert asked(tmp_path) == []
