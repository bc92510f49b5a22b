"""What the page reads beside the box: the journal and the releases."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from window.box import journal


def a_journal(folder: Path, monkeypatch: pytest.MonkeyPatch, script: str) -> None:
    """Put a program in the place of `journalctl`: here is no journal of a box."""
    program = folder / "journalctl"
    program.write_text(f"#!/bin/sh\n{script}\n")
    program.chmod(0o755)
    monkeypatch.setenv("PATH", f"{folder}:/usr/bin:/bin")


def test_the_last_lines_have_no_control_characters(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    a_journal(tmp_path, monkeypatch, r"printf '1 look: \033[31mhappy\n2 \377\n'")
    assert asyncio.run(journal.last_lines()) == ["1 look: ?[31mhappy", "2 \ufffd"]


def test_a_journal_that_comes_in_pieces_is_read_to_its_end(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    a_journal(tmp_path, monkeypatch, "echo first; sleep 0.1; echo last")
    assert asyncio.run(journal.last_lines()) == ["first", "last"]


def test_a_journal_that_has_just_ended_is_not_killed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whoever kills a process takes its end away from asyncio, which then says so in the page's journal."""
    killed: list[object] = []
    monkeypatch.setattr(asyncio.subprocess.Process, "kill", killed.append)
    a_journal(tmp_path, monkeypatch, "echo last; exec >&-; sleep 0.1")
    assert asyncio.run(journal.last_lines()) == ["last"]
    assert killed == []


def test_a_journal_for_which_no_process_can_be_started_is_empty(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object, **__: object) -> None:
        raise RuntimeError("can't start new thread")

    monkeypatch.setattr(asyncio, "create_subprocess_exec", refuse)
    assert asyncio.run(journal.last_lines()) == []


def test_todays_moods_are_counted(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    a_journal(tmp_path, monkeypatch, r"printf 'happy\nsad\nhappy\n\nsomething else\n'")
    assert asyncio.run(journal.moods_today()) == {"happy": 2, "sad": 1}


def test_without_moods_or_without_a_journal_there_is_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    a_journal(tmp_path, monkeypatch, "exit 1")
    assert asyncio.run(journal.moods_today()) is None
    monkeypatch.setenv("PATH", str(tmp_path / "empty"))
    assert asyncio.run(journal.last_lines()) == []


def test_a_journal_that_hangs_holds_nobody_up(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(journal, "TIMEOUT_S", 0.2)
    a_journal(tmp_path, monkeypatch, "exec sleep 60")
    assert asyncio.run(journal.last_lines()) == []


def test_the_newest_release_comes_first(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(journal, "RELEASES", tmp_path)
    for name, mark in (("a", "1\n"), ("b", "10\n"), ("c", "9\n"), ("d", "x")):
        (tmp_path / name).mkdir()
        (tmp_path / name / ".proven").write_text(mark)
    assert journal.releases() == ["b", "c", "a", "d"]
