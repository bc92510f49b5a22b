"""The unit for Home Assistant comes with each release, and runs while a broker is set."""

from __future__ import annotations

import importlib
import shutil
import time
from pathlib import Path
from types import ModuleType, SimpleNamespace

import pytest

from tests.deploy.machine import REPOSITORY, Machine, Source


@pytest.fixture
def ran() -> list[str]:
    return []


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, ran: list[str]) -> ModuleType:
    """Return deploy/box/services/home.py with its files here, which runs nothing."""
    monkeypatch.syspath_prepend(REPOSITORY / "deploy" / "box")
    module = importlib.import_module("services.home")
    monkeypatch.setattr(module, "SERVICE", tmp_path / "units" / module.SERVICE.name)
    monkeypatch.setattr(module, "USERS", tmp_path / "sysusers" / module.USERS.name)
    monkeypatch.setattr(module, "STATE", tmp_path)

    def run(*words: object, check: bool = True) -> SimpleNamespace:
        ran.append(" ".join(map(str, words)))
        return SimpleNamespace(stdout="", returncode=0)

    monkeypatch.setattr(module, "run", run)
    return module


def test_a_release_brings_its_unit_and_its_user(home: ModuleType, ran: list[str]) -> None:
    home.install(REPOSITORY)
    assert home.SERVICE.read_text() == (REPOSITORY / "systemd/moodbox-home.service").read_text()
    assert home.USERS.read_text() == (REPOSITORY / "systemd/moodbox-home.sysusers.conf").read_text()
    assert ran[-1] == "systemctl restart --no-block moodbox-home.service"
    assert f"systemd-sysusers {home.USERS}" in ran


def test_a_release_that_does_not_know_it_takes_it_away(home: ModuleType, tmp_path: Path) -> None:
    home.install(REPOSITORY)
    old = tmp_path / "old"
    shutil.copytree(REPOSITORY / "systemd", old / "systemd")
    (old / "systemd/moodbox-home.service").unlink()
    home.install(old)
    assert not home.SERVICE.exists()
    assert not home.USERS.exists()


def test_a_box_that_was_announced_is_removed_from_home_assistant(
    home: ModuleType, ran: list[str], tmp_path: Path
) -> None:
    home.install(REPOSITORY)
    home.remove()
    assert not [command for command in ran if "--remove" in command]
    (tmp_path / "announced.json").touch()
    home.remove()
    assert [command for command in ran if command.endswith(f"-m home --remove --state {tmp_path}")]
    assert not home.SERVICE.exists()


@pytest.mark.machine
def test_it_runs_once_a_broker_is_set(machine: Machine, source: Source) -> None:
    source.deploy(machine)
    assert machine.run("systemctl is-active moodbox-home", check=False).strip() == "inactive"
    lines = b'[home]\nbroker = "mqtt://127.0.0.1:1"\n'  # the machine's own settings have no such table
    machine.run("sudo tee -a /etc/moodbox/moodbox.toml", stdin=lines)
    machine.run("sudo systemctl restart moodbox-home")
    log = "sudo journalctl --unit moodbox-home --output cat"
    said = ""
    for _ in range(60):
        said = machine.run(log)
        if "cannot connect: Connection refused" in said:
            break
        time.sleep(1)
    assert "cannot connect: Connection refused" in said
    assert machine.run("systemctl show --property User --value moodbox-home").strip() == "moodbox-home"
