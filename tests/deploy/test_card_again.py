"""deploy/card.sh on the computer when it is stopped, and when it is run again."""

from __future__ import annotations

import importlib
import os
import signal
import subprocess
import sys
import tarfile
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.deploy.machine import REPOSITORY, Source
from tests.deploy.test_card import boot, card, content

__all__ = ["boot"]  # a fixture


@pytest.fixture
def source(source: Source) -> Source:
    """A copy that a test may change, with the packages for the card of `boot`."""
    source.keep_wheels(("3.13", "aarch64"))
    return source


@pytest.fixture
def write(boot: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Callable[..., int]:
    """Write a release to the card as card.sh does in its last step."""
    monkeypatch.syspath_prepend(REPOSITORY / "deploy")
    module = importlib.import_module("card")
    (tmp_path / "release.tar").touch()
    words = ["write", str(boot), f"--release={tmp_path}/release.tar", "--release-name=1"]
    return lambda *more: module.main([*words, *more])


def test_ctrl_c_leaves_a_card_that_can_be_made_again(
    write: Callable[..., int], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def stop(*_: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patched:
        patched.setattr(os, "sync", stop)
        assert write() == 130
    assert capsys.readouterr().err == ""  # card.sh says it
    assert write() == 0


# In place of Python: when it is to do STEP, it waits for ever.
WAITS = """#!/bin/sh
case "$*" in *STEP*) echo waits >&2; exec sleep 60 ;; *) exec {python} "$@" ;; esac
"""


@pytest.mark.parametrize("step", ["card.py examine", "release.py name", "release.py pack", "card.py write"])
def test_ctrl_c_is_answered_in_one_line_whatever_it_does(source: Source, boot: Path, step: str) -> None:
    (source.folder / ".venv").unlink()
    python = source.folder / ".venv/bin/python"
    python.parent.mkdir(parents=True)
    python.write_text(WAITS.replace("{python}", sys.executable).replace("STEP", step.replace(" ", "*")))
    python.chmod(0o755)
    with subprocess.Popen(
        [source.folder / "deploy/card.sh", boot],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    ) as process:
        assert process.stderr
        assert process.stderr.readline() == "waits\n"
        os.killpg(process.pid, signal.SIGINT)
        said = process.stderr.read()
    assert process.returncode == 130
    assert said == "\nmoodbox: stopped: this card is not ready; run deploy/card.sh again\n"


def test_a_signing_key_that_is_none_is_said_at_once(unchanged: Source, boot: Path, tmp_path: Path) -> None:
    (tmp_path / "key").write_text("no key")
    with pytest.MonkeyPatch.context() as patched:
        patched.setenv("MOODBOX_SIGNING_KEY", str(tmp_path / "key"))
        done = card(unchanged, boot)
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr == (
        f"moodbox: MOODBOX_SIGNING_KEY: '{tmp_path}/key' is not a key of SSH:"
        " expected a file such as ~/.ssh/id_ed25519\n"
    )


def test_a_second_time_replaces_the_release_and_keeps_what_somebody_has_changed(
    source: Source, boot: Path
) -> None:
    assert card(source, boot).returncode == 0
    (boot / "moodbox.toml").write_text("# mine\n")
    (boot / "moodbox-wifi.toml").write_text("# mine\n")
    source.set_version("9.9.")
    before = content(boot)
    assert card(source, boot).returncode == 0
    after = content(boot)
    assert {file for file in after if before.get(file) != after[file]} == {
        "moodbox/name",
        "moodbox/release.tar",
    }
    assert set(before) == set(after)


def test_the_settings_may_be_named_that_are_on_the_card_already(
    write: Callable[..., int], boot: Path
) -> None:
    assert write() == 0
    (boot / "moodbox.toml").write_text("# mine\n")
    assert write(f"--settings={boot / 'moodbox.toml'}") == 0
    assert (boot / "moodbox.toml").read_text() == "# mine\n"


def test_a_second_time_keeps_the_songs_unless_others_are_named(
    write: Callable[..., int], boot: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for name in ("old", "new"):
        (tmp_path / name).mkdir()
        (tmp_path / name / f"{name}.ogg").write_text(name)
    kept = "the songs that are on the card already are kept"
    for music, song, keeps in (("old", "old.ogg", False), (None, "old.ogg", True), ("new", "new.ogg", False)):
        code = write(*([f"--music={tmp_path / music}"] if music else []))
        assert (code, kept in capsys.readouterr().out) == (0, keeps)
        with tarfile.open(boot / "moodbox/music.tar") as tar:
            assert tar.getnames() == [song]


def test_songs_that_were_copied_only_in_part_are_not_kept(
    write: Callable[..., int], boot: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    (tmp_path / "music").mkdir()
    (tmp_path / "music/song.ogg").touch()

    def stop(*_: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patched:
        patched.setattr(tarfile.TarFile, "addfile", stop)
        assert write(f"--music={tmp_path}/music") == 130
    assert write() == 0
    assert {file.name for file in (boot / "moodbox").iterdir()} == {"release.tar", "first-boot.sh", "name"}
