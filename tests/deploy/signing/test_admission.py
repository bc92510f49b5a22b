"""The code of a release runs on the box once its signature is verified, and not before."""

from __future__ import annotations

import importlib
from pathlib import Path
from types import ModuleType

import pytest

from tests.deploy.signing.conftest import Deployer

CODE = """\
import sys
from pathlib import Path

incoming = Path(sys.argv[2])
incoming.rename(incoming.with_name("release"))  # as an installation does
print(*sys.argv[1:])
print("FAILED it is flooded")
sys.exit(8)
"""


@pytest.fixture
def with_code(incoming: Path) -> Path:
    """A release that has arrived, whose own code says how it was called, and fails."""
    (incoming / "deploy/box/__main__.py").write_text(CODE)
    (incoming / "manifest").write_bytes(importlib.import_module("release_files").manifest(incoming))
    return incoming


def test_the_releases_own_code_installs_it_and_says_why_it_fails(
    signing: ModuleType, with_code: Path, anna: Deployer, capsys: pytest.CaptureFixture[str]
) -> None:
    signing.keys.add(*anna.words)
    anna.sign(with_code)
    capsys.readouterr()
    with pytest.raises(Exception, match=r"^it is flooded$") as raised:
        importlib.import_module("signing.admission").admit(str(with_code), "1.0")
    assert getattr(raised.value, "code", None) == 8
    assert capsys.readouterr().out == f"install {with_code} 1.0\n"


def test_nothing_of_a_release_that_is_refused_is_run(
    signing: ModuleType, with_code: Path, anna: Deployer, ben: Deployer, capsys: pytest.CaptureFixture[str]
) -> None:
    signing.keys.add(*anna.words)
    ben.sign(with_code)
    capsys.readouterr()
    with pytest.raises(Exception, match="a key that this box does not know"):
        importlib.import_module("signing.admission").admit(str(with_code), "1.0")
    assert capsys.readouterr().out == ""
    assert not with_code.with_name("release").exists()
