"""What card.sh puts into the files that Raspberry Pi Imager has written: what is there stays."""

from __future__ import annotations

import importlib
import re
from types import ModuleType
from typing import Any

import pytest
import yaml

from tests.deploy.machine import REPOSITORY

COMMAND = ["sh", "/boot/firmware/moodbox/first-boot.sh", "start"]
# As Imager 2 writes it, with a user, an SSH key, and the country alone for the WLAN.
IMAGER = """#cloud-config
hostname: kitchen
manage_etc_hosts: true
packages:
- avahi-daemon
apt:
  conf: |
    Acquire {
      Check-Date "false";
    };
timezone: Europe/Berlin
keyboard:
  model: pc105
  layout: "de"
enable_ssh: true
users:
- name: anna
  groups: users,adm,dialout,audio,netdev,video,plugdev,cdrom,games,input,gpio,spi,i2c,render,sudo
  shell: /bin/bash
  lock_passwd: true
  ssh_authorized_keys:
    - ssh-ed25519 AAAA anna@desk # runcmd:
  sudo: ALL=(ALL) NOPASSWD:ALL
rpi:
  interfaces:
    serial: true
runcmd:
  - [ rfkill, unblock, wifi ]
  - [ sh, -c, "for f in /var/lib/systemd/rfkill/*:wlan; do echo 0 > \\"$f\\"; done" ]
"""
USER = "#cloud-config\nuser:\n  name: anna\n  lock_passwd: true\n"
TEMPLATE = """#cloud-config

# This is the user-data configuration file for cloud-init.
#hostname: raspberrypi
ssh_pwauth: false

#runcmd:
#- [ ls, -l, / ]
"""
FORMS = {
    "of Imager": IMAGER,
    "with user": USER,
    "of the image": TEMPLATE,
    "with comments alone": "#cloud-config\n# nothing\n",
    "without the last line's end": "#cloud-config\nssh_pwauth: true",
    "from Windows": IMAGER.replace("\n", "\r\n"),
    "runcmd without indentation": "#cloud-config\nruncmd:\n# first\n- ls\n- [ls, /]\n# last\ntimezone: UTC\n",
    "runcmd on one line": "#cloud-config\nruncmd: [ls, [ls, /]] # two\ntimezone: UTC\n",
    "runcmd empty on one line": "#cloud-config\nruncmd: []\n",
    "runcmd without a value": "#cloud-config\nruncmd:\ntimezone: UTC\n",
    "as one of several documents": "#cloud-config\n---\ntimezone: UTC\n",
    "with a quoted key": "#cloud-config\n\"hostname\": 'old'  # mine\n",
}


@pytest.fixture
def first_start(monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    """Return deploy/first_start.py."""
    monkeypatch.syspath_prepend(REPOSITORY / "deploy")
    return importlib.import_module("first_start")


def merge(first_start: ModuleType, text: str, name: str | None = None) -> tuple[str, dict[str, Any]]:
    """Return the merged text, and what cloud-init reads in it."""
    merged = first_start.merged(text, name)
    assert merged.startswith("#cloud-config\n")
    return merged, yaml.safe_load(merged)


@pytest.mark.parametrize("text", FORMS.values(), ids=FORMS)
@pytest.mark.parametrize("name", [None, "hall"])
def test_all_that_was_there_stays_with_its_comments(
    first_start: ModuleType, text: str, name: str | None
) -> None:
    merged, content = merge(first_start, text.replace("\r\n", "\n"), name)
    before = yaml.safe_load(text) or {}
    assert content.pop("runcmd") == [COMMAND, *(before.pop("runcmd", None) or [])]
    if name:
        assert content.pop("hostname") == "hall"
        before.pop("hostname", None)
        content.pop("manage_etc_hosts")
        before.pop("manage_etc_hosts", None)
    assert content == before
    comments = re.findall(r"#.*", text.replace("\r\n", "\n"))
    assert [each for each in comments if each not in merged] == []


@pytest.mark.parametrize("text", FORMS.values(), ids=FORMS)
def test_a_second_time_changes_nothing(first_start: ModuleType, text: str) -> None:
    once = first_start.merged(text, "hall")
    assert first_start.merged(once, "hall") == once


def test_without_user_data_there_is_one_that_installs_the_box(first_start: ModuleType) -> None:
    assert merge(first_start, "")[1] == {"runcmd": [COMMAND]}


def test_only_new_lines_are_put_between(first_start: ModuleType) -> None:
    merged, _ = merge(first_start, IMAGER)
    new = f'  - ["{COMMAND[0]}", "{COMMAND[1]}", "{COMMAND[2]}"]\n'
    before, key, commands = IMAGER.rpartition("runcmd:\n")
    assert merged == before + key + new + commands


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("#cloud-config\nusers: [\n", r"line \d+: .+"),
        ("#cloud-config\nhostname: a\n\tb: c\n", r"line 3: .+"),
        ("#cloud-config\na: b: c\n", "line 2: mapping values are not allowed here"),
        ("#cloud-config\n- a\n", "it has another form than cloud-init reads"),
        ("#cloud-config\nruncmd: reboot\n", "it has another form than cloud-init reads"),
        ("#cloud-config\n{timezone: UTC}\n", ".+"),
        ("#cloud-config\nnull\n", ".+"),
        ("#cloud-config\na: b\n...\n", ".+"),
        ("#!/bin/sh\nreboot\n", "it does not begin with #cloud-config"),
        ("Content-Type: multipart/mixed\n", "it does not begin with #cloud-config"),
        ("#cloud-config\n" + "[" * 5000, ".+"),
    ],
)
def test_what_cloud_init_could_not_read_is_refused_in_one_line(
    first_start: ModuleType, text: str, reason: str
) -> None:
    with pytest.raises(first_start.CardError) as refused:
        first_start.merged(text, "hall")
    assert refused.value.code == 4
    whole = rf"user-data on the card cannot be used: {reason}; write the card again with Raspberry Pi Imager"
    assert re.fullmatch(whole, str(refused.value))


# The beginning and the end of what Imager writes for Bookworm.
FIRST_RUN = """#!/bin/sh

set +e

if [ -f /usr/lib/raspberrypi-sys-mods/imager_custom ]; then
   /usr/lib/raspberrypi-sys-mods/imager_custom set_hostname kitchen
else
   exit_code=0
fi
rm -f /boot/firstrun.sh
sed -i 's| systemd.run.*||g' /boot/cmdline.txt
exit 0
"""
LINE = 'sh "$(dirname "$0")/moodbox/first-boot.sh" # moodbox\n'
RENAME = "/usr/lib/raspberrypi-sys-mods/imager_custom set_hostname hall # moodbox\n"


def test_firstrun_prepares_the_installation_before_it_deletes_itself(first_start: ModuleType) -> None:
    changed = first_start.first_run(FIRST_RUN, "hall")
    assert changed == FIRST_RUN.replace("rm -f", f"{RENAME}{LINE}rm -f")
    assert first_start.first_run(changed, None) == FIRST_RUN.replace("rm -f", f"{LINE}rm -f")


def test_without_firstrun_there_is_one_that_ends_as_imagers_does(first_start: ModuleType) -> None:
    written = first_start.first_run("", None)
    assert written.startswith("#!/bin/bash\n")
    assert written.endswith(LINE + FIRST_RUN[FIRST_RUN.index("rm -f") :])


def test_a_firstrun_without_an_end_gets_it_at_its_end(first_start: ModuleType) -> None:
    assert first_start.first_run("#!/bin/sh\necho\n", None) == f"#!/bin/sh\necho\n{LINE}"


def test_the_command_line_runs_firstrun_once_and_stays_one_line(first_start: ModuleType) -> None:
    line = "console=tty1 root=PARTUUID=1-02 rootwait\n"
    changed = first_start.command_line(line)
    assert changed.startswith(
        line.strip() + " systemd.run=/boot/firstrun.sh systemd.run_success_action=reboot "
    )
    assert changed.count("\n") == 1
    assert first_start.command_line(changed) == changed
