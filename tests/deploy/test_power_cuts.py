"""A power cut at each single step by which a release and its packages come and go."""

from __future__ import annotations

import importlib
import os
import shutil
import sys
from pathlib import Path
from types import ModuleType

import pytest

from tests.deploy import test_workstation as workstation
from tests.deploy.machine import environment_of
from tests.deploy.test_releases import Installer, releases
from tests.device.fuzzing import FUZZING

__all__ = ["releases"]  # a fixture

CUT, DONE = 99, 0
CHANGES = ("os.mkdir", "os.rename", "os.remove", "os.rmdir", "os.symlink", "os.chmod", "shutil.rmtree")


def arrive(releases: ModuleType, version: int, lock: str) -> tuple[Path, str]:
    """Let a small release arrive, with the packages of its lock file; return its folder and its name."""
    incoming = releases.ROOT / "incoming.abc"
    shutil.rmtree(incoming, ignore_errors=True)
    files = {"lock/device.txt": lock, "wheels/some.whl": "", "device/__init__.py": f"# {version}"}
    for name, content in files.items():
        (incoming / name).parent.mkdir(parents=True, exist_ok=True)
        (incoming / name).write_text(content)
    return incoming, f"1-py311-{importlib.import_module('release_files').digest(incoming)}"


def deploy(releases: ModuleType, version: int, lock: str) -> str:
    """Take the steps of a deploy that concern files, as installation.py does; return the release's name."""
    incoming, name = arrive(releases, version, lock)
    releases.delete_unproven(keep=incoming)
    if name not in releases.proven():
        releases.create(incoming, name)
    releases.link_to(name)
    releases.prove(name)
    releases.delete_oldest()
    return name


def cut_off(step: int, releases: ModuleType, version: int, lock: str) -> bool:
    """Deploy in a process that ends before its change number `step`; tell whether it has ended there."""
    child = os.fork()
    if not child:
        count = 0

        def watch(event: str, details: tuple[object, ...]) -> None:
            nonlocal count
            is_write = event == "open" and isinstance(details[1], str) and "w" in details[1]
            if event in CHANGES or is_write:
                count += 1
                if count == step:
                    os._exit(CUT)

        try:
            sys.addaudithook(watch)
            deploy(releases, version, lock)
        except BaseException:
            os._exit(1)
        os._exit(DONE)
    code = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
    assert code in (CUT, DONE)
    return code == CUT


def check(releases: ModuleType) -> None:
    """Check that each release that may be started has all its packages."""
    startable = {*releases.proven(), releases.current()} - {None}
    for name in startable:
        release = releases.RELEASES / name
        lines = (release / "venv/packages/moodbox.pth").read_text().splitlines()
        assert lines[0] == str(release)
        assert (Path(lines[1]) / "some").exists()
        assert (release / "environment/.complete").exists()
        assert (release / "venv/bin/moodbox").exists()


@pytest.fixture
def box(releases: ModuleType, monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    """Return deploy/box/releases.py with three releases, and with quick stand-ins for venv and pip."""
    installer = Installer(releases)

    def run(*words: object, **_: object) -> object:
        done = installer.run(*words)
        if "install" in words:
            packages = Path(str(words[0])).parent.parent / "packages"
            packages.mkdir()
            for name in ("other", "some"):
                (packages / name).write_text("")
        return done

    for module in (releases, releases.environments):
        monkeypatch.setattr(module, "run", run)
    monkeypatch.setattr(os, "sync", lambda: None)
    for number in (1, 2, 3):
        deploy(releases, number, f"numpy=={number}")
    check(releases)
    return releases


@pytest.mark.fuzz
@pytest.mark.parametrize("lock", ["numpy==3", "numpy==4"], ids=["packages that are there", "new packages"])
def test_a_release_that_may_be_started_has_all_its_packages_wherever_the_power_goes(
    box: ModuleType, tmp_path: Path, lock: str
) -> None:
    """The next deploy then works, and leaves nothing of the one that was cut off."""
    newest = box.current()
    before, folders = tmp_path / "before", ("releases", "environments")
    for folder in folders:
        shutil.copytree(box.ROOT / folder, before / folder, symlinks=True)
    step = 1
    while cut_off(step, box, 4, lock):
        check(box)
        name = deploy(box, 5, "numpy==5")
        check(box)
        assert box.current() == name
        linked = {(path / "environment").readlink().name for path in box.RELEASES.iterdir()}
        assert {path.name for path in (box.ROOT / "environments").iterdir()} == linked
        assert len(linked) <= box.KEPT_RELEASES
        for folder in folders:
            shutil.rmtree(box.ROOT / folder)
            shutil.copytree(before / folder, box.ROOT / folder, symlinks=True)
        box.link_to(newest)
        step += 1 if FUZZING else 3
    assert step > 20


def test_what_deploys_have_left_is_deleted_before_a_disk_counts_as_full(tmp_path: Path) -> None:
    """As after a power cut while 900 MB of packages were installed."""
    environment = environment_of("3.13")
    ssh = tmp_path / "ssh"
    ssh.write_text(
        workstation.SSH.replace(
            "*) exit 1 ;;", '*" clean") cat >/dev/null; touch {folder}/cleaned ;;\n*) exit 1 ;;'
        )
        .replace(
            "free=9999",
            f"free=$([ -e {{folder}}/cleaned ] && echo 150 || echo 20) environments={environment}",
        )
        .replace("{folder}", str(tmp_path))
    )
    ssh.chmod(0o755)
    assert workstation.deploy("--dry-run", "two", ssh=str(ssh)).returncode == 5
    assert not (tmp_path / "cleaned").exists()
    workstation.deploy("two", ssh=str(ssh))
    assert (tmp_path / "cleaned").exists()
    assert (tmp_path / "two").exists()  # the release was sent


def test_a_disk_on_which_nothing_can_be_deleted_is_full(tmp_path: Path) -> None:
    ssh = tmp_path / "ssh"
    ssh.write_text(workstation.SSH.replace("{folder}", str(tmp_path)).replace("free=9999", "free=20"))
    ssh.chmod(0o755)
    done = workstation.deploy("two", ssh=str(ssh))
    assert (done.returncode, done.stderr.count("\n")) == (5, 1)
    assert "two has 20 MB free for /opt and a deploy needs 900" in done.stderr
