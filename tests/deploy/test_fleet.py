"""The role for Ansible, with the real Ansible and a real machine."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.deploy.conftest import SETTINGS
from tests.deploy.machine import REPOSITORY, Machine, Source, environment_of

pytestmark = pytest.mark.skipif(
    not shutil.which("ansible-playbook"), reason="there is no Ansible: apt-get install ansible-core"
)
# In place of ssh, for boxes that have the packages of the release already.
BOX = """#!/bin/sh
while [ "$1" != -- ]; do shift; done
echo "$2" >>{folder}/hosts
case "$*" in
*broken*) exit 255 ;;
*"sh -s") cat >/dev/null
    printf '%s\\n' system=Debian machine=x86_64 bits=64 packages=amd64 systemd=257
    printf '%s\\n' python=3.13 root=yes free=9999 environments={environment} ;;
*incoming.XXXXXX*) cat >/dev/null; echo /opt/moodbox/incoming.abcdef ;;
*) cat >/dev/null; echo installed ;;
esac
"""


class Fleet:
    """The playbook in a copy of the repository, with an inventory."""

    def __init__(self, source: Source, folder: Path, inventory: str) -> None:
        self._playbook = source.folder / "deploy/fleet/deploy.yml"
        shutil.copytree(REPOSITORY / "deploy/fleet", self._playbook.parent)
        self.settings = folder / "moodbox.toml"
        self._inventory = folder / "inventory.yml"
        self._inventory.write_text(inventory)

    def change(self, old: str, new: str) -> None:
        """Change the playbook."""
        self._playbook.write_text(self._playbook.read_text().replace(old, new))

    def play(self, *words: str, code: int = 0) -> tuple[str, dict[str, tuple[int, int, int]]]:
        """Run the playbook; return its output, and of each host how many tasks were ok, changed, failed."""
        done = subprocess.run(
            ["ansible-playbook", "-i", self._inventory, *words, self._playbook],
            env=os.environ | {"ANSIBLE_HOME": f"{self.settings.parent}/ansible", "ANSIBLE_NOCOLOR": "1"},
            capture_output=True,
            text=True,
            check=False,
            timeout=900,
        )
        print(done.stdout, done.stderr)
        assert (done.returncode == 0) is (code == 0)
        recap = re.findall(r"^(\S+) +: ok=(\d+) +changed=(\d+) .*failed=(\d+)", done.stdout, re.MULTILINE)
        return done.stdout, {host: (int(ok), int(ch), int(failed)) for host, ok, ch, failed in recap}


@pytest.fixture
def fleet(source: Source, machine: Machine, tmp_path: Path) -> Iterator[Fleet]:
    inventory = (  # box and other are the same machine
        f"moodboxes:\n  vars:\n    ansible_user: pi\n    moodbox_ssh: {machine.ssh}\n"
        f"    ansible_ssh_common_args: -F {machine.folder}/ssh_config\n"
        f"  hosts:\n    box:\n      moodbox_settings: {tmp_path}/moodbox.toml\n    other:\n"
    )
    fleet = Fleet(source, tmp_path, inventory)
    fleet.settings.write_text(SETTINGS)
    yield fleet
    machine.run("sudo tee /etc/moodbox/moodbox.toml", stdin=SETTINGS.encode())


def test_each_box_of_the_inventory_is_deployed_to_the_first_one_alone(source: Source, tmp_path: Path) -> None:
    """Ansible calls deploy.sh on this computer, which is never taken for the box."""
    environment = environment_of("3.13")
    ssh = tmp_path / "ssh"
    ssh.write_text(BOX.replace("{folder}", str(tmp_path)).replace("{environment}", environment))
    ssh.chmod(0o755)
    fleet = Fleet(
        source,
        tmp_path,
        f"moodboxes:\n  vars:\n    ansible_connection: local\n    moodbox_ssh: {ssh}\n  hosts:\n"
        "    kitchen:\n    hall:\n      ansible_host: 10.0.0.2\n      ansible_user: pi\n    broken:\n",
    )
    output, recap = fleet.play("--check", "--limit", "kitchen,hall")
    assert output.count("would send and install the release") == 2
    assert {host: tasks[2] for host, tasks in recap.items()} == {"kitchen": 0, "hall": 0}
    called = (tmp_path / "hosts").read_text().split()
    assert called == ["kitchen", "pi@10.0.0.2"]  # a dry run only examines them
    fleet.play(code=1)
    assert (tmp_path / "hosts").read_text().split()[2] == "kitchen"
    fleet.change("- name: Deploy moodbox\n", "- name: Deploy moodbox\n  order: sorted\n")
    (tmp_path / "hosts").unlink()
    fleet.play(code=1)
    assert (tmp_path / "hosts").read_text().split() == ["broken"]  # the others keep what they have


@pytest.mark.parametrize("host", ["--help", "-oProxyCommand=x"])
def test_a_host_that_is_an_option_is_refused_before_anything_runs(
    source: Source, tmp_path: Path, host: str
) -> None:
    fleet = Fleet(
        source,
        tmp_path,
        "moodboxes:\n  vars:\n    ansible_connection: local\n    moodbox_ssh: 'false'\n"
        f"  hosts:\n    kitchen:\n      ansible_host: '{host}'\n",
    )
    output, recap = fleet.play(code=1)
    assert f"'{host}' is not a host: a name cannot begin with -" in output
    assert recap == {"kitchen": (0, 0, 1)}


@pytest.mark.machine
def test_a_playbook_deploys_with_the_settings_of_each_box_and_then_changes_nothing(
    fleet: Fleet, source: Source, machine: Machine
) -> None:
    source.set_version("fleet")
    before = machine.release()
    output, _ = fleet.play("--check", "--limit", "box")
    assert "would send and install the release fleet" in output
    assert machine.release() == before

    fleet.settings.write_text(f'{SETTINGS}[music]\nstyle = "match"\n')
    _, recap = fleet.play()
    assert machine.release().startswith("fleet")
    assert machine.status()["style"] == "match"
    assert recap["box"][1] == 2  # the settings and the release
    assert recap["other"][1:] == (0, 0)  # the same machine, where the release runs already

    _, recap = fleet.play()
    assert recap["box"][1:] == (0, 0)


@pytest.mark.machine
def test_a_release_that_is_not_healthy_on_the_first_box_reaches_no_other(
    fleet: Fleet, source: Source, machine: Machine
) -> None:
    source.set_version("broken")
    source.change("device/__init__.py", "__version__", "import nothing_like_this\n__version__")
    before = machine.release()
    output, recap = fleet.play(code=1)
    assert "moodbox check` fails" in output
    assert (recap["box"][2], "other" in recap) == (1, False)
    assert machine.release() == before
