"""The list of paired browsers, and its file."""

from __future__ import annotations

import errno
import json
import os
import time
from pathlib import Path

import pytest

from window.access.browsers import DAY_S, MAX_BROWSERS, PairedBrowsers, form_token


def test_a_paired_browser_is_known_after_a_restart(tmp_path: Path) -> None:
    secret = PairedBrowsers(tmp_path / "browsers.json").pair("Firefox on Linux")
    found = PairedBrowsers(tmp_path / "browsers.json").find(secret)
    assert found
    assert found.name == "Firefox on Linux"


def test_the_file_holds_no_secret_and_only_its_owner_can_read_it(tmp_path: Path) -> None:
    file = tmp_path / "browsers.json"
    secret = PairedBrowsers(file).pair("Firefox")
    assert secret not in file.read_text()
    assert form_token(secret) not in file.read_text()
    assert file.stat().st_mode & 0o777 == 0o600


def test_one_that_was_sent_away_is_not_known_any_more(tmp_path: Path) -> None:
    browsers = PairedBrowsers(tmp_path / "browsers.json")
    secret, other = browsers.pair("one"), browsers.pair("other")
    found = browsers.find(secret)
    assert found
    assert browsers.send_away(found.key)
    assert not browsers.send_away(found.key)
    for again in (browsers, PairedBrowsers(tmp_path / "browsers.json")):
        assert again.find(secret) is None
        assert again.find(other)


def test_there_are_not_more_than_so_many(tmp_path: Path) -> None:
    browsers = PairedBrowsers(tmp_path / "browsers.json")
    secrets = [browsers.pair(f"number {number}") for number in range(MAX_BROWSERS + 3)]
    assert len(browsers) == MAX_BROWSERS
    assert browsers.find(secrets[-1])


GOOD = {"key": "0a", "digest": "0a" * 32, "name": "n", "paired": 5, "seen": 0}


def entry(**others: object) -> str:
    return json.dumps([GOOD | others])


def test_a_good_entry_is_read(tmp_path: Path) -> None:
    (tmp_path / "browsers.json").write_text(entry())
    assert len(PairedBrowsers(tmp_path / "browsers.json")) == 1


@pytest.mark.parametrize(
    "content",
    ["", "{", "[1]", '[{"key": 1}]', "null", "[" * 9999, entry(digest=1), entry(paired="x"), entry(seen=-1),
     entry(paired=10**30), entry(digest="é"), entry(key="a/b")]
)  # fmt: skip
def test_a_damaged_file_lets_nobody_in_and_breaks_no_page(tmp_path: Path, content: str) -> None:
    (tmp_path / "browsers.json").write_text(content)
    browsers = PairedBrowsers(tmp_path / "browsers.json")
    assert len(browsers) == 0
    assert browsers.find("made up") is None
    assert browsers.find(browsers.pair("new"))


def test_a_pipe_in_place_of_the_file_does_not_keep_the_page_waiting(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "browsers.json")
    assert len(PairedBrowsers(tmp_path / "browsers.json")) == 0


def test_a_disk_that_is_full_shuts_nobody_out(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    browsers = PairedBrowsers(tmp_path / "browsers.json")
    known = browsers.pair("known")
    monkeypatch.setattr(os, "fsync", disk_full)
    later = time.time() + 3 * DAY_S
    monkeypatch.setattr(time, "time", lambda: later)
    assert browsers.find(known)  # its day is to be written down
    assert browsers.find(browsers.pair("new"))
    assert [file.name for file in tmp_path.iterdir()] == ["browsers.json"]


def test_who_is_sent_away_while_the_disk_is_full_is_out_and_it_is_said(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    browsers = PairedBrowsers(tmp_path / "browsers.json")
    secret = browsers.pair("one")
    found = browsers.find(secret)
    assert found
    monkeypatch.setattr(os, "fsync", disk_full)
    with pytest.raises(OSError, match="No space"):
        browsers.send_away(found.key)
    assert browsers.find(secret) is None


def disk_full(_: int) -> None:
    raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
