"""Who may read the settings that a deploy writes or finds: they may hold MPD's password."""

from __future__ import annotations

import grp
import importlib
import os
from pathlib import Path
from types import ModuleType

import pytest

from tests.deploy.machine import REPOSITORY


@pytest.fixture
def preflight(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    """Return deploy/box/preflight.py with a settings file here, and a group of this user's."""
    monkeypatch.syspath_prepend(REPOSITORY / "deploy" / "box")
    module = importlib.import_module("preflight")
    monkeypatch.setattr(module, "SETTINGS", tmp_path / "etc" / "moodbox.toml")
    monkeypatch.setattr(module, "GROUP", grp.getgrgid(os.getgid()).gr_name)
    return module


def mode(file: Path) -> int:
    return file.stat().st_mode & 0o7777


def test_others_may_not_read_the_settings_of_a_first_deploy(preflight: ModuleType) -> None:
    preflight.install_settings(REPOSITORY, None)
    assert mode(preflight.SETTINGS) == 0o640


def test_a_later_deploy_keeps_the_settings_from_others_and_says_so_once(
    preflight: ModuleType, capsys: pytest.CaptureFixture[str]
) -> None:
    preflight.SETTINGS.parent.mkdir()
    preflight.SETTINGS.write_text('[music]\npassword = "secret"\n')
    preflight.SETTINGS.chmod(0o664)
    preflight.install_settings(REPOSITORY, "older")
    assert mode(preflight.SETTINGS) == 0o660
    assert "password" in capsys.readouterr().out
    preflight.install_settings(REPOSITORY, "older")
    assert "password" not in capsys.readouterr().out


def test_settings_of_another_owner_stay_as_they_are(
    preflight: ModuleType, monkeypatch: pytest.MonkeyPatch
) -> None:
    preflight.SETTINGS.parent.mkdir()
    preflight.SETTINGS.touch(0o644)
    monkeypatch.setattr(preflight.os, "geteuid", lambda: os.getuid() + 1)
    preflight.install_settings(REPOSITORY, "older")
    assert mode(preflight.SETTINGS) == 0o644
