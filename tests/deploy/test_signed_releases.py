"""Signed releases on a real machine, over SSH."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.deploy.machine import Machine, Source
from tests.deploy.signing.conftest import Deployer

pytestmark = pytest.mark.machine
SIGNERS = "/etc/moodbox/release_signers"
MARK = "/tmp/arrived-code-was-run"


@pytest.fixture
def anna(tmp_path: Path) -> Deployer:
    return Deployer(tmp_path, "anna")


@pytest.fixture
def ben(tmp_path: Path) -> Deployer:
    return Deployer(tmp_path, "ben")


@pytest.fixture
def box(machine: Machine) -> Iterator[Machine]:
    """A box that knows no key, before the test and after it."""
    machine.run(f"sudo rm -f {SIGNERS} {MARK}")
    yield machine
    machine.run(f"sudo rm -f {SIGNERS} {MARK}")


def test_a_box_takes_the_releases_of_the_first_key_that_it_meets_and_of_those_that_are_added(
    box: Machine, source: Source, anna: Deployer, ben: Deployer
) -> None:
    source.set_version("anna")
    output = source.deploy(box, signed_by=anna.private)
    assert f"from now on this box takes only releases that are signed by {anna.fingerprint}" in output
    assert box.run(f"stat -c '%U %G %a' {SIGNERS}") == "root root 644\n"
    of_anna = box.release()

    # Code that arrives from somebody else is not run, and neither is that of any other command of theirs.
    source.set_version("ben")
    source.change(
        "deploy/box/__main__.py", "import contextlib\n", f"import contextlib\nopen('{MARK}', 'w')\n"
    )
    assert "takes only signed releases" in source.deploy(box, code=11)
    output = source.deploy(box, signed_by=ben.private, code=11)
    assert f"signed by {ben.fingerprint}, a key that this box does not know" in output
    output = source.deploy(box, "--status", "box")
    assert f"key        {anna.fingerprint}\n" in output
    assert box.run(f"ls {MARK} /opt/moodbox/incoming.*", check=False) == ""
    assert box.release() == of_anna

    source.deploy(box, "--add-key", str(ben.public), "box")
    source.deploy(box, signed_by=ben.private)
    assert box.run(f"ls {MARK}") == f"{MARK}\n"
    of_ben = box.release()
    assert of_ben != of_anna

    source.deploy(box, "--remove-key", str(anna.public), "box")
    output = source.deploy(box, "--rollback", "box", code=11)
    assert f"{of_anna} is signed by {anna.fingerprint}, which this box does not know any more" in output
    assert box.release() == of_ben


def test_an_unsigned_release_works_until_the_box_knows_a_key_and_is_kept_for_a_rollback(
    box: Machine, source: Source, anna: Deployer
) -> None:
    source.set_version("unsigned")
    source.deploy(box)
    unsigned = box.release()
    source.deploy(box, "--add-key", str(anna.public), "box")
    source.set_version("signed")
    source.deploy(box, code=11)
    source.deploy(box, signed_by=anna.private)
    source.deploy(box, "--rollback", "box")
    assert box.release() == unsigned
    box.run(f"sudo rm {SIGNERS}")  # how a lost key is dealt with
    source.set_version("after")
    source.deploy(box)


def test_deploying_the_same_release_again_applies_settings_that_have_changed(
    box: Machine, source: Source
) -> None:
    source.deploy(box)
    before = box.run("cat /etc/moodbox/moodbox.toml")
    pid = box.main_pid()
    try:
        box.run("sudo sed -i '$a [music]\\nstyle = \"match\"' /etc/moodbox/moodbox.toml")
        assert "would apply the settings" in source.deploy(box, "--dry-run", "box")
        assert box.main_pid() == pid
        assert "applying the settings" in source.deploy(box)
        assert box.status()["style"] == "match"
        assert "nothing new" in source.deploy(box)
        box.run("sudo sed -i '$a volume = \"none\"' /etc/moodbox/moodbox.toml")
        output = source.deploy(box, code=8)
        assert "`moodbox check` fails: settings" in output
    finally:
        box.run("sudo tee /etc/moodbox/moodbox.toml", stdin=before.encode())
        assert "applying the settings" in source.deploy(box)
