"""Which Host headers name this machine."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from window.access.hosts import host_of, is_own_host, known_names

NAMES = frozenset({"moodbox", "moodbox.local", "moodbox.lan", "localhost"})


@pytest.mark.parametrize(
    ("header", "own"),
    [
        ("moodbox.local", "192.168.1.7"),
        ("MoodBox.Local:80", "192.168.1.7"),
        ("moodbox.local.", "192.168.1.7"),
        ("moodbox-2.local", "192.168.1.7"),
        ("192.168.1.7", "192.168.1.7"),
        ("192.168.1.7:8080", "::ffff:192.168.1.7"),
        ("[fe80::1]", "fe80::1%wlan0"),
    ],
)
def test_own_names_and_the_address_that_was_asked_are_ones_own(header: str, own: str) -> None:
    assert is_own_host(header, own, NAMES)


@pytest.mark.parametrize(
    "header",
    ["", "evil.example", "moodbox.evil.example", "moodbox-2.evil.example", "moodbox.local.evil.example",
     "192.168.1.8", "[fe80::2]", "moodbox.local/", "moodbox.local:99999999", "a b", "moodbox\x00.local", "."],
)  # fmt: skip
def test_others_are_not(header: str) -> None:
    assert not is_own_host(header, "192.168.1.7", NAMES)


@given(st.text(max_size=40))
def test_whatever_comes_is_a_name_or_nothing(header: str) -> None:
    host = host_of(header)
    assert host is None or not set(host) & set(" /\\@?#\r\n")


def test_this_machine_knows_its_names() -> None:
    assert {"localhost", "box.example"} <= known_names(["Box.Example."])
