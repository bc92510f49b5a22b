"""The list of paired browsers, and its file."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from window.access.browsers import MAX_BROWSERS, PairedBrowsers, form_token


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


@pytest.mark.parametrize(
    "content", ["", "{", "[1]", '[{"key": 1}]', "null", json.dumps([{"key": "a", "digest": 1, "name": "n",
                "paired": "x", "seen": 0}])]
)  # fmt: skip
def test_a_damaged_file_lets_nobody_in(tmp_path: Path, content: str) -> None:
    (tmp_path / "browsers.json").write_text(content)
    browsers = PairedBrowsers(tmp_path / "browsers.json")
    assert len(browsers) == 0
    assert browsers.find(browsers.pair("new"))
