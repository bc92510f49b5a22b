"""Deploying the release that already runs applies what has changed in the settings, and nothing else."""

from __future__ import annotations

import importlib
import subprocess
from pathlib import Path
from types import ModuleType

import pytest

from tests.deploy.machine import REPOSITORY


@pytest.fixture
def done() -> list[str]:
    """What a switch has done."""
    return []


@pytest.fixture
def installation(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, done: list[str]) -> ModuleType:
    """Return deploy/box/installation.py on a machine where the release `same` runs."""
    monkeypatch.syspath_prepend(REPOSITORY / "deploy" / "box")
    module = importlib.import_module("installation")
    monkeypatch.setattr(module, "APPLIED", tmp_path / "applied-settings")
    for holder in (module, module.streams):
        monkeypatch.setattr(holder, "SETTINGS", tmp_path / "moodbox.toml")
    monkeypatch.setattr(module.streams, "PLAYLISTS", tmp_path)
    monkeypatch.setattr(module.signing.keys, "SIGNERS", tmp_path / "none")
    monkeypatch.setattr(module.preflight, "_installed", lambda _: True)
    monkeypatch.setattr(module, "current", lambda: "same")
    monkeypatch.setattr(module, "proven", lambda: ["same", "older"])
    monkeypatch.setattr(module, "run", lambda *_, **__: subprocess.CompletedProcess([], 0, "active\n", ""))
    monkeypatch.setattr(
        module, "configure_mpd", lambda _, may_stream: done.append(f"MPD streams: {may_stream}")
    )
    monkeypatch.setattr(module.health_check, "switch_to", lambda name, _: done.append(f"start {name}"))
    monkeypatch.setattr(module, "accept", lambda *_: None)
    module.SETTINGS.write_text("[music]\nstreams = false\n")
    return module


def test_the_release_that_runs_is_deployed_again_if_the_settings_have_changed(
    installation: ModuleType, done: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    installation.switch("same")
    done.clear()
    for text, streams in (
        ("[music]\nstreams = true\n", True),
        ("[home]\nbroker = 'mqtt://a'\n", False),
        ("", False),
    ):
        installation.SETTINGS.write_text(text)
        installation.preview("same")
        assert done == []
        assert "would apply the settings to same" in capsys.readouterr().out
        installation.switch("same")
        assert done == [f"MPD streams: {streams}", "start same"]
        done.clear()
    installation.SETTINGS.unlink()  # the defaults apply, as with an empty file
    for step in (installation.preview, installation.switch):
        step("same")
        assert "nothing new: same already runs there; nothing was changed" in capsys.readouterr().out
    assert done == []


def test_a_stream_in_a_playlist_counts_as_a_change_where_the_settings_do_not_say(
    installation: ModuleType, done: list[str], tmp_path: Path
) -> None:
    installation.SETTINGS.write_text("")
    installation.switch("same")
    done.clear()
    (tmp_path / "happy.m3u").write_text("https://radio.example/\n")
    installation.switch("same")
    assert done == ["MPD streams: True", "start same"]


def test_another_release_is_switched_to_whatever_the_settings_are(
    installation: ModuleType, done: list[str]
) -> None:
    installation.switch("same")
    installation.switch("older")
    assert done[-1] == "start older"


def test_settings_that_did_not_start_are_tried_again(
    installation: ModuleType, done: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(name: str, _: str) -> None:
        done.append(f"fail {name}")
        raise installation.DeployError(8, "not healthy")

    installation.switch("same")
    installation.SETTINGS.write_text("[music]\nstreams = true\n")
    monkeypatch.setattr(installation.health_check, "switch_to", fail)
    for _ in range(2):
        with pytest.raises(installation.DeployError):
            installation.switch("same")
    assert done.count("fail same") == 2
