"""What deploy.sh says where it cannot reach a box."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from tests.deploy.test_workstation import deploy


def test_an_unreachable_host_gives_one_line_that_says_what_to_do() -> None:
    done = deploy("127.0.0.1", ssh="ssh -p 1")
    assert done.returncode == 3
    [line] = done.stderr.splitlines()
    assert re.fullmatch(
        r"moodbox: no SSH to 127\.0\.0\.1 \(.*Connection refused\s*\): 'ssh 127\.0\.0\.1' must work .*",
        line,
    )


@pytest.mark.parametrize(
    ("error", "advice"),
    [
        ("Could not resolve hostname x", "is it switched on, and is the name right? Else use its address"),
        ("connect to host x port 22: No route to host", "is it switched on, and in the same network?"),
        ("Permission denied (publickey).", "'ssh x' must work without a password"),
        ("Host key verification failed.", "type 'ssh x' once, and answer its question with yes"),
    ],
)
def test_the_advice_fits_why_there_is_no_ssh(tmp_path: Path, error: str, advice: str) -> None:
    ssh = tmp_path / "ssh"
    ssh.write_text(f"#!/bin/sh\necho 'ssh: {error}' >&2\nexit 255\n")
    ssh.chmod(0o755)
    done = deploy("x", ssh=str(ssh))
    assert (done.returncode, done.stderr) == (3, f"moodbox: no SSH to x (ssh: {error}): {advice}\n")


def test_a_machine_that_has_another_key_than_before_is_no_case_for_a_yes(tmp_path: Path) -> None:
    ssh = tmp_path / "ssh"
    ssh.write_text(
        "#!/bin/sh\n"
        "echo '@    WARNING: REMOTE HOST IDENTIFICATION HAS CHANGED!     @' >&2\n"
        "echo 'Host key verification failed.' >&2\n"
        "exit 255\n"
    )
    ssh.chmod(0o755)
    done = deploy("anna@x", ssh=str(ssh))
    assert done.stderr == (
        "moodbox: no SSH to anna@x (Host key verification failed.): is it another machine, "
        "or installed anew? Then 'ssh-keygen -R x', and 'ssh anna@x' once\n"
    )


@pytest.mark.parametrize("hosts", [["x"], ["x", "y"]])
def test_an_ssh_command_that_is_none_is_said_at_once(hosts: list[str]) -> None:
    done = deploy(*hosts, ssh="nossh -p 1")
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr == ("moodbox: there is no command 'nossh': install it, or correct MOODBOX_SSH\n")
