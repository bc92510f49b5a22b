"""The file with the keys whose releases the box takes."""

from __future__ import annotations

from pathlib import Path
from types import ModuleType

import pytest

from tests.deploy.signing.conftest import Deployer


def code_of(call: object, *words: str) -> int:
    with pytest.raises(Exception, match=" ") as raised:
        call(*words)  # type: ignore[operator]
    return int(getattr(raised.value, "code", 0))


def test_keys_come_and_go_and_what_else_is_in_the_file_stays(
    keys: ModuleType, anna: Deployer, ben: Deployer, capsys: pytest.CaptureFixture[str]
) -> None:
    assert (keys.known(), list(keys.described())) == ("", [])
    keys.add(*anna.words)
    keys.add(*anna.words)
    assert f"already knows the key {anna.fingerprint}" in capsys.readouterr().out
    with keys.SIGNERS.open("a") as file:
        file.write("# Ben is here on Mondays")  # without an end of its line
    keys.add(*ben.words)
    assert list(keys.described()) == [anna.fingerprint, ben.fingerprint]
    keys.remove(*anna.words)
    assert list(keys.described()) == [ben.fingerprint]
    assert "# Ben is here on Mondays\n" in keys.SIGNERS.read_text()
    assert code_of(keys.remove, *anna.words) == 10
    keys.remove(*ben.words)
    assert not keys.SIGNERS.exists()
    assert "it takes unsigned releases" in capsys.readouterr().out


def test_a_line_that_no_release_can_be_signed_by_is_said_and_the_others_are_listed(
    keys: ModuleType, anna: Deployer, ben: Deployer
) -> None:
    certificate = "ssh-ed25519-cert-v01@openssh.com AAAAIHNzaC1lZDI1NTE5LWNlcnQtdjAxQG9wZW5zc2guY29tAAAA"
    keys.add(*anna.words)
    with keys.SIGNERS.open("a") as file:
        file.write(
            f"carla cert-authority {certificate}\ndora ssh-ed25519 AAAAmangledmangledmangled\nnonsense\n"
        )
        file.write(f'ben valid-after="20200101" {" ".join(ben.words)} ben@desk\n')
    first, by_certificate, mangled, nonsense, last = keys.described()
    assert (first, last) == (anna.fingerprint, ben.fingerprint)
    assert "has a certificate, which signs no release; remove it there: 'carla" in by_certificate
    assert "has no public key; remove it there: 'dora" in mangled
    assert nonsense.endswith("has no public key; remove it there: 'nonsense'")


def test_everybody_may_read_the_file_and_root_alone_may_write_it(keys: ModuleType, anna: Deployer) -> None:
    keys.add(*anna.words)
    assert keys.SIGNERS.stat().st_mode & 0o777 == 0o644
    assert "valid-" not in keys.SIGNERS.read_text()  # a Pi's clock may be wrong


@pytest.mark.parametrize("mode", [0o666, 0o664])
def test_a_file_that_others_may_write_is_not_believed(keys: ModuleType, anna: Deployer, mode: int) -> None:
    keys.add(*anna.words)
    keys.SIGNERS.chmod(mode)
    assert code_of(keys.known) == 11


def test_a_link_in_place_of_the_file_is_not_believed(
    keys: ModuleType, anna: Deployer, tmp_path: Path
) -> None:
    keys.add(*anna.words)
    keys.SIGNERS.rename(tmp_path / "elsewhere")
    keys.SIGNERS.symlink_to(tmp_path / "elsewhere")
    assert code_of(keys.known) != 0


@pytest.mark.parametrize(
    ("kind", "blob"),
    [
        ("ssh-ed25519", "AAAA"),
        ("ssh-ed25519", "AAAAB3NzaC1yc2EAAAADAQABAAABgQ=="),  # of another kind
        ("ssh-ed25519", "$(touch /tmp/mark)AAAAAAAAAAAA"),
        ("ssh-ed25519-cert-v01@openssh.com", "AAAAIHNzaC1lZDI1NTE5LWNlcnQtdjAxQG9wZW5zc2guY29tAAAA"),
        ('* namespaces="x"', "AAAAC3NzaC1lZDI1NTE5AAAAIA=="),
    ],
)
def test_what_is_no_public_key_is_refused(keys: ModuleType, kind: str, blob: str) -> None:
    assert code_of(keys.add, kind, blob) == 2
    assert not keys.SIGNERS.exists()
