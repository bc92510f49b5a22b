"""What deploy.sh does with a box that lies: it believes nothing, runs nothing, and prints it without harm.

The box is a script in the place of ssh, for a real sshd would not say such things.
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.deploy.machine import REPOSITORY, Source
from tests.deploy.test_workstation import release

BOX = """#!/bin/sh
cd "$(dirname "$0")"
while [ "$1" != -- ]; do shift; done
echo "$*" >>calls
case "$*" in
*"sh -s") said=answers ;;
*moodbox/incoming.XXXXXX*) said=incoming ;;
*) said=work ;;
esac
cat >/dev/null
if [ -x $said ]; then exec ./$said; fi
cat $said
"""
GOOD = {
    "machine": "x86_64",
    "bits": "64",
    "packages": "amd64",
    "system": "Debian GNU/Linux 13 (trixie)",
    "python": "3.13",
    "glibc": "41",
    "systemd": "257",
    "free": "9999",
    "root": "yes",
    "missing": "",
    "current": "",
    "proven": "",
    "active": "inactive",
}
SAYS_NOTHING = {"missing", "current", "proven", "active"}
EVIL = {
    "arithmetic": "BASH_VERSINFO[$(touch {mark})]",
    "a number, and more": "1+a[`touch {mark}`]",
    "command": "$(touch {mark})",
    "another command": "x; touch {mark} #",
    "an option": "--help",
    "control characters": "41\x1b]0;owned\x07\x1b[2J\x9b",
    "a long line": "9" * 19_000,
    "a line without end": "9" * 100_000,
    "not UTF-8": "\xff\xfe",
    "a path": "../../../etc",
}
# All but line feed, and those in UTF-8.
CONTROL = re.compile(rb"[\x00-\x09\x0b-\x1f\x7f]|\xc2[\x80-\x9f]")


@dataclass
class Box:
    """deploy.sh, and the box that it speaks to."""

    source: Source
    folder: Path

    @property
    def mark(self) -> Path:
        """Is there once something was run that the box has said."""
        return self.folder / "mark"

    def says(self, name: str, content: str, *, as_program: bool = False) -> None:
        """answers, incoming or work: to ask.sh, to the release, and to anything else that it is to do."""
        path = self.folder / name
        path.write_bytes(content.replace("{mark}", str(self.mark)).encode("utf-8", "surrogateescape"))
        path.chmod(0o755 if as_program else 0o644)

    def answers(self, **wrong: str) -> None:
        self.says("answers", "".join(f"{key}={value}\n" for key, value in (GOOD | wrong).items()))

    def deploy(self, *words: str, code: int, **environment: str) -> list[str]:
        """The lines on stderr. Nothing is run, and nothing is printed that a terminal would obey."""
        done = subprocess.run(
            [self.source.folder / "deploy/deploy.sh", *(words or ("box",))],
            env=os.environ | {"MOODBOX_SSH": str(self.folder / "ssh")} | environment,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            check=False,
            timeout=60,
        )
        said = done.stderr.decode(errors="replace")
        assert done.returncode == code, said
        assert not self.mark.exists()
        assert not CONTROL.search(done.stdout + done.stderr)
        self.printed = done.stdout.decode(errors="replace").splitlines()
        return said.splitlines()

    def calls(self) -> list[str]:
        calls = self.folder / "calls"
        return calls.read_text().splitlines() if calls.exists() else []


@pytest.fixture(scope="module")
def source(tmp_path_factory: pytest.TempPathFactory) -> Source:
    source = Source(tmp_path_factory.mktemp("evil") / "source")
    (source.folder / ".deploy").unlink()  # the downloaded packages of all tests
    return source


@pytest.fixture
def box(source: Source, tmp_path: Path) -> Box:
    box = Box(source, tmp_path)
    (tmp_path / "ssh").write_text(BOX)
    (tmp_path / "ssh").chmod(0o755)
    box.answers()
    box.says("incoming", "/opt/moodbox/incoming.aB3xYz\n")
    box.says("work", "it is well\n")
    return box


def test_a_box_of_good_answers_is_dealt_with(box: Box) -> None:
    assert box.deploy("--dry-run", "box", code=0) == []
    assert box.printed[1] == "moodbox: box has Debian GNU/Linux 13 (trixie), x86_64, Python 3.13"


@pytest.mark.parametrize(
    ("key", "kind"),
    [
        (key, kind)
        for key in GOOD
        for kind in EVIL
        if key != "system" and (key in ("glibc", "missing") or kind in ("arithmetic", "an option", "a path"))
    ],
)
def test_an_answer_that_cannot_be_is_one_line_and_ends_it(box: Box, key: str, kind: str) -> None:
    box.answers(**{key: EVIL[kind]})
    [line] = box.deploy(code=4)
    assert line.startswith("moodbox: box answers strangely: ")
    assert len(line) < 300
    assert len(box.calls()) == 1


@pytest.mark.parametrize("key", GOOD)
def test_an_answer_that_is_missing_is_one_line_or_allowed(box: Box, key: str) -> None:
    box.answers(**{key: ""})
    if key in SAYS_NOTHING | {"system", "glibc"}:
        assert box.deploy("--dry-run", "box", code=0) == []
    else:
        [line] = box.deploy("--dry-run", "box", code=4)
        assert line.startswith("moodbox: box ")


@pytest.mark.parametrize("key", GOOD)
def test_a_key_that_is_answered_twice_counts_once(box: Box, key: str) -> None:
    """An answer that has a line feed in it can pretend to be others, which are checked like any."""
    box.answers(machine=f"x86_64\n{key}={GOOD[key]}\n{key}=BASH_VERSINFO[$(touch {{mark}})]")
    assert box.deploy("--dry-run", "box", code=0) == []


@pytest.mark.parametrize("kind", ["arithmetic", "command", "control characters", "not UTF-8"])
def test_the_systems_name_may_be_anything_and_is_printed_without_harm(box: Box, kind: str) -> None:
    box.answers(system=EVIL[kind])
    assert box.deploy("--dry-run", "box", code=0) == []
    assert box.printed[1].endswith(", x86_64, Python 3.13")


@pytest.mark.parametrize("program", ["yes machine=x86_64", "tr '\\0' x </dev/zero", "cat /dev/zero", "true"])
def test_answers_without_an_end_or_a_beginning_are_not_waited_for(box: Box, program: str) -> None:
    box.says("answers", f"#!/bin/sh\n{program}\n", as_program=True)
    done = box.deploy(code=3 if "/dev/zero" in program and "tr" not in program else 4)
    assert len(done) == 1


def test_what_ssh_says_is_printed_without_harm_and_to_its_end_only(box: Box) -> None:
    box.says("answers", "#!/bin/sh\nprintf 'go\\033[2J away\\r\\n' >&2; exit 255\n", as_program=True)
    assert box.deploy(code=3) == [
        "moodbox: no SSH to box (go[2J away): 'ssh box' has to work without a password"
    ]
    box.says("answers", "#!/bin/sh\nyes no >&2\n", as_program=True)
    [line] = box.deploy(code=3)
    assert re.fullmatch(r"moodbox: no SSH to box \((no?|)\): 'ssh box' has to work .*", line)


@pytest.mark.parametrize(
    "incoming",
    ["", "/etc", "/opt/moodbox/incoming.x; touch {mark}", "$(touch {mark})", "/opt/moodbox/incoming.a/..",
     "-rf", "/opt/moodbox/incoming.a\n/etc", "/opt/moodbox/incoming.\x1b[2J"],
)  # fmt: skip
def test_a_folder_of_the_boxs_choice_goes_into_no_command(box: Box, tmp_path: Path, incoming: str) -> None:
    box.source = Source(tmp_path / "source")
    (box.source.folder / ".deploy").unlink()
    wheels = box.source.folder / ".deploy/wheels-3.13-x86_64"
    wheels.mkdir(parents=True)
    (wheels / "lock.txt").write_text(release("lock", "3.13", "x86_64"))
    box.says("incoming", incoming + "\n")
    box.says("work", "touch {mark}")
    [line] = box.deploy(code=4)
    assert line.startswith("moodbox: box answers strangely: the release is in ")
    assert not [call for call in box.calls() if " install " in call]


def test_what_the_box_tells_is_printed_without_control_characters(box: Box) -> None:
    box.says(
        "work",
        "plays Bj\u00f6rk\x1b[31m\x07\r - \u009b2JJ\u00f3ga\n\tFAILED no\nCODE 0; touch {mark}\nCODE x\n",
    )
    assert box.deploy("--status", "box", code=0) == []
    assert box.printed[2:] == [
        "moodbox: plays Björk[31m - 2JJóga",
        "moodbox: FAILED no",
        f"moodbox: CODE 0; touch {box.mark}",
        "moodbox: CODE x",
    ]


@pytest.mark.parametrize("code", [2, 6, 8, 77])
def test_why_it_failed_is_the_boxs_word_without_control_characters(box: Box, code: int) -> None:
    work = f"#!/bin/sh\nprintf 'FAILED no \\033]0;x\\007$(touch {{mark}})\\nCODE 0\\n'; exit {code}\n"
    box.says("work", work, as_program=True)
    assert box.deploy("--rollback", "box", code=code) == [f"moodbox: no ]0;x$(touch {box.mark})"]


def test_what_python_or_sudo_says_there_is_in_the_last_line(box: Box) -> None:
    work = "#!/bin/sh\nprintf 'Traceback:\\n\\033[2Jsudo: a password is required\\n' >&2; exit 1\n"
    box.says("work", work, as_program=True)
    assert box.deploy("--remove", "box", code=1) == [
        "moodbox: box: this ended with 1 ([2Jsudo: a password is required)"
    ]


@pytest.mark.parametrize("program", ["yes", "tr '\\0' x </dev/zero"])
def test_a_box_that_talks_without_end_is_not_listened_to_for_ever(box: Box, program: str) -> None:
    box.says("work", f"#!/bin/sh\n{program}\n", as_program=True)
    [line] = box.deploy("--status", "box", code=4)
    assert line == "moodbox: box talks without end: ask it with --status what became of it"


@pytest.mark.parametrize(
    "host",
    ["pi@-oProxyCommand=touch {mark}", "-oProxyCommand=touch", "a b", "x'y", 'x"y', "x;touch {mark}",
     "$(touch {mark})", "pi@", "a\nb", "b\x1b[2Jc", "@box", "pi@box/../x", "a\\b", ""],
)  # fmt: skip
def test_a_host_that_can_be_none_is_refused_before_anybody_is_asked(box: Box, host: str) -> None:
    assert box.deploy(host.replace("{mark}", str(box.mark)), code=2)
    assert box.calls() == []


@pytest.mark.parametrize("host", ["box", "pi@box.local", "10.0.0.7", "pi@fe80::1%eth0", "ssh://pi@box:2222"])
def test_any_host_of_ssh_is_one(box: Box, host: str) -> None:
    assert box.deploy("--dry-run", host, code=0) == []
    assert box.calls() == [f"-- {host} sh -s"]


PATIENCE = [
    "inf",
    "nan",
    "1e9",
    "-1",
    "0",
    "100",
    "1.",
    ".5",
    "1;touch {mark}",
    "$(touch {mark})",
    "1\n2",
    "\x1b[2J",
    "٣",
]


@pytest.mark.parametrize("patience", PATIENCE)
def test_a_patience_that_is_no_number_is_refused_here(box: Box, patience: str) -> None:
    given = patience.replace("{mark}", str(box.mark))
    [line] = box.deploy(code=2, MOODBOX_PATIENCE=given)
    assert line.startswith("moodbox: MOODBOX_PATIENCE is ")
    assert box.calls() == []


@pytest.mark.parametrize("patience", ["", "1", "2.5", "99"])
def test_a_patience_that_is_one_gets_to_the_box(box: Box, patience: str) -> None:
    box.deploy("--status", "box", code=0, MOODBOX_PATIENCE=patience)
    assert f" env MOODBOX_PATIENCE={patience or 1} python3 " in " ".join(box.calls())


def on_the_box(*words: str, patience: str = "") -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-IB", REPOSITORY / "deploy/box", *words],
        env=os.environ | {"MOODBOX_PATIENCE": patience},
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.mark.parametrize("patience", PATIENCE)
def test_a_patience_that_is_no_number_is_refused_there(patience: str) -> None:
    done = on_the_box("status", patience=patience)
    assert (done.returncode, done.stderr) == (2, "")
    assert done.stdout == f"FAILED MOODBOX_PATIENCE is {patience!r}: expected a number from 1 to 99\n"


@pytest.mark.parametrize(
    "name", ["../../etc", "", ".", "..", "a b", "/etc", "/opt/moodbox/incoming.x/../..", "-f"]
)
def test_a_name_that_is_no_releases_is_refused_there(name: str) -> None:
    done = on_the_box("switch", name)
    assert (done.returncode, done.stderr) == (2, "")
    assert done.stdout == f"FAILED {name!r} is no release\n"


def test_what_a_person_has_left_among_the_releases_is_cleared_away_and_nothing_behind_a_link(
    tmp_path: Path,
) -> None:
    root, elsewhere = tmp_path / "moodbox", tmp_path / "elsewhere"
    for folder in (root / "releases" / "half", elsewhere):
        folder.mkdir(parents=True)
        (folder / "file").touch()
    (root / "releases" / "note.txt").touch()
    (root / "releases" / "link").symlink_to(elsewhere)
    (root / "incoming.x").symlink_to(elsewhere)
    program = (
        f"import sys, pathlib; sys.path.insert(0, {str(REPOSITORY / 'deploy/box')!r}); import common\n"
        f"common.ROOT = pathlib.Path({str(root)!r}); common.RELEASES = common.ROOT / 'releases'\n"
        "common.CURRENT = common.ROOT / 'current'; import releases; releases.clear_away()"
    )
    subprocess.run([sys.executable, "-c", program], check=True)
    assert [path.name for path in root.iterdir()] == ["releases"]
    assert list((root / "releases").iterdir()) == []
    assert (elsewhere / "file").exists()
