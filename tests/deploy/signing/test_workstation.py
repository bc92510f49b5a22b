"""How deploy.sh signs a release: with the real ssh-keygen and ssh-agent, for boxes that are a script."""

from __future__ import annotations

import os
import subprocess
import tarfile
from pathlib import Path

import pytest

from tests.deploy.machine import REPOSITORY, Source, environment_of
from tests.deploy.signing.conftest import Deployer

# In place of ssh: keeps what each box gets.
BOX = """#!/bin/sh
while [ "$1" != -- ]; do shift; done
host=$2
echo "$host $3" >>{folder}/calls
case "$*" in
*"sh -s") cat >/dev/null
    printf '%s\\n' system=Debian machine=x86_64 bits=64 packages=amd64 systemd=257
    printf '%s\\n' python=3.13 root=yes free=9999
    echo environments={environment}
    [ "$host" != cautious ] || echo signers=yes ;;
*incoming.XXXXXX*) cat >{folder}/$host && echo /opt/moodbox/incoming.abcdef ;;
*) cat >/dev/null ;;
esac
"""


@pytest.fixture
def ssh(tmp_path: Path) -> Path:
    script = tmp_path / "ssh"
    script.write_text(BOX.replace("{folder}", str(tmp_path)).replace("{environment}", environment_of("3.13")))
    script.chmod(0o755)
    return script


@pytest.fixture
def source(unchanged: Source) -> Source:
    return unchanged


def deploy(source: Source, ssh: Path, *hosts: str, **environment: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [source.folder / "deploy/deploy.sh", *hosts],
        env=os.environ | {"MOODBOX_SSH": str(ssh)} | environment,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )


def check_signature(arrived: Path, deployer: Deployer) -> None:
    """Check what a box got as `ssh-keygen -Y verify` does."""
    folder = arrived.with_name(f"{arrived.name}-unpacked")
    with tarfile.open(arrived) as tar:
        tar.extractall(folder, filter="data")
    (folder / "signers").write_text(f"anna {' '.join(deployer.words)}\n")
    words = ["-f", "signers", "-I", "anna", "-n", "moodbox-release", "-s", "manifest.sig"]
    manifest = (folder / "manifest").read_bytes()
    subprocess.run(["ssh-keygen", "-Y", "verify", *words], input=manifest, cwd=folder, check=True)
    subprocess.run(["sha256sum", "--check", "--quiet", "manifest"], cwd=folder, check=True)


def test_one_signature_and_one_passphrase_do_for_several_boxes(
    source: Source, ssh: Path, tmp_path: Path, anna: Deployer
) -> None:
    subprocess.run(["ssh-keygen", "-q", "-p", "-N", "secret", "-f", anna.private], check=True)
    asks = tmp_path / "asks"
    asks.write_text(f"#!/bin/sh\necho asked >>{tmp_path}/asked\necho secret\n")
    asks.chmod(0o755)
    ask = {"SSH_ASKPASS": str(asks), "SSH_ASKPASS_REQUIRE": "force"}
    boxes = ("hall", "attic", "cautious")
    done = deploy(source, ssh, *boxes, MOODBOX_SIGNING_KEY=str(anna.private), **ask)
    assert done.returncode == 0, done.stdout
    assert (tmp_path / "asked").read_text() == "asked\n"
    for box in boxes:
        check_signature(tmp_path / box, anna)
    calls = (tmp_path / "calls").read_text()
    assert "box admit /opt/moodbox/incoming.abcdef" in calls.replace("$b", "box")


def test_a_key_in_an_agent_signs_without_its_file(
    source: Source, ssh: Path, tmp_path: Path, anna: Deployer
) -> None:
    socket = tmp_path / "agent"
    agent = subprocess.Popen(["ssh-agent", "-D", "-a", socket], stdout=subprocess.DEVNULL)
    try:
        agent_of = {"SSH_AUTH_SOCK": str(socket)}
        for _ in range(100):
            added = subprocess.run(
                ["ssh-add", "-q", anna.private], env=os.environ | agent_of, check=False, capture_output=True
            )
            if added.returncode == 0:
                break
        anna.private.unlink()
        done = deploy(source, ssh, "hall", MOODBOX_SIGNING_KEY=str(anna.public), **agent_of)
    finally:
        agent.kill()
        agent.wait()
    assert done.returncode == 0, done.stderr
    check_signature(tmp_path / "hall", anna)


def test_without_a_key_a_release_is_not_signed(source: Source, ssh: Path, tmp_path: Path) -> None:
    assert deploy(source, ssh, "hall").returncode == 0
    with tarfile.open(tmp_path / "hall") as tar:
        assert not [name for name in tar.getnames() if name.startswith("manifest")]


def test_a_box_that_wants_signed_releases_is_sent_no_other(source: Source, ssh: Path, tmp_path: Path) -> None:
    done = deploy(source, ssh, "cautious")
    assert done.returncode == 11
    [line] = done.stderr.splitlines()
    assert "cautious takes only signed releases: set MOODBOX_SIGNING_KEY" in line
    assert not (tmp_path / "cautious").exists()


@pytest.mark.parametrize("hosts", [("hall",), ("hall", "attic")])
def test_a_key_that_cannot_sign_ends_the_deploy_before_anything_is_sent(
    source: Source, ssh: Path, tmp_path: Path, anna: Deployer, hosts: tuple[str, ...]
) -> None:
    done = deploy(source, ssh, *hosts, MOODBOX_SIGNING_KEY=str(tmp_path / "none"))
    assert (done.returncode, len(done.stderr.splitlines())) == (2, 1)
    assert "MOODBOX_SIGNING_KEY: the file" in done.stderr
    anna.private.unlink()
    no_agent = {"SSH_AUTH_SOCK": str(tmp_path / "no-agent")}
    done = deploy(source, ssh, *hosts, MOODBOX_SIGNING_KEY=str(anna.public), **no_agent)
    assert (done.returncode, len(done.stderr.splitlines())) == (11, 1)
    assert "the release cannot be signed: " in done.stderr
    assert not (tmp_path / "hall").exists()


def test_the_public_key_to_add_or_remove_is_passed_on_and_nothing_else(
    source: Source, ssh: Path, tmp_path: Path, anna: Deployer
) -> None:
    assert deploy(source, ssh, "hall", "--add-key", str(anna.public), "attic").returncode == 0
    assert deploy(source, ssh, f"--remove-key={anna.public}", "hall").returncode == 0
    calls = (tmp_path / "calls").read_text()
    assert calls.count(f"$b add-key {' '.join(anna.words)}\n") == 2
    assert f"$b remove-key {' '.join(anna.words)}\n" in calls
    assert "anna at home" not in calls


@pytest.mark.parametrize(
    "content", ["", "ssh-ed25519 $(touch mark)\n", "-----BEGIN OPENSSH PRIVATE KEY-----\n"]
)
def test_what_is_no_public_key_is_not_sent(source: Source, ssh: Path, tmp_path: Path, content: str) -> None:
    (tmp_path / "key").write_text(content)
    done = deploy(source, ssh, "hall", "--add-key", str(tmp_path / "key"))
    assert done.returncode == 2
    assert "is not a public key: expected a file such as ~/.ssh/id_ed25519.pub" in done.stderr
    assert not (tmp_path / "calls").exists()


@pytest.mark.parametrize(
    ("text", "told"),
    [("", ""), ("# a comment\n\n  # another\n", ""), ("# keys\ndeployer ssh-ed25519 A\n", "yes")],
)
def test_a_box_whose_only_key_was_deleted_by_hand_is_told_to_take_unsigned_releases(
    tmp_path: Path, text: str, told: str
) -> None:
    signers = tmp_path / "release_signers"
    signers.write_text(text)
    lines = (REPOSITORY / "deploy/probe.sh").read_text().splitlines()
    (line,) = [line for line in lines if line.startswith("report signers ")]
    script = 'report() { printf "%s" "$2"; }\n' + line.replace("/etc/moodbox/release_signers", str(signers))
    done = subprocess.run(["sh", "-c", script], capture_output=True, text=True, check=False)
    assert done.stdout == told
