"""The keys whose releases the box takes: one a line in a file of OpenSSH's format `allowed_signers`."""

from __future__ import annotations

import base64
import binascii
import hashlib
import os
import re
import stat
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from common import NOTHING, UNTRUSTED, WRONG_CALL, DeployError, delete, report, write_file

SIGNERS = Path("/etc/moodbox/release_signers")
NAMESPACE = "moodbox-release"
"""What a signature is for: what the same key has signed for another use, such as a commit, does not count."""
KIND = re.compile(r"(sk-)?(ssh|ecdsa)-[a-z0-9-]+(@openssh\.com)?")
BLOB = re.compile(r"[A-Za-z0-9+/]{16,4000}={0,2}")
HEADER = """\
# The keys whose releases this box takes; ssh-keygen(1), ALLOWED SIGNERS, has the format.
# deploy/deploy.sh --add-key and --remove-key change it. Without a key the box takes unsigned releases, and
# remembers the first key that it meets.
"""


@dataclass(frozen=True)
class Key:
    """A public key, as its file has it: `ssh-ed25519`, and its content in base64."""

    kind: str
    blob: str

    def __post_init__(self) -> None:
        """Check it.

        Raises:
            DeployError: If it is no public key, or a certificate, whose end depends on the box's clock.
        """
        try:
            is_key = KIND.fullmatch(self.kind) and BLOB.fullmatch(self.blob) and "-cert-" not in self.kind
            content = base64.b64decode(self.blob, validate=True)
        except binascii.Error:
            is_key, content = None, b""
        if not is_key or not content[4:].startswith(self.kind.encode()):
            raise DeployError(
                WRONG_CALL,
                f"{self.kind[:80]!r} is not a public key of SSH: expected a file such as id_ed25519.pub",
            )

    @property
    def line(self) -> str:
        """The line for it in SIGNERS. It has no dates: a Pi has no clock that runs while it is off."""
        return f'deployer namespaces="{NAMESPACE}" {self.kind} {self.blob}\n'

    @property
    def fingerprint(self) -> str:
        """What `ssh-keygen -l` prints."""
        found = hashlib.sha256(base64.b64decode(self.blob)).digest()
        return f"SHA256:{base64.b64encode(found).decode().rstrip('=')}"


def known() -> str:
    """Return the lines of SIGNERS that have a key; "" if there is none.

    Raises:
        DeployError: If somebody besides root may have written the file: its keys cannot be trusted.
    """
    if SIGNERS.is_symlink():
        raise DeployError(UNTRUSTED, f"{SIGNERS} is a link: put the file itself in its place")
    if not SIGNERS.exists():
        return ""
    with SIGNERS.open("rb") as opened:
        found = os.fstat(opened.fileno())
        if not stat.S_ISREG(found.st_mode) or found.st_uid != os.geteuid() or found.st_mode & 0o022:
            raise DeployError(
                UNTRUSTED,
                f"{SIGNERS} is not root's alone: look through its keys, then chown root:root, chmod 644",
            )
        text = opened.read().decode(errors="replace")
    lines = [line.strip() for line in text.splitlines()]
    return "".join(f"{line}\n" for line in lines if line and not line.startswith("#"))


def add(kind: str, blob: str) -> None:
    """Let the box take releases of one more key."""
    key = Key(kind, blob)
    if has(known(), key):
        report(f"this box already knows the key {key.fingerprint}")
        return
    remember(key)
    report(f"this box takes releases that are signed by {key.fingerprint}")


def remember(key: Key) -> None:
    """Add a key to SIGNERS, and keep all that is there."""
    before = SIGNERS.read_text() if SIGNERS.exists() else HEADER
    write_file((before.rstrip("\n") + f"\n{key.line}").encode(), SIGNERS)
    os.sync()


def remove(kind: str, blob: str) -> None:
    """Take no more releases of a key.

    Raises:
        DeployError: If the box does not know the key.
    """
    key = Key(kind, blob)
    if not has(known(), key):
        raise DeployError(NOTHING, f"this box does not know the key {key.fingerprint}")
    kept = [line for line in SIGNERS.read_text().splitlines(keepends=True) if not has(line, key)]
    write_file("".join(kept).encode(), SIGNERS)
    os.sync()
    report(f"this box takes no more releases that are signed by {key.fingerprint}")
    if not known():
        delete(SIGNERS)
        report("it knows no key now: it takes unsigned releases, and remembers the next key that it meets")


def described() -> Iterator[str]:
    """Yield the fingerprint of each known key; of a line without a key that may sign, what is wrong with it.

    Such a line was written by hand. Nobody can sign by it, but with it the box takes no unsigned release.
    """
    for line in known().splitlines():
        found = re.search(rf"(?:^|\s)(?P<kind>{KIND.pattern})\s+(?P<blob>{BLOB.pattern})(?:\s|$)", line)
        try:
            yield Key(found["kind"], found["blob"]).fingerprint if found else _no_key(line)
        except DeployError:
            yield _no_key(line)


def _no_key(line: str) -> str:
    what = "a certificate, which signs no release" if "-cert-v" in line else "no public key"
    return f"none: a line of {SIGNERS} has {what}; remove it there: {line[:60]!r}"


def has(lines: str, key: Key) -> bool:
    """Tell whether a key is in one of these lines."""
    return any(key.blob in line.split() for line in lines.splitlines())
