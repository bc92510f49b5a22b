"""deploy.sh against a malicious box: it validates all answers, and runs and prints nothing harmful.

The box is a script in place of ssh: a real sshd would not give such answers.
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.deploy.machine import REPOSITORY, Source, environment_of
from tests.deploy.test_releases import main_module

BOX = """#!/bin/sh
cd "$(dirname "$0")"
while [ "$1" != -- ]; do shift; done
echo "$*" >>calls
case "$*" in
*"sh -s") file=answers ;;
*moodbox/incoming.XXXXXX*) file=incoming ;;
*) file=work ;;
esac
cat >/dev/null
if [ -x $file ]; then exec ./$file; fi
cat $file
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
MAY_BE_EMPTY = {"missing", "current", "proven", "active"}
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
# All control characters but line feed, also those that UTF-8 encodes.
CONTROL = re.compile(rb"[\x00-\x09\x0b-\x1f\x7f]|\xc2[\x80-\x9f]")


@dataclass
class Box:
    """deploy.sh and the script that answers as the box."""

    source: Source
    folder: Path

    @property
    def mark(self) -> Path:
        """Exists if a command in an answer was run."""
        return self.folder / "mark"

    def set_output(self, name: str, content: str, *, as_program: bool = False) -> None:
        """Set the output for probe.sh (answers), for the release (incoming), or for anything else (work)."""
        path = self.folder / name
        path.write_bytes(content.replace("{mark}", str(self.mark)).encode("utf-8", "surrogateescape"))
        path.chmod(0o755 if as_program else 0o644)

    def set_answers(self, **invalid: str) -> None:
        """Give valid answers to probe.sh, except to some keys."""
        self.set_output("answers", "".join(f"{key}={value}\n" for key, value in (GOOD | invalid).items()))

    def deploy(self, *words: str, code: int, **environment: str) -> list[str]:
        """Run deploy.sh, and return its lines on stderr. No answer is run or harms a terminal."""
        done = subprocess.run(
            [self.source.folder / "deploy/deploy.sh", *(words or ("box",))],
            env=os.environ | {"MOODBOX_SSH": str(self.folder / "ssh")} | environment,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            check=False,
            timeout=60,
        )
        errors = done.stderr.decode(errors="replace")
        assert done.returncode == code, errors
        assert not self.mark.exists()
        assert not CONTROL.search(done.stdout + done.stderr)
        self.printed = done.stdout.decode(errors="replace").splitlines()
        return errors.splitlines()

    def calls(self) -> list[str]:
        """Return the words of each ssh call."""
        calls = self.folder / "calls"
        return calls.read_text().splitlines() if calls.exists() else []


@pytest.fixture
def box(unchanged: Source, tmp_path: Path) -> Box:
    """Return a box that gives valid answers."""
    box = Box(unchanged, tmp_path)
    (tmp_path / "ssh").write_text(BOX)
    (tmp_path / "ssh").chmod(0o755)
    box.set_answers()
    box.set_output("incoming", "/opt/moodbox/incoming.aB3xYz\n")
    box.set_output("work", "it is healthy\n")
    return box


def test_valid_answers_are_accepted(box: Box) -> None:
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
def test_an_invalid_answer_ends_the_deploy_with_one_line(box: Box, key: str, kind: str) -> None:
    box.set_answers(**{key: EVIL[kind]})
    [line] = box.deploy(code=4)
    assert line.startswith("moodbox: invalid answer from box: ")
    assert len(line) < 300
    assert len(box.calls()) == 1


@pytest.mark.parametrize("key", GOOD)
def test_an_empty_answer_is_allowed_or_refused_in_one_line(box: Box, key: str) -> None:
    box.set_answers(**{key: ""})
    if key in MAY_BE_EMPTY | {"system", "glibc"}:
        assert box.deploy("--dry-run", "box", code=0) == []
    else:
        [line] = box.deploy("--dry-run", "box", code=4)
        assert re.match("moodbox: (invalid answer from )?box", line)


@pytest.mark.parametrize("key", GOOD)
def test_only_the_first_answer_to_a_key_counts(box: Box, key: str) -> None:
    """An answer with a line feed can add answers to other keys, which are validated too."""
    box.set_answers(machine=f"x86_64\n{key}={GOOD[key]}\n{key}=BASH_VERSINFO[$(touch {{mark}})]")
    assert box.deploy("--dry-run", "box", code=0) == []


@pytest.mark.parametrize("kind", ["arithmetic", "command", "control characters", "not UTF-8"])
def test_any_name_of_the_system_is_accepted_and_printed_safely(box: Box, kind: str) -> None:
    box.set_answers(system=EVIL[kind])
    assert box.deploy("--dry-run", "box", code=0) == []
    assert box.printed[1].endswith(", x86_64, Python 3.13")


@pytest.mark.parametrize("program", ["yes machine=x86_64", "tr '\\0' x </dev/zero", "cat /dev/zero", "true"])
def test_endless_and_empty_answers_end_the_deploy(box: Box, program: str) -> None:
    box.set_output("answers", f"#!/bin/sh\n{program}\n", as_program=True)
    lines = box.deploy(code=3 if "/dev/zero" in program and "tr" not in program else 4)
    assert len(lines) == 1


def test_the_last_error_of_ssh_is_printed_safely(box: Box) -> None:
    box.set_output("answers", "#!/bin/sh\nprintf 'go\\033[2J away\\r\\n' >&2; exit 255\n", as_program=True)
    assert box.deploy(code=3) == [
        "moodbox: no SSH to box (go[2J away): 'ssh box' must work without a password"
    ]
    box.set_output("answers", "#!/bin/sh\nyes no >&2\n", as_program=True)
    [line] = box.deploy(code=3)
    assert re.fullmatch(r"moodbox: no SSH to box \((no?|)\): 'ssh box' must work .*", line)


@pytest.mark.parametrize(
    "incoming",
    ["", "/etc", "/opt/moodbox/incoming.x; touch {mark}", "$(touch {mark})", "/opt/moodbox/incoming.a/..",
     "-rf", "/opt/moodbox/incoming.a\n/etc", "/opt/moodbox/incoming.\x1b[2J"],
)  # fmt: skip
def test_an_invalid_incoming_folder_is_used_in_no_command(box: Box, incoming: str) -> None:
    box.set_answers(environments=environment_of("3.13"))
    box.set_output("incoming", incoming + "\n")
    box.set_output("work", "touch {mark}")
    [line] = box.deploy(code=4)
    assert line.startswith("moodbox: invalid answer from box: the release is in ")
    assert not [call for call in box.calls() if " install " in call]


def test_the_boxs_output_is_printed_without_control_characters(box: Box) -> None:
    box.set_output(
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
def test_the_boxs_reason_for_a_failure_is_printed_without_control_characters(box: Box, code: int) -> None:
    work = f"#!/bin/sh\nprintf 'FAILED no \\033]0;x\\007$(touch {{mark}})\\nCODE 0\\n'; exit {code}\n"
    box.set_output("work", work, as_program=True)
    assert box.deploy("--rollback", "box", code=code) == [f"moodbox: no ]0;x$(touch {box.mark})"]


def test_an_error_of_python_or_sudo_on_the_box_is_in_the_last_line(box: Box) -> None:
    work = "#!/bin/sh\nprintf 'Traceback:\\n\\033[2Jsudo: a password is required\\n' >&2; exit 1\n"
    box.set_output("work", work, as_program=True)
    assert box.deploy("--remove", "box", code=1) == [
        "moodbox: box: the command ended with exit code 1 ([2Jsudo: a password is required)"
    ]


@pytest.mark.parametrize("program", ["yes", "tr '\\0' x </dev/zero"])
def test_endless_output_ends_the_deploy(box: Box, program: str) -> None:
    box.set_output("work", f"#!/bin/sh\n{program}\n", as_program=True)
    [line] = box.deploy("--status", "box", code=4)
    assert line == "moodbox: box sends too much output: use --status to see the result"


@pytest.mark.parametrize(
    "host",
    ["pi@-oProxyCommand=touch {mark}", "-oProxyCommand=touch", "a b", "x'y", 'x"y', "x;touch {mark}",
     "$(touch {mark})", "pi@", "a\nb", "b\x1b[2Jc", "@box", "pi@box/../x", "a\\b", "",
     "[-x", "pi@[-oProxyCommand=touch", "[-x]", "[", "[]", "b]", "b[1]", "[::1]-x", "ssh://[::1]:x"],
)  # fmt: skip
def test_an_invalid_host_is_refused_before_ssh_is_called(box: Box, host: str) -> None:
    assert box.deploy(host.replace("{mark}", str(box.mark)), code=2)
    assert box.calls() == []


@pytest.mark.parametrize(
    "host",
    ["box", "pi@box.local", "10.0.0.7", "pi@fe80::1%eth0", "ssh://pi@box:2222", "ssh://pi@[fe80::1]:2222"],
)  # fmt: skip
def test_every_kind_of_host_that_ssh_takes_is_accepted(box: Box, host: str) -> None:
    assert box.deploy("--dry-run", host, code=0) == []
    assert box.calls() == [f"-- {host} sh -s"]


INVALID_FACTORS = ["inf", "nan", "1e9", "-1", "0", "100", "1.", ".5", "1;touch {mark}", "$(touch {mark})",
                   "1\n2", "\x1b[2J", "٣"]  # fmt: skip


@pytest.mark.parametrize("factor", INVALID_FACTORS)
def test_an_invalid_time_factor_is_refused_on_the_workstation(box: Box, factor: str) -> None:
    given = factor.replace("{mark}", str(box.mark))
    [line] = box.deploy(code=2, MOODBOX_PATIENCE=given)
    assert line.startswith("moodbox: MOODBOX_PATIENCE is ")
    assert box.calls() == []


@pytest.mark.parametrize("factor", ["", "1", "2.5", "99"])
def test_a_valid_time_factor_is_passed_to_the_box(box: Box, factor: str) -> None:
    box.deploy("--status", "box", code=0, MOODBOX_PATIENCE=factor)
    assert f" env MOODBOX_PATIENCE={factor or 1} python3 " in " ".join(box.calls())


@pytest.mark.parametrize("factor", INVALID_FACTORS)
def test_an_invalid_time_factor_is_refused_on_the_box(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], factor: str
) -> None:
    monkeypatch.setenv("MOODBOX_PATIENCE", factor)
    assert main_module(monkeypatch).main("status") == 2
    refused = f"FAILED MOODBOX_PATIENCE is {factor!r}: expected a number from 1 to 99\n"
    assert capsys.readouterr() == (refused, "")


@pytest.mark.parametrize(
    "name", ["../../etc", "", ".", "..", "a b", "/etc", "/opt/moodbox/incoming.x/../..", "-f"]
)
def test_an_invalid_release_name_is_refused_on_the_box(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], name: str
) -> None:
    assert main_module(monkeypatch).main("switch", name) == 2
    assert capsys.readouterr() == (f"FAILED {name!r} is not the name of a release\n", "")


def test_what_is_refused_on_the_box_ends_the_program_that_deploy_sh_starts_there() -> None:
    done = subprocess.run(
        [sys.executable, "-IB", REPOSITORY / "deploy/box", "switch", "../../etc"],
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.returncode, done.stderr) == (2, "")
    assert done.stdout == "FAILED '../../etc' is not the name of a release\n"


def test_unknown_files_among_the_releases_are_deleted_but_not_the_targets_of_links(
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
        "common.CURRENT = common.ROOT / 'current'; import releases; releases.delete_unproven()"
    )
    subprocess.run([sys.executable, "-c", program], check=True)
    assert [path.name for path in root.iterdir()] == ["releases"]
    assert list((root / "releases").iterdir()) == []
    assert (elsewhere / "file").exists()
