"""Releases on the box, as far as no machine is needed: their order, uploads, digests, a full disk."""

from __future__ import annotations

import contextlib
import errno
import fcntl
import importlib
import importlib.util
import os
import shutil
import subprocess
from pathlib import Path
from types import ModuleType

import pytest

from device.cli import status_text
from tests.deploy.machine import REPOSITORY, release_module


def module(monkeypatch: pytest.MonkeyPatch, name: str) -> ModuleType:
    monkeypatch.syspath_prepend(REPOSITORY / "deploy" / "box")
    return importlib.import_module(name)


@pytest.fixture
def releases(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    """Return deploy/box/releases.py with its folders here."""
    found = module(monkeypatch, "releases")
    for name, path in (("ROOT", "."), ("RELEASES", "releases"), ("CURRENT", "current")):
        monkeypatch.setattr(found, name, tmp_path / path)
    found.RELEASES.mkdir()
    monkeypatch.setattr(found.environments, "RELEASES", found.RELEASES)
    monkeypatch.setattr(found.environments, "ENVIRONMENTS", tmp_path / "environments")
    return found


def arrived(releases: ModuleType) -> tuple[Path, str]:
    """A release as deploy.sh leaves it on the box, and its name."""
    incoming = releases.ROOT / "incoming.abc"
    for path in module_files(releases):
        target = incoming / path.relative_to(REPOSITORY)
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(path, target)
    (incoming / "wheels").mkdir()
    return incoming, str(release_module().name("3.11"))


def main_module(monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    """Return deploy/box/__main__.py, loaded under another name."""
    monkeypatch.syspath_prepend(REPOSITORY / "deploy" / "box")
    spec = importlib.util.spec_from_file_location("deploy_box", REPOSITORY / "deploy/box/__main__.py")
    assert spec
    assert spec.loader
    box = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(box)
    return box


def module_files(releases: ModuleType) -> list[Path]:
    found: list[Path] = importlib.import_module("release_files").files(REPOSITORY)
    return found


def test_the_order_of_releases_does_not_depend_on_the_clock(releases: ModuleType) -> None:
    """A Pi has no clock that runs while it is off."""
    times = {"first": 3e9, "second": 1e9, "third": 2e9}
    for name, moment in times.items():
        (releases.RELEASES / name).mkdir()
        releases.prove(name)
        os.utime(releases.RELEASES / name / ".proven", (moment, moment))
    assert releases.proven() == ["third", "second", "first"]
    releases.prove("first")
    assert releases.proven() == ["first", "third", "second"]


def test_marks_of_older_versions_are_older_and_in_the_order_of_their_times(releases: ModuleType) -> None:
    for name, moment in (("a", 2e9), ("b", 3e9)):
        (releases.RELEASES / name).mkdir()
        (releases.RELEASES / name / ".proven").touch()
        os.utime(releases.RELEASES / name / ".proven", (moment, moment))
    (releases.RELEASES / "c").mkdir()
    releases.prove("c")
    assert releases.proven() == ["c", "b", "a"]


@pytest.mark.parametrize("arriving", [True, False])
def test_only_uploads_that_nobody_sends_any_more_are_deleted(releases: ModuleType, arriving: bool) -> None:
    mine, other = releases.ROOT / "incoming.mine", releases.ROOT / "incoming.other"
    for folder in (mine, other, releases.RELEASES / "half"):
        folder.mkdir()
    held = os.open(other, os.O_RDONLY)
    if arriving:
        fcntl.flock(held, fcntl.LOCK_EX)
    releases.delete_unproven(keep=mine)
    os.close(held)
    assert mine.exists()
    assert other.exists() is arriving
    assert not (releases.RELEASES / "half").exists()


def test_a_release_is_what_its_name_says(releases: ModuleType, monkeypatch: pytest.MonkeyPatch) -> None:
    incoming, name = arrived(releases)

    def run(*words: object, **_: object) -> None:
        raise KeyError(words[1])

    monkeypatch.setattr(releases.environments, "run", run)
    with pytest.raises(KeyError, match="-m"):  # it goes on to the virtual environment, which is not made here
        releases.create(incoming, name)
    assert (releases.RELEASES / name / "device").is_dir()


@pytest.mark.parametrize("damage", ["a byte", "a file less", "a file more"])
def test_what_was_damaged_on_the_way_is_not_installed(releases: ModuleType, damage: str) -> None:
    incoming, name = arrived(releases)
    file = incoming / "device" / "__init__.py"
    if damage == "a byte":
        file.write_bytes(file.read_bytes() + b"\n")
    elif damage == "a file less":
        file.unlink()
    else:
        (incoming / "device" / "more.py").touch()
    with pytest.raises(Exception, match="damaged on the way") as raised:
        releases.create(incoming, name)
    assert getattr(raised.value, "code", None) == 3
    assert not incoming.exists()
    assert list(releases.RELEASES.iterdir()) == []


def test_a_full_disk_while_a_release_is_made_is_said_as_such(
    releases: ModuleType, monkeypatch: pytest.MonkeyPatch
) -> None:
    incoming, name = arrived(releases)

    def run(*words: object, **_: object) -> None:
        raise subprocess.CalledProcessError(1, "pip", stderr=f"ERROR: {os.strerror(errno.ENOSPC)}\n")

    monkeypatch.setattr(releases.environments, "run", run)
    with pytest.raises(Exception, match="No space left") as raised:
        releases.create(incoming, name)
    assert getattr(raised.value, "code", None) == 5
    assert list((releases.ROOT / "environments").iterdir()) == []


class Installer:
    """Stands for venv and pip: makes the folders that they would make."""

    def __init__(self, releases: ModuleType) -> None:
        self.installed: list[str] = []
        self._environments = releases.environments

    def run(self, *words: object, **_: object) -> subprocess.CompletedProcess[str]:
        python = Path(str(words[0]))
        if "venv" in words:
            (Path(str(words[-1])) / "bin").mkdir(parents=True)
        elif "install" in words:
            self.installed.append(python.parent.parent.name)
        packages = python.parent.parent / "packages"
        if "-c" in words:
            packages.mkdir(exist_ok=True)
        return subprocess.CompletedProcess([], 0, f"{packages}\n", "")

    def provide(self, release: Path, lock: str, *, sent: bool = True) -> None:
        (release / "lock").mkdir(parents=True)
        (release / "lock/device.txt").write_text(lock)
        if sent:
            (release / "wheels").mkdir()
        self._environments.provide(release)


@pytest.fixture
def installer(releases: ModuleType, monkeypatch: pytest.MonkeyPatch) -> Installer:
    installer = Installer(releases)
    monkeypatch.setattr(releases.environments, "run", installer.run)
    return installer


def test_releases_with_the_same_lock_file_share_their_packages(
    releases: ModuleType, installer: Installer
) -> None:
    installer.provide(releases.RELEASES / "a", "numpy==1")
    installer.provide(releases.RELEASES / "b", "numpy==1", sent=False)
    installer.provide(releases.RELEASES / "c", "numpy==2")
    assert len(installer.installed) == 2
    for name, environment in zip("abc", [installer.installed[0], *installer.installed], strict=True):
        release = releases.RELEASES / name
        assert (release / "venv/packages/moodbox.pth").read_text().splitlines() == [
            str(release),
            str(releases.ROOT / "environments" / environment / "packages"),
        ]
        assert not (release / "wheels").exists()


def test_packages_go_with_the_last_release_that_needs_them(
    releases: ModuleType, installer: Installer
) -> None:
    for name, lock in (("a", "numpy==1"), ("b", "numpy==2"), ("c", "numpy==1")):
        installer.provide(releases.RELEASES / name, lock)
    one, two = installer.installed
    environments = releases.ROOT / "environments"
    shutil.rmtree(releases.RELEASES / "a")
    releases.environments.delete_unused()
    assert {path.name for path in environments.iterdir()} == {one, two}
    shutil.rmtree(releases.RELEASES / "b")
    releases.environments.delete_unused()
    assert [path.name for path in environments.iterdir()] == [one]


def test_half_an_environment_is_made_again(releases: ModuleType, installer: Installer) -> None:
    installer.provide(releases.RELEASES / "a", "numpy==1")
    [name] = installer.installed
    (releases.ROOT / "environments" / name / ".complete").unlink()  # as a power cut leaves it
    installer.provide(releases.RELEASES / "b", "numpy==1")
    assert installer.installed == [name, name]


def test_packages_that_are_neither_here_nor_sent_are_asked_for_again(
    releases: ModuleType, installer: Installer
) -> None:
    with pytest.raises(Exception, match="try again, to send them") as raised:
        installer.provide(releases.RELEASES / "a", "numpy==1", sent=False)
    assert getattr(raised.value, "code", None) == 3


def test_half_a_release_is_deleted_whatever_ends_its_making(
    tmp_path: Path, releases: ModuleType, monkeypatch: pytest.MonkeyPatch
) -> None:
    box, installation = main_module(monkeypatch), module(monkeypatch, "installation")

    def create(incoming: Path, name: str) -> Path:
        (releases.RELEASES / name).mkdir()
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(installation, "configure_mpd", lambda *_, **__: None)
    monkeypatch.setattr(installation, "create", create)
    monkeypatch.setattr(installation, "RELEASES", releases.RELEASES)
    monkeypatch.setattr(installation.preflight, "install_packages", lambda: None)
    monkeypatch.setattr(box.health_check, "environment_faults", set)
    monkeypatch.setattr(box, "deploy_lock", contextlib.nullcontext)
    monkeypatch.setattr(box, "validate", lambda *_: None)
    (tmp_path / "incoming.abc").mkdir()
    assert box.main("install", str(tmp_path / "incoming.abc"), "new") == 5
    assert list(releases.RELEASES.iterdir()) == []


def test_others_can_read_what_root_installs_whatever_roots_mask_is(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    box = main_module(monkeypatch)
    monkeypatch.setitem(box.VERBS, "switch", lambda name: (tmp_path / name).touch())
    monkeypatch.setattr(box, "deploy_lock", contextlib.nullcontext)
    before = os.umask(0o077)
    try:
        assert box.main("switch", "new") == 0
    finally:
        os.umask(before)
    assert (tmp_path / "new").stat().st_mode & 0o777 == 0o644


def test_a_redeploy_installs_packages_that_are_missing(
    releases: ModuleType, monkeypatch: pytest.MonkeyPatch
) -> None:
    installation, done = module(monkeypatch, "installation"), []
    monkeypatch.setattr(installation.preflight, "install_packages", lambda: done.append("packages"))
    monkeypatch.setattr(installation, "configure_mpd", lambda *_, **__: done.append("MPD"))
    monkeypatch.setattr(installation, "last_proven", lambda: None)
    monkeypatch.setattr(installation.health_check, "switch_to", lambda *_: done.append("switch"))
    monkeypatch.setattr(installation, "accept", lambda *_: done.append("accept"))
    installation.switch("new")
    assert done == ["packages", "MPD", "switch", "accept"]


@pytest.mark.parametrize("there", [True, False])
def test_the_way_back_is_exchanged_in_one_step(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, there: bool
) -> None:
    exchange = module(monkeypatch, "exchange")
    new, target = tmp_path / "new", tmp_path / "box"
    new.mkdir()
    (new / "new").touch()
    if there:
        target.mkdir()
        (target / "old").touch()
    exchange.put_in_place(new, target)
    assert [path.name for path in target.iterdir()] == ["new"]
    assert new.exists() is there


@pytest.mark.parametrize("raspberry", [True, False])
def test_the_pis_packages_are_installed_on_raspberry_pi_os_alone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, raspberry: bool
) -> None:
    """Debian on ARM has no Picamera2."""
    preflight = module(monkeypatch, "preflight")
    asked: list[str] = []

    def installed(package: str) -> bool:
        asked.append(package)
        return True

    monkeypatch.setattr(preflight, "_installed", installed)
    monkeypatch.setattr(preflight, "RASPBERRY_PI_OS", tmp_path / "rpi-issue")
    if raspberry:
        (tmp_path / "rpi-issue").touch()
    preflight.install_packages()
    assert ("python3-picamera2" in asked) is raspberry


def test_the_emulated_pi_is_raspberry_pi_os_to_a_deploy(monkeypatch: pytest.MonkeyPatch) -> None:
    file = module(monkeypatch, "preflight").RASPBERRY_PI_OS.relative_to("/")
    assert (REPOSITORY / "tests/pi/image/root" / file).exists()
    assert f"/{file}" in (REPOSITORY / "deploy/probe.sh").read_text()


def test_the_status_of_the_releases_begins_in_the_column_of_moodbox_status(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    box = main_module(monkeypatch)
    monkeypatch.setattr(box, "current", lambda: "1")
    monkeypatch.setattr(box, "proven", lambda: ["1", "2"])
    monkeypatch.setattr(box.keys, "described", lambda: ["a key"])
    status = "\n".join(status_text.lines({"trouble": {"camera": "none"}}))
    monkeypatch.setattr(box, "run", lambda *_, **__: subprocess.CompletedProcess([], 0, stdout=status))
    box.status()
    said = capsys.readouterr().out.splitlines()
    assert said[:3] == ["runs       1", "kept       2", "key        a key"]
    assert "trouble    camera: none" in said
