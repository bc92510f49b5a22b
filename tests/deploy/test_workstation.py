"""What deploy.sh does on the workstation, without a real box."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import tarfile
import time
from contextlib import suppress
from pathlib import Path

import mpd
import pytest

from tests.deploy.machine import REPOSITORY, Source, environment_of, release
from tests.waiting import eventually


def deploy(*words: str, ssh: str = "ssh") -> subprocess.CompletedProcess[str]:
    """Run deploy.sh with an ssh command."""
    return subprocess.run(
        [REPOSITORY / "deploy" / "deploy.sh", *words],
        capture_output=True,
        text=True,
        check=False,
        env=os.environ | {"MOODBOX_SSH": ssh},
        stdin=subprocess.DEVNULL,
        timeout=60,
    )


@pytest.mark.parametrize(
    ("words", "mistake"),
    [
        (["--window", "--rooms", "box"], "--window and --rooms: one at a time"),
        (["--faster", "box"], "'--faster' is not an option: deploy/deploy.sh --help lists them"),
        (["box", "other", "box"], "'box' is there twice: name each host once"),
        (["box", "o ther"], "'o ther' is not a host: expected [USER@]HOST"),
        (["--", "--remove"], "'--remove' is not a host: expected [USER@]HOST"),
        (["box", "--", "-oProxyCommand=x"], "'-oProxyCommand=x' is not a host: expected [USER@]HOST"),
        (
            ["--status", "--"],
            "which machine? expected [USER@]HOST after --status --: deploy/deploy.sh --help says more",
        ),
        (["--hosts"], "--hosts: expected a file after it"),
        (["--hosts", "/nowhere"], "--hosts: the file '/nowhere' cannot be read"),
        (["--hosts", os.devnull], "--hosts: the file '/dev/null' names no host"),
        (["--hosts=/", "box"], "--hosts: the file '/' cannot be read"),
        (
            ["--status"],
            "which machine? expected [USER@]HOST after --status: deploy/deploy.sh --help says more",
        ),
        (["--dry-run", "--remove", "box"], "--dry-run cannot be combined with another option"),
    ],
)
def test_wrong_usage_is_one_line_ends_with_2_and_calls_no_ssh(words: list[str], mistake: str) -> None:
    done = deploy(*words, ssh="false")
    assert (done.returncode, done.stdout, done.stderr) == (2, "", f"moodbox: {mistake}\n")


def test_without_a_word_it_says_how_it_is_used() -> None:
    done = deploy(ssh="false")
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.startswith("usage: ")


@pytest.mark.parametrize("machine", ["aarch64", "x86_64"])
@pytest.mark.parametrize(
    ("python", "runtime", "numpy"), [("3.11", "tflite-runtime", "1."), ("3.13", "ai-edge-litert", "2.")]
)
def test_the_lock_is_evaluated_for_the_boxs_python(
    python: str, runtime: str, numpy: str, machine: str
) -> None:
    lock = release("lock", python, machine)
    pins = dict(re.findall(r"^(\S+)==(\S+) \\$", lock, re.MULTILINE))
    assert {"tflite-runtime", "ai-edge-litert"} & set(pins) == {runtime}
    assert pins["numpy"].startswith(numpy)
    assert "colorama" not in pins  # only for Windows
    assert all("--hash=sha256:" in entry for entry in re.split(r"^(?=\S)", lock, flags=re.MULTILINE) if entry)


def test_a_release_has_the_same_name_until_one_of_its_files_changes(tmp_path: Path) -> None:
    source, copy = Source(tmp_path / "source"), Source(tmp_path / "copy")
    (copy.folder / "device" / "box" / "box.py").chmod(0o600)
    (copy.folder / "notes.txt").write_text("not part of a release")
    first = release("name", "3.13", root=source.folder)
    assert re.fullmatch(r"\d+\.\d+\.\d+-py313-[0-9a-f]{12}\n", first)
    assert release("name", "3.13", root=copy.folder) == first
    assert release("name", "3.11", root=copy.folder) != first
    copy.change("systemd/moodbox.service", "WatchdogSec=30", "WatchdogSec=31")
    assert release("name", "3.13", root=copy.folder) != first


def test_mpd_reads_the_configuration_that_a_deploy_installs(tmp_path: Path) -> None:
    for folder in ("music", "playlists"):
        (tmp_path / folder).mkdir()
    configuration = (REPOSITORY / "deploy" / "mpd.conf").read_text()
    for original, replacement in (
        ("/var/lib/mpd", str(tmp_path)),
        ("/run/mpd/socket", str(tmp_path / "socket")),
        ('bind_to_address "127.0.0.1"', ""),  # another MPD may listen there
        ('user "mpd"', ""),
    ):
        assert original in configuration
        configuration = configuration.replace(original, replacement)
    (tmp_path / "mpd.conf").write_text(configuration)
    program = shutil.which("mpd", path=os.environ["PATH"] + ":/usr/bin:/usr/sbin")
    assert program
    with subprocess.Popen([program, "--no-daemon", "--stderr", tmp_path / "mpd.conf"]) as server:
        try:
            client = mpd.MPDClient()

            def listens() -> bool:  # the socket's file exists a moment before MPD listens
                with suppress(OSError):
                    client.connect(str(tmp_path / "socket"))
                    return True
                return False

            eventually(listens)
            [output] = client.outputs()
            assert (output["outputname"], output["plugin"]) == ("speaker", "alsa")
            assert client.status()["volume"]  # the software mixer's: there is no sound card here
            client.disconnect()
        finally:
            server.kill()


def test_the_packed_files_belong_to_root_and_everybody_can_read_them(tmp_path: Path) -> None:
    source = Source(tmp_path / "source")
    (source.folder / "device" / "box" / "box.py").chmod(0o600)
    (tmp_path / "wheels").mkdir()
    (tmp_path / "wheels" / "some.whl").touch()
    release("pack", tmp_path / "release.tar", tmp_path / "wheels", root=source.folder)
    with tarfile.open(tmp_path / "release.tar") as tar:
        members = {member.name: member for member in tar}
    assert {
        "wheels/some.whl",
        "device/box/box.py",
        "deploy/box/health_check.py",
        "models/mood3.tflite",
        "models/song_affect.json",
    } <= set(members)
    assert {(member.uid, member.gid, member.mode & 0o444) for member in members.values()} == {(0, 0, 0o444)}


# A script in place of ssh, for two boxes. The connection to `one` waits until `two` has its whole release.
SSH = """#!/bin/sh
while [ "$1" != -- ]; do shift; done
host=$2
case $host in one) python=3.11 ;; two) python=3.13 ;; esac
case "$*" in
*"sh -s") cat >/dev/null
    printf '%s\\n' system=Debian machine=x86_64 bits=64 packages=amd64 systemd=257
    printf '%s\\n' python=$python root=yes free=9999 ;;
*incoming.XXXXXX*) [ "$host" = two ] || until [ -e {folder}/two ]; do sleep .05; done
    cat >{folder}/part.$host && mv {folder}/part.$host {folder}/$host && echo /opt/moodbox/incoming.abcdef ;;
*) exit 1 ;;
esac
"""


def test_two_boxes_get_their_own_releases_at_the_same_time(tmp_path: Path) -> None:
    source = Source(tmp_path / "source")
    source.keep_wheels(("3.11", "x86_64"), ("3.13", "x86_64"))
    ssh = tmp_path / "ssh"
    ssh.write_text(SSH.replace("{folder}", str(tmp_path)))
    ssh.chmod(0o755)
    deploys = [
        subprocess.Popen(
            [source.folder / "deploy/deploy.sh", host],
            env=os.environ | {"MOODBOX_SSH": str(ssh)},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
        )
        for host in ("one", "two")
    ]
    for process in deploys:
        process.wait(60)
    for host, python in (("one", "3.11"), ("two", "3.13")):
        with tarfile.open(tmp_path / host) as tar:
            wheels_sent = [name for name in tar.getnames() if name.startswith("wheels/")]
        assert wheels_sent == [f"wheels/for-{python}.whl"]
    assert sorted(path.name for path in (source.folder / ".deploy").iterdir()) == [
        "wheels-3.11-x86_64",
        "wheels-3.13-x86_64",
    ]


MANY = """#!/bin/sh
while [ "$1" != -- ]; do shift; done
host=$2
trap 'rm -f {folder}/busy.$host' EXIT
: >{folder}/busy.$host
ls {folder} | grep -c 'busy[.]' >>{folder}/busy
case "$host $*" in
attic*) echo 'lost' >&2; exit 255 ;;
*"sh -s") cat >/dev/null
    printf '%s\\n' system=Debian machine=x86_64 bits=64 packages=amd64 systemd=257
    printf '%s\\n' python=3.13 root=yes free=9999 ;;
*) cat >/dev/null; echo "the box in the $host"
    [ "$host" != cellar ] || { echo 'FAILED it is flooded'; exit 8; } ;;
esac
"""


def test_several_hosts_get_a_line_each_and_the_exit_code_of_the_worst(tmp_path: Path) -> None:
    ssh = tmp_path / "ssh"
    ssh.write_text(MANY.replace("{folder}", str(tmp_path)))
    ssh.chmod(0o755)
    (tmp_path / "hosts").write_text("# at home\nhall  # by the door\n\nattic\ncellar")
    rooms = [f"room{number}" for number in range(7)]
    done = deploy("--status", "--hosts", str(tmp_path / "hosts"), *rooms, ssh=str(ssh))
    assert (done.returncode, done.stderr) == (8, "")
    before, summary = done.stdout.split("moodbox: 10 boxes:\n")
    assert "hall: the box in the hall\n" in before
    assert "attic: failed with exit code 3\n" in before, "at once; the reason is in the summary"
    assert done.stdout.count("must work without a password") == done.stdout.count("flooded") == 1
    assert summary.splitlines() == [
        "  attic: failed with exit code 3: no SSH to attic (lost): 'ssh attic' must work without a password",
        "  cellar: failed with exit code 8: it is flooded",
        "  hall: the box in the hall",
        *(f"  {room}: the box in the {room}" for room in rooms),
        "moodbox: 8 of 10 succeeded",
    ]
    at_once = [int(count) for count in (tmp_path / "busy").read_text().split()]
    assert 1 < max(at_once) <= 4


PIP = """#!/bin/sh
case "$*" in *" download "*) ;; *) exec {python} "$@" ;; esac
echo download >>{folder}/downloads
sleep .3
while [ "$1" != --dest ]; do shift; done
mkdir -p "$2" && : >"$2/some.whl"
"""


def test_packages_that_the_box_has_are_neither_downloaded_nor_sent(tmp_path: Path) -> None:
    source = Source(tmp_path / "source")
    source.keep_wheels()
    environment = environment_of("3.13")
    ssh = tmp_path / "ssh"
    ssh.write_text(
        SSH.replace("{folder}", str(tmp_path)).replace("free=9999", f"free=150 environments={environment}")
    )
    ssh.chmod(0o755)
    done = subprocess.run(
        [source.folder / "deploy/deploy.sh", "two"],
        env=os.environ | {"MOODBOX_SSH": str(ssh)},
        check=False,
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert "downloading" not in done.stdout
    with tarfile.open(tmp_path / "two") as tar:
        assert not [name for name in tar.getnames() if name.startswith("wheels")]


def test_similar_boxes_at_the_same_time_download_their_packages_once(tmp_path: Path) -> None:
    source = Source(tmp_path / "source")
    for linked in (".deploy", ".venv"):
        (source.folder / linked).unlink()
    python = source.folder / ".venv/bin/python"
    ssh = tmp_path / "ssh"
    for file, content in ((python, PIP), (ssh, SSH.replace("two) python=3.13", "two) python=3.11"))):
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(content.replace("{folder}", str(tmp_path)).replace("{python}", sys.executable))
        file.chmod(0o755)
    subprocess.run(
        [source.folder / "deploy/deploy.sh", "one", "two"],
        env=os.environ | {"MOODBOX_SSH": str(ssh)},
        check=False,
        capture_output=True,
        timeout=60,
    )
    assert (tmp_path / "downloads").read_text() == "download\n"
    for host in ("one", "two"):
        with tarfile.open(tmp_path / host) as tar:
            assert "wheels/some.whl" in tar.getnames()


def test_the_folder_of_a_killed_deploy_is_deleted_after_a_day(tmp_path: Path) -> None:
    source = Source(tmp_path / "source")
    source.keep_wheels()
    for name, hours in (("run.killed", 25), ("run.working", 1)):
        folder = source.folder / ".deploy" / name
        folder.mkdir(parents=True)
        (folder / "release.tar").touch()
        modified = time.time() - hours * 3600
        os.utime(folder, (modified, modified))
    subprocess.run(
        [source.folder / "deploy/deploy.sh", "box"],
        env=os.environ | {"MOODBOX_SSH": "false"},
        check=False,
        capture_output=True,
    )
    assert [path.name for path in (source.folder / ".deploy").iterdir()] == ["run.working"]
