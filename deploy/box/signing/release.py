"""Whether a release is signed by a key that this box knows, and is what was signed.

Signed is the manifest: the SHA-256 of each file of the release. One of these is the lock file: it has the
SHA-256 of each package, and pip compares them.
"""

from __future__ import annotations

import base64
import binascii
import contextlib
import hashlib
import os
import re
import stat
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path, PurePosixPath

from common import LOST, UNTRUSTED, DeployError, delete, report
from release_files import MANIFEST, SIGNATURE

from signing import keys

ARMOR = re.compile(rb"-----BEGIN SSH SIGNATURE-----\n([A-Za-z0-9+/=\n]+)\n-----END SSH SIGNATURE-----\n?")
LINE = re.compile(r"([0-9a-f]{64})  (\S.*)")
MAX_BYTES = 2**22
"""Of a manifest and of a signature."""


def check_arrived(incoming: Path) -> keys.Key | None:
    """Check what has arrived, before anything of it is run; delete it if it is refused.

    Returns:
        The key that has signed it, if the box knows no key yet; else None.

    Raises:
        DeployError: If it is not signed by a known key, or is not what was signed.
    """
    if not incoming.is_dir():
        raise DeployError(LOST, "another deploy has deleted what has arrived: try again")
    try:
        signers = keys.known()
        if not (incoming / SIGNATURE).exists():
            if signers:
                raise DeployError(
                    UNTRUSTED,
                    "this release is not signed, and this box takes only those that are signed by a key that"
                    " it knows (--status lists them): set MOODBOX_SIGNING_KEY to such a key",
                )
            return None
        manifest = _read(incoming / MANIFEST)
        key = _signer(_read(incoming / SIGNATURE))
        if signers and not keys.has(signers, key):
            raise DeployError(
                UNTRUSTED,
                f"this release is signed by {key.fingerprint}, a key that this box does not know (--status"
                " lists those that it does): --add-key adds it",
            )
        if not _is_signed(manifest, incoming / SIGNATURE, signers or key.line):
            if _is_signed(manifest, incoming / SIGNATURE, key.line):
                raise _not_now("this release", key)
            raise DeployError(
                UNTRUSTED, "the signature of this release is not valid: it was damaged on the way, or changed"
            )
        _check_files(incoming, manifest)
    except DeployError:
        delete(incoming)
        raise
    return None if signers else key


def check_kept(release: Path) -> None:
    """Check who has signed a release that is already here. One without a signature came before the first key.

    Raises:
        DeployError: If its key was removed since.
    """
    signers = keys.known()
    if not signers or not (release / SIGNATURE).exists():
        return
    if not _is_signed(_read(release / MANIFEST), release / SIGNATURE, signers):
        key = _signer(_read(release / SIGNATURE))
        if keys.has(signers, key):
            raise _not_now(release.name, key)
        raise DeployError(
            UNTRUSTED,
            f"{release.name} is signed by {key.fingerprint}, which this box does not know any more: deploy"
            " another release, or --add-key it again",
        )


def trust_first(key: keys.Key | None) -> None:
    """Remember the first key that this box meets, and say so."""
    if key and not keys.known():
        keys.remember(key)
        report(
            f"from now on this box takes only releases that are signed by {key.fingerprint};"
            " --add-key adds other keys"
        )


def _signer(signature: bytes) -> keys.Key:
    """Return the key that a signature names. PROTOCOL.sshsig in OpenSSH has the format."""
    with contextlib.suppress(binascii.Error, UnicodeDecodeError, DeployError):
        armor = ARMOR.fullmatch(signature)
        found = base64.b64decode(armor[1]) if armor else b""
        public = _string(found, 10)  # after SSHSIG and the number of the version
        return keys.Key(_string(public, 0).decode(), base64.b64encode(public).decode())
    raise DeployError(
        UNTRUSTED, "the signature of this release cannot be read: it was damaged, or is of a certificate"
    )


def _not_now(release: str, key: keys.Key) -> DeployError:
    """Return the error for a known key whose line was written by hand, with conditions that are not met."""
    return DeployError(
        UNTRUSTED,
        f"{release} is signed by {key.fingerprint}, whose line in {keys.SIGNERS} on the box does not let it"
        " sign releases now: look at its dates and namespaces there, or sign with another key",
    )


def _string(content: bytes, start: int) -> bytes:
    length = int.from_bytes(content[start : start + 4], "big")
    return content[start + 4 : start + 4 + length]


def _is_signed(manifest: bytes, signature: Path, signers: str) -> bool:
    """Have ssh-keygen tell whether one of these signers has signed a manifest."""
    with tempfile.NamedTemporaryFile("w") as allowed:
        allowed.write(signers)
        allowed.flush()
        common = ("-f", allowed.name, "-s", str(signature))
        found = _ssh_keygen(b"", "find-principals", *common)
        names = re.split(r"[,\n]", found.stdout.decode(errors="replace"))
        verified = _ssh_keygen(manifest, "verify", *common, "-n", keys.NAMESPACE, "-I", names[0])
    return found.returncode == 0 and verified.returncode == 0


def _ssh_keygen(text: bytes, *words: str) -> subprocess.CompletedProcess[bytes]:
    try:
        return subprocess.run(["ssh-keygen", "-Y", *words], input=text, capture_output=True, check=False)
    except FileNotFoundError:
        raise DeployError(
            UNTRUSTED,
            "the box has no ssh-keygen to verify the release: sudo apt install openssh-client",
        ) from None


def _check_files(incoming: Path, manifest: bytes) -> None:
    """Check that there are exactly the files of a manifest, and besides only packages, which pip verifies."""
    listed = {}
    for line in manifest.decode(errors="replace").splitlines():
        found = LINE.fullmatch(line)
        if not found or found[2].startswith("/") or {"..", "."} & set(PurePosixPath(found[2]).parts):
            raise DeployError(UNTRUSTED, f"invalid line in the manifest of this release: {line[:80]!r}")
        listed[found[2]] = found[1]
    folders = {str(folder) for path in (*listed, "wheels/x") for folder in PurePosixPath(path).parents}
    arrived = set()
    for path in _walk(incoming):
        name = str(path.relative_to(incoming))
        mode = path.lstat().st_mode
        if stat.S_ISDIR(mode) and name in folders:
            path.chmod(0o755)
            continue
        if not stat.S_ISREG(mode):
            _refuse(name)
        if name in listed:
            with path.open("rb") as file:
                if hashlib.file_digest(file, "sha256").hexdigest() != listed[name]:
                    _refuse(name)
        elif name not in (MANIFEST, SIGNATURE) and not re.fullmatch(r"wheels/[^/]+\.whl", name):
            _refuse(name)
        path.chmod(0o755 if mode & 0o100 else 0o644)  # nobody else may change it afterwards
        arrived.add(name)
    for name in sorted(listed.keys() - arrived):
        _refuse(name)


def _refuse(name: str) -> None:
    raise DeployError(
        UNTRUSTED,
        f"{name!r} in this release is not what was signed: it was damaged on the way, or changed; try again",
    )


def _walk(folder: Path) -> Iterator[Path]:
    for path in folder.iterdir():
        yield path
        if path.is_dir() and not path.is_symlink():
            yield from _walk(path)


def _read(file: Path) -> bytes:
    """Read a manifest or a signature; a link or a pipe in its place is none."""
    content = b""
    with contextlib.suppress(OSError):
        number = os.open(file, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
        with os.fdopen(number, "rb") as opened:
            content = opened.read(MAX_BYTES)
    return content
