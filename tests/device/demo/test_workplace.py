"""Where the demo cannot put its files, it ends with one line that says what to do."""

from __future__ import annotations

import errno
import shutil
import tempfile
from pathlib import Path
from types import SimpleNamespace

import pytest

from device.config.settings import Model
from device.demo import workplace
from device.demo.workplace import workplace as demo_workplace
from device.errors import ModelError, MoodboxError


@pytest.fixture(autouse=True)
def _temporary_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))


def failure() -> str:
    """Return the message of the error with which the demo's start fails."""
    with pytest.raises(MoodboxError) as caught, demo_workplace():
        pass
    return str(caught.value)


def test_a_disk_that_is_nearly_full(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shutil, "disk_usage", lambda _: SimpleNamespace(free=3 << 20))
    assert failure() == (
        f"{tmp_path} has 3 MB free, and the demo needs 8: free some space, or choose another folder: "
        "TMPDIR=FOLDER make demo"
    )
    assert list(tmp_path.iterdir()) == []


def test_a_disk_that_is_full_while_the_files_are_written(monkeypatch: pytest.MonkeyPatch) -> None:
    def full(_: Path) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(workplace, "make_library", full)
    monkeypatch.setattr(workplace, "MAX_SOCKET_BYTES", 1000)  # the test's own folder may be long
    assert "No space left on device): free some space" in failure()


def test_no_folder_for_temporary_files(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tempfile, "tempdir", "/nowhere/at/all")
    assert failure().startswith("there is no folder that can take temporary files: ")


def test_a_path_that_is_too_long_for_a_socket(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = tmp_path / ("x" * 100)
    folder.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(folder))
    assert "too long a path for a socket" in failure()


def test_a_model_that_is_not_there(tmp_path: Path) -> None:
    model = Model(path=str(tmp_path / "mine.tflite"))
    with pytest.raises(ModelError, match=r"mine\.json: No such file or directory"), demo_workplace(model):
        pass
    assert list(tmp_path.iterdir()) == []
