"""deploy.sh over several boxes, of which one hangs, and which somebody stops. A script stands in for ssh."""

from __future__ import annotations

import contextlib
import os
import re
import signal
import subprocess
from pathlib import Path

import pytest

from tests.deploy.machine import Source, environment_of
from tests.waiting import eventually

SSH = """#!/bin/sh
while [ "$1" != -- ]; do shift; done
host=$2
case "$host $*" in
later*"sh -s" | full*"sh -s") ;;
hang* | later* | full*) echo $$ >>{folder}/hanging; exec sleep 600 ;;
esac
cat >/dev/null
case "$*" in
*"sh -s") printf '%s\\n' system=Debian machine=x86_64 bits=64 packages=amd64 systemd=257
    case "$host" in full*) free=1 ;; *) free=9999 ;; esac
    printf '%s\\n' python=3.13 root=yes free=$free environments={environment} ;;
*) echo "the box in the $host" ;;
esac
"""
HANGS = "does it hang? Switch it off and on"


@pytest.fixture
def source(tmp_path: Path) -> Source:
    source = Source(tmp_path / "source")
    source.keep_wheels()
    environment = environment_of("3.13")
    (tmp_path / "ssh").write_text(
        SSH.replace("{folder}", str(tmp_path)).replace("{environment}", environment)
    )
    (tmp_path / "ssh").chmod(0o755)
    return source


def started(source: Source, *words: str, options: tuple[str, ...] = ("--status",)) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [source.folder / "deploy/deploy.sh", *options, *words],
        env=os.environ | {"MOODBOX_SSH": str(source.folder.parent / "ssh")},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        start_new_session=True,
    )


def summary(process: subprocess.Popen[str]) -> list[str]:
    output, _ = process.communicate(timeout=60)
    return output[output.index(" boxes:\n") :].splitlines()[1:]


def are_over(folder: Path) -> bool:
    return not any(Path(f"/proc/{number}").exists() for number in (folder / "hanging").read_text().split())


def programs_of(source: Source) -> list[str]:
    found = []
    for file in Path("/proc").glob("[0-9]*/cmdline"):
        with contextlib.suppress(OSError):  # it has just ended
            found.append(file.read_text(errors="replace"))
    return [line for line in found if str(source.folder) in line]


def shorten(source: Source, limit: str) -> None:
    """Let one of the script's time limits be a second, but only for the boxes that hang."""
    script = source.folder / "deploy/deploy.sh"
    of_host = f"$([[ $host =~ ^(hang|later|full) ]] && echo 1 || echo ${limit})"
    text, count = re.subn(rf"(?<=remote_within )\${limit}", lambda _: of_host, script.read_text())
    assert count
    script.unlink()
    script.write_text(text)
    script.chmod(0o755)


@pytest.mark.parametrize(
    ("options", "what"),
    [
        (("--status",), f"is not done after 120 minutes: {HANGS}; --status shows the result"),
        ((), f"has not taken the release in 120 minutes: {HANGS}"),
    ],
)
def test_a_box_that_hangs_while_it_works_is_given_up_with_one_line(
    source: Source, tmp_path: Path, options: tuple[str, ...], what: str
) -> None:
    shorten(source, "work_s")
    process = started(source, "later", options=options)
    output, _ = process.communicate(timeout=60)
    assert process.returncode == 3
    assert output.splitlines()[-1] == f"moodbox: later {what}"
    eventually(lambda: are_over(tmp_path))
    eventually(lambda: not programs_of(source))


def test_a_full_box_that_hangs_while_it_makes_room_is_asked_once_more(source: Source) -> None:
    shorten(source, "work_s")
    output, _ = started(source, "full", options=()).communicate(timeout=60)
    assert "moodbox: full has 1 MB free for /opt" in output.splitlines()[-1]


def test_boxes_that_hang_hold_up_the_others_for_a_while_only(source: Source, tmp_path: Path) -> None:
    shorten(source, "probe_s")
    hanging = [f"hang{number}" for number in range(4)]  # as many as are worked on at a time
    process = started(source, *hanging, "hall")
    assert summary(process) == [
        "  hall: the box in the hall",
        *(
            f"  {host}: failed with exit code 3: {host} does not answer for 180 seconds: does it hang?"
            " Switch it off and on"
            for host in hanging
        ),
        "moodbox: 1 of 5 succeeded",
    ]
    assert process.returncode == 3
    eventually(lambda: are_over(tmp_path))


def test_who_stops_it_with_ctrl_c_learns_which_boxes_are_done(source: Source, tmp_path: Path) -> None:
    process = started(source, "hall", "hang", "all")
    eventually((tmp_path / "hanging").exists)
    eventually(lambda: len(list((source.folder / ".deploy").glob("run.*/results/[!.]*"))) == 2)
    os.killpg(process.pid, signal.SIGINT)
    assert summary(process) == [
        "  all: the box in the all",
        "  hall: the box in the hall",
        "  hang: not finished: --status shows how far it is",
        "moodbox: 2 of 3 succeeded",
    ]
    assert process.returncode == 130
    eventually(lambda: are_over(tmp_path))
    eventually(lambda: not programs_of(source))


def test_a_file_of_hosts_may_be_as_windows_editor_saves_it(source: Source, tmp_path: Path) -> None:
    hosts = tmp_path / "hosts"
    hosts.write_bytes(b"\xef\xbb\xbfhall\r\nattic # above\r\n\r\n# nobody\r\n")
    assert summary(started(source, "--hosts", str(hosts))) == [
        "  attic: the box in the attic",
        "  hall: the box in the hall",
        "moodbox: 2 of 2 succeeded",
    ]
