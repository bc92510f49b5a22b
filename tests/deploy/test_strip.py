"""The box may use the SPI devices only where its lights are a strip."""

from __future__ import annotations

import importlib
import os
from pathlib import Path
from types import ModuleType, SimpleNamespace

import pytest

from tests.deploy.machine import REPOSITORY

STRIP = '[panel]\nkind = "strip"\n'
RGB = '[panel]\nkind = "rgb"\n'


@pytest.fixture
def commands() -> list[str]:
    """What the deploy would run as root."""
    return []


@pytest.fixture
def strip(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, commands: list[str]) -> ModuleType:
    """Return deploy/box/services/strip.py, with its files here and a group spi; it runs nothing."""

    def run(*words: str | Path, check: bool = True) -> SimpleNamespace:
        commands.append(" ".join(map(str, words)))
        return SimpleNamespace(returncode=0)

    monkeypatch.syspath_prepend(REPOSITORY / "deploy" / "box")
    module = importlib.import_module("services.strip")
    monkeypatch.setattr(module, "SETTINGS", tmp_path / "moodbox.toml")
    monkeypatch.setattr(module, "SET_ON_THE_PAGE", tmp_path / "settings.toml")
    monkeypatch.setattr(module, "DROP_IN", tmp_path / "units" / "moodbox.service.d" / "strip.conf")
    monkeypatch.setattr(module, "CURRENT", REPOSITORY)
    monkeypatch.setattr(module, "run", run)
    monkeypatch.setattr(module.grp, "getgrnam", lambda name: {"spi": 990}[name])
    monkeypatch.setattr(module.shutil, "which", lambda name: f"/usr/bin/{name}")
    return module


@pytest.mark.parametrize(
    ("settings", "page", "wanted"),
    [
        (None, None, False),
        ("", None, False),
        (RGB, None, False),
        (STRIP, None, True),
        (f"\ufeff{STRIP}", None, True),  # some editors put a mark at the beginning
        (RGB, STRIP, True),
        (STRIP, RGB, False),
        (STRIP, "[music]\nat_start = true\n", True),
        (STRIP, "broken", True),
        ("[panel]\nkind = 3\n", None, False),
        ("panel = 3\n", None, False),
    ],
)
def test_a_strip_is_wanted_where_the_settings_or_the_page_say_so(
    strip: ModuleType, settings: str | None, page: str | None, wanted: bool
) -> None:
    for file, content in ((strip.SETTINGS, settings), (strip.SET_ON_THE_PAGE, page)):
        if content is not None:
            file.write_text(content)
    assert strip.wanted() is wanted


@pytest.mark.parametrize("kind", ["pipe", "link"])
def test_a_pipe_or_a_link_in_place_of_what_the_page_has_set_is_not_read(strip: ModuleType, kind: str) -> None:
    if kind == "pipe":
        os.mkfifo(strip.SET_ON_THE_PAGE)
    else:
        other = strip.SETTINGS.with_name("other")
        other.write_text(STRIP)
        strip.SET_ON_THE_PAGE.symlink_to(other)
    assert not strip.wanted()


def test_the_sandbox_opens_and_closes_with_the_setting(
    strip: ModuleType, commands: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    strip.SETTINGS.write_text(STRIP)
    strip.apply()
    assert "DeviceAllow=char-spi rw" in strip.DROP_IN.read_text()
    assert "raspi-config nonint do_spi 0" in commands
    assert commands[-2:] == ["systemctl daemon-reload", "systemctl restart moodbox.service"]
    strip.SETTINGS.write_text(RGB)
    strip.apply()
    assert not strip.DROP_IN.parent.exists()
    assert 'this box has no strip: for one, set kind = "strip"' in capsys.readouterr().out


def test_a_box_without_a_strip_is_left_as_it_is(strip: ModuleType, commands: list[str]) -> None:
    strip.keep(REPOSITORY)
    assert not strip.DROP_IN.parent.exists()
    assert commands == []


def test_on_a_machine_without_the_group_the_unit_stays_as_it_is_because_it_would_not_start(
    strip: ModuleType, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(strip.grp, "getgrnam", {}.__getitem__)
    strip.SETTINGS.write_text(STRIP)
    strip.keep(REPOSITORY)
    assert not strip.DROP_IN.exists()
    assert "this machine has no group spi" in capsys.readouterr().out


def test_a_release_that_knows_no_strips_takes_the_devices_from_the_service(
    strip: ModuleType, tmp_path: Path
) -> None:
    strip.SETTINGS.write_text(STRIP)
    strip.keep(REPOSITORY)
    assert strip.DROP_IN.exists()
    strip.keep(tmp_path)
    assert not strip.DROP_IN.exists()


def test_the_check_of_a_release_has_the_strips_sandbox_too(
    strip: ModuleType, monkeypatch: pytest.MonkeyPatch
) -> None:
    sandbox = importlib.import_module("sandbox")
    monkeypatch.setattr(sandbox, "UNITS", strip.DROP_IN.parent.parent)
    strip.SETTINGS.write_text(STRIP)
    strip.keep(REPOSITORY)
    assert {"DeviceAllow=char-spi rw", "SupplementaryGroups=spi"} <= set(sandbox.properties(REPOSITORY))
