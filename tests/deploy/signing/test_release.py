"""What of a signed release the box takes, with the real ssh-keygen."""

from __future__ import annotations

import base64
import hashlib
import importlib
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from tests.deploy.machine import REPOSITORY
from tests.deploy.signing.conftest import Deployer

UNTRUSTED = 11


def refused(check: Callable[[], Any]) -> str:
    """Return why a release is refused."""
    with pytest.raises(Exception, match=" ") as raised:
        check()
    assert getattr(raised.value, "code", None) == UNTRUSTED
    assert "\n" not in str(raised.value)
    return str(raised.value)


def test_a_box_without_a_key_takes_a_release_that_is_not_signed(signing: ModuleType, incoming: Path) -> None:
    assert signing.check_arrived(incoming) is None
    signing.trust_first(None)
    assert not signing.keys.SIGNERS.exists()


def test_a_box_without_a_key_remembers_the_first_one_and_says_so(
    signing: ModuleType, incoming: Path, anna: Deployer, capsys: pytest.CaptureFixture[str]
) -> None:
    anna.sign(incoming)
    key = signing.check_arrived(incoming)
    assert not signing.keys.SIGNERS.exists()  # the release may still turn out not to be healthy
    signing.trust_first(key)
    assert f"takes only releases that are signed by {anna.fingerprint}" in capsys.readouterr().out
    assert list(signing.keys.described()) == [anna.fingerprint]
    assert signing.check_arrived(incoming) is None  # there is nothing to remember any more


def test_a_box_that_knows_a_key_takes_neither_unsigned_releases_nor_those_of_others(
    signing: ModuleType, incoming: Path, anna: Deployer, ben: Deployer, tmp_path: Path
) -> None:
    signing.keys.add(*anna.words)
    other = Path(shutil.copytree(incoming, tmp_path / "incoming.other"))
    assert "is not signed" in refused(lambda: signing.check_arrived(incoming))
    ben.sign(other)
    assert f"signed by {ben.fingerprint}, a key that this box does not know" in refused(
        lambda: signing.check_arrived(other)
    )
    assert not incoming.exists()
    assert not other.exists()


def test_a_release_may_be_signed_by_any_key_that_the_box_knows(
    signing: ModuleType, incoming: Path, anna: Deployer, ben: Deployer
) -> None:
    for deployer in (anna, ben):
        signing.keys.add(*deployer.words)
    for deployer in (ben, anna):
        deployer.sign(incoming)
        signing.check_arrived(incoming)
    signing.keys.remove(*anna.words)
    refused(lambda: signing.check_arrived(incoming))


def test_a_key_that_its_owner_has_written_into_the_file_counts_with_its_own_name_and_options(
    signing: ModuleType, incoming: Path, anna: Deployer
) -> None:
    signing.keys.SIGNERS.parent.mkdir()
    signing.keys.SIGNERS.write_text(f"# ours\n\nanna@home,anna {anna.public.read_text()}")
    anna.sign(incoming)
    assert signing.check_arrived(incoming) is None


@pytest.mark.parametrize(
    "option", ['valid-before="20200101"', 'valid-after="29990101"', 'namespaces="git"', "cert-authority"]
)
def test_a_key_whose_line_does_not_let_it_sign_is_named_as_the_reason(
    signing: ModuleType, incoming: Path, anna: Deployer, ben: Deployer, option: str
) -> None:
    """Whoever reads that the release was damaged would send it again and again."""
    signing.keys.SIGNERS.parent.mkdir()
    signing.keys.SIGNERS.write_text(f"anna {option} {anna.public.read_text()}")
    signing.keys.add(*ben.words)
    ben.sign(incoming)
    assert signing.check_arrived(incoming) is None
    anna.sign(incoming)
    said = refused(lambda: signing.check_kept(incoming))
    assert "whose line in" in said
    said = refused(lambda: signing.check_arrived(incoming))
    assert said == (
        f"this release is signed by {anna.fingerprint}, whose line in {signing.keys.SIGNERS} on the box does"
        " not let it sign releases now: look at its dates and namespaces there, or sign with another key"
    )


@pytest.mark.parametrize("lines", ["{expired}\n{good}\n", "{good}\n{expired}\n"])
def test_one_line_of_a_key_that_lets_it_sign_is_enough(
    signing: ModuleType, incoming: Path, anna: Deployer, lines: str
) -> None:
    key = anna.public.read_text().strip()
    signing.keys.SIGNERS.parent.mkdir()
    signing.keys.SIGNERS.write_text(
        lines.format(expired=f'old valid-before="20200101" {key}', good=f"anna {key}")
    )
    anna.sign(incoming)
    assert signing.check_arrived(incoming) is None


def test_what_a_key_has_signed_for_another_use_is_no_release(
    signing: ModuleType, incoming: Path, anna: Deployer
) -> None:
    signing.keys.add(*anna.words)
    anna.sign(incoming, namespace="git")
    assert "not valid" in refused(lambda: signing.check_arrived(incoming))


def change(incoming: Path) -> None:
    (incoming / "device/__init__.py").write_text("import os\n")


def leave_out(incoming: Path) -> None:
    (incoming / "device/__init__.py").unlink()


def add_module(incoming: Path) -> None:
    (incoming / "numpy.py").write_text("import os\n")


def add_compiled(incoming: Path) -> None:
    (incoming / "device/__pycache__").mkdir()
    (incoming / "device/__pycache__/__init__.cpython-311.pyc").write_bytes(b"code")


def add_empty_package(incoming: Path) -> None:
    (incoming / "numpy").mkdir()


def add_beside_wheels(incoming: Path) -> None:
    (incoming / "wheels/setup.py").write_text("import os\n")


def link_file(incoming: Path) -> None:
    (incoming / "device/__init__.py").rename(incoming.parent / "elsewhere")
    (incoming / "device/__init__.py").symlink_to(incoming.parent / "elsewhere")


def link_wheel(incoming: Path) -> None:
    (incoming / "wheels/more.whl").symlink_to("/etc/passwd")


def link_folder(incoming: Path) -> None:
    (incoming / "device").rename(incoming.parent / "elsewhere")
    (incoming / "device").symlink_to(incoming.parent / "elsewhere")


def change_manifest(incoming: Path) -> None:
    file = incoming / "manifest"
    file.write_bytes(file.read_bytes().replace(b"device/", b"device//", 1))


def change_signature(incoming: Path) -> None:
    file = incoming / "manifest.sig"
    lines = file.read_text().splitlines()
    lines[-2] = lines[-2][::-1]
    file.write_text("\n".join(lines))


def empty_signature(incoming: Path) -> None:
    (incoming / "manifest.sig").write_bytes(b"")


def leave_out_manifest(incoming: Path) -> None:
    (incoming / "manifest").unlink()


def folder_as_manifest(incoming: Path) -> None:
    (incoming / "manifest").unlink()
    (incoming / "manifest").mkdir()


@pytest.mark.parametrize(
    "damage",
    [
        change,
        leave_out,
        add_module,
        add_compiled,
        add_empty_package,
        add_beside_wheels,
        link_file,
        link_wheel,
        link_folder,
        change_manifest,
        change_signature,
        empty_signature,
        leave_out_manifest,
        folder_as_manifest,
    ],
)
@pytest.mark.parametrize("is_known", [True, False])
def test_what_is_not_exactly_what_was_signed_is_refused_and_deleted(
    signing: ModuleType, incoming: Path, anna: Deployer, is_known: bool, damage: Callable[[Path], None]
) -> None:
    if is_known:
        signing.keys.add(*anna.words)
    anna.sign(incoming)
    damage(incoming)
    refused(lambda: signing.check_arrived(incoming))
    assert not incoming.exists()


@pytest.mark.parametrize("path", ["../outside", "/etc/passwd", "device/../../outside", "device"])
def test_a_manifest_names_only_files_below_the_release(
    signing: ModuleType, incoming: Path, anna: Deployer, path: str
) -> None:
    (incoming.parent / "outside").write_text("x")
    with (incoming / "manifest").open("a") as manifest:
        manifest.write(f"{hashlib.sha256(b'x').hexdigest()}  {path}\n")
    anna.sign(incoming)
    refused(lambda: signing.check_arrived(incoming))


def test_nobody_but_root_can_change_what_was_checked(
    signing: ModuleType, incoming: Path, anna: Deployer
) -> None:
    anna.sign(incoming)
    file = incoming / "device/__init__.py"
    file.chmod(0o6777)
    file.parent.chmod(0o777)
    signing.check_arrived(incoming)
    assert file.stat().st_mode & 0o7777 == 0o755
    assert file.parent.stat().st_mode & 0o7777 == 0o755


def test_the_manifest_of_a_release_names_all_that_is_sent(tmp_path: Path, keys: ModuleType) -> None:
    release_files = importlib.import_module("release_files")
    lines = release_files.manifest(REPOSITORY).decode().splitlines()
    assert {line.split("  ", 1)[1] for line in lines} == {
        str(path.relative_to(REPOSITORY)) for path in release_files.files(REPOSITORY)
    }
    (tmp_path / "manifest").write_text("\n".join(lines) + "\n")
    subprocess.run(["sha256sum", "--check", "--quiet", tmp_path / "manifest"], cwd=REPOSITORY, check=True)


@pytest.mark.parametrize(
    ("is_signed", "is_known", "is_kept"), [(False, True, True), (True, True, True), (True, False, False)]
)
def test_a_kept_release_of_a_key_that_was_removed_since_is_not_started_again(
    signing: ModuleType,
    incoming: Path,
    anna: Deployer,
    ben: Deployer,
    is_signed: bool,
    is_known: bool,
    is_kept: bool,
) -> None:
    """One without a signature came before the box knew a key."""
    if is_signed:
        anna.sign(incoming)
    signing.check_kept(incoming)  # while the box knows no key
    signing.keys.add(*(anna if is_known else ben).words)
    (incoming / "venv").mkdir()  # what its installation added
    if is_kept:
        signing.check_kept(incoming)
    else:
        assert "does not know any more" in refused(lambda: signing.check_kept(incoming))


def string(content: bytes) -> bytes:
    return len(content).to_bytes(4, "big") + content


@pytest.mark.skipif(not shutil.which("openssl"), reason="stands for the security key")
def test_the_box_verifies_the_signature_of_a_security_key(
    signing: ModuleType, incoming: Path, tmp_path: Path
) -> None:
    """The box needs no library for such keys. There is none here: its part is done as PROTOCOL.u2f says."""

    def openssl(*words: str | Path) -> bytes:
        return subprocess.run(["openssl", *words], check=True, capture_output=True).stdout

    private, message = tmp_path / "key.pem", tmp_path / "message"
    openssl("genpkey", "-algorithm", "ed25519", "-out", private)
    point = openssl("pkey", "-in", private, "-pubout", "-outform", "DER")[-32:]
    kind = b"sk-ssh-ed25519@openssh.com"
    public = string(kind) + string(point) + string(b"ssh:")
    manifest = (incoming / "manifest").read_bytes()
    wrapped = string(b"moodbox-release") + string(b"") + string(b"sha512")
    signed = b"SSHSIG" + wrapped + string(hashlib.sha512(manifest).digest())
    touched = b"\x01" + (7).to_bytes(4, "big")
    message.write_bytes(hashlib.sha256(b"ssh:").digest() + touched + hashlib.sha256(signed).digest())
    raw = openssl("pkeyutl", "-sign", "-rawin", "-inkey", private, "-in", message)
    blob = b"SSHSIG" + (1).to_bytes(4, "big") + string(public) + wrapped
    blob += string(string(kind) + string(raw) + touched)
    armor = b"-----BEGIN SSH SIGNATURE-----\n" + base64.encodebytes(blob) + b"-----END SSH SIGNATURE-----\n"
    (incoming / "manifest.sig").write_bytes(armor)
    key = signing.check_arrived(incoming)
    assert key.kind == kind.decode()
    signing.trust_first(key)
    signing.check_arrived(incoming)
