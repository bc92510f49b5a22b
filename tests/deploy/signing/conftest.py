from __future__ import annotations

import importlib
import subprocess
from pathlib import Path
from types import ModuleType

import pytest

from tests.deploy.machine import REPOSITORY


@pytest.fixture
def keys(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    """Return deploy/box/signing/keys.py with its file here."""
    monkeypatch.syspath_prepend(REPOSITORY / "deploy" / "box")
    module = importlib.import_module("signing.keys")
    monkeypatch.setattr(module, "SIGNERS", tmp_path / "etc" / "release_signers")
    return module


@pytest.fixture
def signing(keys: ModuleType) -> ModuleType:
    """Return deploy/box/signing/release.py."""
    return importlib.import_module("signing.release")


class Deployer:
    """Somebody with a key of SSH."""

    def __init__(self, folder: Path, name: str, kind: str = "ed25519") -> None:
        self.private = folder / name
        words = ["-q", "-t", kind, "-N", "", "-C", f"{name} at home", "-f", str(self.private)]
        subprocess.run(["ssh-keygen", *words], check=True)
        self.public = folder / f"{name}.pub"

    @property
    def words(self) -> list[str]:
        """The kind and the content of the public key."""
        return self.public.read_text().split()[:2]

    @property
    def fingerprint(self) -> str:
        """As ssh-keygen prints it."""
        words = ["ssh-keygen", "-l", "-f", str(self.public)]
        return subprocess.run(words, capture_output=True, check=True, text=True).stdout.split()[1]

    def sign(self, incoming: Path, namespace: str = "moodbox-release") -> None:
        """Sign a release in a folder."""
        words = ["ssh-keygen", "-Y", "sign", "-f", str(self.private), "-n", namespace]
        manifest = (incoming / "manifest").read_bytes()
        done = subprocess.run(words, input=manifest, capture_output=True, check=True)
        (incoming / "manifest.sig").write_bytes(done.stdout)


@pytest.fixture
def anna(tmp_path: Path) -> Deployer:
    return Deployer(tmp_path, "anna")


@pytest.fixture
def ben(tmp_path: Path) -> Deployer:
    return Deployer(tmp_path, "ben", "ecdsa")


@pytest.fixture
def incoming(signing: ModuleType, tmp_path: Path) -> Path:
    """A small release that has arrived, with its manifest and a package."""
    folder = tmp_path / "incoming.abc"
    for name, content in (
        ("device/__init__.py", '__version__ = "1"\n'),
        ("deploy/box/__main__.py", "print('hello')\n"),
        ("lock/device.txt", "numpy==1\n"),
        ("wheels/numpy.whl", "a package"),
    ):
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(content)
    (folder / "manifest").write_bytes(importlib.import_module("release_files").manifest(folder))
    return folder
