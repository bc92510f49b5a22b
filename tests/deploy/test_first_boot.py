"""The installation from a card's boot partition, as far as no machine is needed to see it."""

from __future__ import annotations

import importlib
import os
import re
import subprocess
import sys
import tarfile
from pathlib import Path
from types import ModuleType

import pytest

from tests.deploy.machine import REPOSITORY, release_module


class Recorded:
    """Lights that only say what they were asked for."""

    def __init__(self) -> None:
        self.shown: list[str] = []

    def show(self, indication: str, mood: str = "") -> None:
        self.shown.append(f"{indication} {mood}".strip())

    def close(self) -> None:
        self.shown.append("closed")


@pytest.fixture
def first_boot(partition: ModuleType, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    """Return deploy/box/boot/first_boot.py with its folders here, on a machine without moodbox."""
    module = importlib.import_module("boot.first_boot")
    for name in ("ROOT", "FILES", "MUSIC"):
        monkeypatch.setattr(module, name, tmp_path / name)
        (tmp_path / name).mkdir()
    monkeypatch.setattr(module, "current", lambda: None)
    monkeypatch.setattr(module, "proven", list)
    return module


def test_what_may_pass_is_tried_again_and_the_card_says_what_is_missing(
    first_boot: ModuleType, monkeypatch: pytest.MonkeyPatch, partition: ModuleType
) -> None:
    lights, waited, log = Recorded(), [], partition.BOOT / "moodbox-log.txt"
    failures = [first_boot.DeployError(first_boot.APT, "no internet")] * 5
    said = []

    def install(*_: object) -> None:
        if failures:
            raise failures.pop()
        first_boot.report("installed")

    def wait(seconds: float) -> None:
        waited.append(seconds)
        said.append(log.read_text())

    monkeypatch.setattr(first_boot, "Lights", lambda *_, **__: lights)
    monkeypatch.setattr(first_boot, "install_from", install)
    monkeypatch.setattr(first_boot.time, "sleep", wait)
    first_boot.run_until_done()
    assert waited == [10, 20, 40, 60, 60]
    assert set(said) == {"FAILED no internet\nthis is tried again in a moment\n"}
    assert lights.shown == ["trouble"] * 5
    assert log.read_text() == "installed\n"


@pytest.mark.parametrize("code", ["LOST", "UNSUITABLE", "NO_SPACE", "UNHEALTHY"])
def test_what_does_not_pass_waits_with_the_lights_in_trouble(
    first_boot: ModuleType, monkeypatch: pytest.MonkeyPatch, partition: ModuleType, code: str
) -> None:
    class PowerCutError(Exception):
        pass

    def fail(*_: object) -> None:
        raise first_boot.DeployError(getattr(importlib.import_module("common"), code), "no")

    def wait(_: object) -> None:
        raise PowerCutError

    lights = Recorded()
    monkeypatch.setattr(first_boot, "Lights", lambda *_, **__: lights)
    monkeypatch.setattr(first_boot, "install_from", fail)
    monkeypatch.setattr(first_boot.threading.Event, "wait", wait)
    with pytest.raises(PowerCutError):
        first_boot.run_until_done()
    assert lights.shown == ["trouble"]
    said = (partition.BOOT / "moodbox-log.txt").read_text()
    assert said == "FAILED no\nthis is tried again when the Pi is switched on again\n"


@pytest.fixture
def card(
    first_boot: ModuleType, partition: ModuleType, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Path:
    """Return a card's folder with a release and songs; the steps of an installation only note their names."""
    card: Path = partition.BOOT / "moodbox"
    card.mkdir()
    python = f"py{sys.version_info.major}{sys.version_info.minor}"
    (card / "name").write_text(f"1.0-{python}-abc\n")
    for name in ("release", "music"):
        (tmp_path / f"{name} file").touch()
        with tarfile.open(card / f"{name}.tar", "w") as tar:
            tar.add(tmp_path / f"{name} file", f"{name} file")
    steps: list[str] = []
    monkeypatch.setattr(first_boot, "deploy_lock", importlib.import_module("contextlib").nullcontext)
    for module, name in (
        (first_boot.preflight, "install_packages"),
        (first_boot.preflight, "create_user"),
        (first_boot.page, "switch_on"),
    ):
        monkeypatch.setattr(module, name, lambda *_, name=name: steps.append(name))

    def install(incoming: str, name: str, before_check: object) -> None:
        assert callable(before_check)
        before_check()
        steps.append(f"install {name} with {' '.join(file.name for file in Path(incoming).iterdir())}")

    monkeypatch.setattr(first_boot, "install", install)
    monkeypatch.setattr(first_boot, "steps", steps, raising=False)
    return card


def test_a_box_that_knows_a_key_runs_nothing_of_the_card_before_it_is_verified(
    first_boot: ModuleType, card: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(first_boot.keys, "known", lambda: "a key\n")
    monkeypatch.setattr(first_boot, "admit", lambda _, name: first_boot.steps.append(f"admit {name}"))
    name = (card / "name").read_text().strip()
    first_boot.install_from(card, Recorded())
    assert first_boot.steps == ["install_packages", f"admit {name}", "switch_on"]
    unit = (REPOSITORY / "systemd/moodbox-first-boot.service").read_text()
    for line in re.findall(r"^ExecStart.*", unit, re.MULTILINE):
        assert "[ -s /etc/moodbox/release_signers ]" in line.replace("[ ! -s", "[ -s")


def test_the_release_of_the_card_is_installed_shown_by_the_lights_and_deleted_there(
    first_boot: ModuleType, card: Path, partition: ModuleType
) -> None:
    (partition.BOOT / "moodbox.toml").write_text("# mine\n")
    lights, name = Recorded(), (card / "name").read_text().strip()
    first_boot.install_from(card, lights)
    assert first_boot.steps == [
        "install_packages",
        "create_user",
        f"install {name} with release file",
        "switch_on",
    ]
    assert lights.shown == ["starting sad", "starting neutral", "starting happy", "closed"]
    assert list(card.iterdir()) == []
    assert [file.name for file in first_boot.MUSIC.iterdir()] == ["music file"]
    assert partition.SETTINGS.read_text() == "# mine\n"


def test_a_release_that_runs_already_only_gets_its_page(
    first_boot: ModuleType, card: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The power was cut between the end of the installation and the deletion."""
    name = (card / "name").read_text().strip()
    monkeypatch.setattr(first_boot, "current", lambda: name)
    monkeypatch.setattr(first_boot, "proven", lambda: [name])
    first_boot.install_from(card, Recorded())
    assert first_boot.steps == ["switch_on"]
    assert list(card.iterdir()) == []


def test_a_damaged_release_or_one_for_another_system_is_said_and_stays(
    first_boot: ModuleType, card: Path
) -> None:
    archive = card / "release.tar"
    archive.write_bytes(archive.read_bytes()[:700])
    with pytest.raises(
        first_boot.DeployError, match=r"release\.tar on the card is damaged: run deploy/card\.sh again"
    ):
        first_boot.install_from(card, Recorded())
    (card / "name").write_text("1.0-py39-abc\n")
    with pytest.raises(first_boot.DeployError, match=r"1\.0-py39-abc is for another Raspberry Pi OS"):
        first_boot.install_from(card, Recorded())
    assert archive.exists()


def test_a_full_disk_is_no_damage(
    first_boot: ModuleType, card: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    tar = tmp_path / "programs/tar"
    tar.write_text("#!/bin/sh\necho 'tar: file: Cannot write: No space left on device' >&2\nexit 2\n")
    tar.chmod(0o755)
    with pytest.raises(subprocess.CalledProcessError) as full:
        first_boot.install_from(card, Recorded())
    assert first_boot.failure_of(full.value).code == 5


@pytest.fixture
def prepared(tmp_path: Path) -> Path:
    """Return a folder with first-boot.sh on a card, its paths here, and a release without packages."""
    card = tmp_path / "boot/moodbox"
    card.mkdir(parents=True)
    (tmp_path / "units").mkdir()
    script = (REPOSITORY / "deploy/first-boot.sh").read_text()
    for path, here in (
        ("/opt/moodbox", "opt"), ("/etc/systemd/system", "units"), ("/sys/class/leds/ACT/trigger", "light"),
    ):  # fmt: skip
        assert path in script
        script = script.replace(path, str(tmp_path / here))
    (card / "first-boot.sh").write_text(script)
    wheels = tmp_path / "wheels"
    wheels.mkdir()
    for name in ("gpiozero-2-py3", "colorzero-2-py3", "msgspec-0-cp3", "numpy-2-cp3"):
        (wheels / f"{name}.whl").touch()
    release_module().pack(card / "release.tar", wheels)
    programs = tmp_path / "bin"
    programs.mkdir()
    (programs / "systemctl").write_text(f'#!/bin/sh\necho "$*" >>{tmp_path}/systemctl\n')
    (programs / "systemctl").chmod(0o755)
    return tmp_path


def run_script(prepared: Path, *words: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        ["sh", prepared / "boot/moodbox/first-boot.sh", *words],
        check=False, capture_output=True, text=True,
        env=os.environ | {"PATH": f"{prepared / 'bin'}:{os.environ['PATH']}"},
    )  # fmt: skip


def test_the_script_of_the_card_prepares_the_installation_and_begins_it_only_if_asked(prepared: Path) -> None:
    """Bookworm's firstrun.sh must not begin: the Pi starts again after it."""
    done = run_script(prepared)
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
    enable = "enable --quiet --no-reload moodbox-first-boot.service moodbox-card.service\n"
    assert (prepared / "systemctl").read_text() == enable
    assert {file.name for file in (prepared / "units").iterdir()} == {
        "moodbox-card.service", "moodbox-first-boot.service",
    }  # fmt: skip
    unpacked = prepared / "opt/card"
    assert {file.name for file in (unpacked / "wheels").iterdir()} == {
        "gpiozero-2-py3.whl", "colorzero-2-py3.whl", "msgspec-0-cp3.whl",
    }  # fmt: skip
    assert (unpacked / "device/panel/progress.py").exists()
    (unpacked / "left-by-an-older-one").touch()
    assert run_script(prepared, "start").returncode == 0
    assert not (unpacked / "left-by-an-older-one").exists()
    assert (prepared / "systemctl").read_text() == (
        f"{enable}{enable}daemon-reload\nstart --no-block moodbox-first-boot.service\n"
    )


def test_a_systemd_that_is_too_busy_to_answer_is_asked_again(prepared: Path) -> None:
    (prepared / "bin/sleep").write_text("#!/bin/sh\n")
    (prepared / "bin/sleep").chmod(0o755)
    (prepared / "bin/systemctl").write_text(
        f'#!/bin/sh\necho "$*" >>{prepared}/systemctl\n'
        f'[ "$1" != daemon-reload ] || [ "$(grep -c reload {prepared}/systemctl)" = 4 ]\n'
    )
    assert run_script(prepared, "start").returncode == 0
    asked = (prepared / "systemctl").read_text().splitlines()
    assert asked[1:] == [*["daemon-reload"] * 3, "start --no-block moodbox-first-boot.service"]


def test_a_card_whose_release_is_cut_off_says_so_and_blinks(prepared: Path) -> None:
    archive = prepared / "boot/moodbox/release.tar"
    archive.write_bytes(archive.read_bytes()[: archive.stat().st_size // 2])
    assert run_script(prepared, "start").returncode == 1
    said = "The files of moodbox on this card are damaged: run deploy/card.sh again.\n"
    assert (prepared / "boot/moodbox-log.txt").read_text() == said
    assert (prepared / "light").read_text() == "timer\n"
    assert not (prepared / "systemctl").exists()


def test_a_deploy_keeps_the_units_of_a_card_as_new_as_the_release_and_gives_them_to_no_other_box(
    box: None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    card = importlib.import_module("services.card")
    units = [tmp_path / name for name in ("moodbox-card.service", "moodbox-first-boot.service")]
    monkeypatch.setattr(card, "READER", units[0])
    monkeypatch.setattr(card, "INSTALLER", units[1])
    monkeypatch.setattr(card, "run", lambda *_, **__: None)
    card.keep(REPOSITORY)
    assert not any(unit.exists() for unit in units)
    for unit in units:
        unit.write_text("# older\n")
    card.keep(REPOSITORY)
    assert [unit.read_text() for unit in units] == [
        (REPOSITORY / "systemd" / unit.name).read_text() for unit in units
    ]
    card.remove()
    assert not any(unit.exists() for unit in units)
