from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from device.control.command import Command
from device.control.protocol import (
    COMMANDS,
    MAX_REQUEST_BYTES,
    Press,
    RequestError,
    Status,
    Volume,
    Was,
    convert,
    encode,
    parse_request,
)
from device.control.table import as_markdown
from device.mood import Mood

SCRIPTS = Path(__file__).parents[3] / "docs" / "scripts.md"

ARGUMENTS = sorted({name for command in COMMANDS for name in command.__struct_fields__} | {"DO", "x"})

json_values: st.SearchStrategy[Any] = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=10,
)
almost_requests = st.fixed_dictionaries(
    {"do": st.sampled_from([command.name for command in COMMANDS]) | json_values},
    optional=dict.fromkeys(ARGUMENTS, json_values),
)


def parsed(line: bytes) -> Command | str:
    """The command, or the error's text."""
    try:
        return parse_request(line)
    except RequestError as error:
        return str(error)


@pytest.mark.fuzz
@given(line=st.binary(max_size=300) | (almost_requests | json_values).map(lambda v: json.dumps(v).encode()))
def test_every_line_is_a_command_or_a_one_line_error(line: bytes) -> None:
    result = parsed(line)
    if isinstance(result, str):
        assert result
        assert "\n" not in result
        assert "Traceback" not in result
    else:
        assert parsed(encode(result)) == result


@pytest.mark.parametrize(
    ("line", "error"),
    [
        (b'{"do": "volume", "to": NaN}', "not JSON: JSON is malformed: invalid character (byte 23)"),
        (b'{"do": "volume", "to": 1e400}', "to: number out of range"),
        (b'{"do": "volume", "to": 1' + b"0" * 2000 + b"}", "to: expected a whole number of at most 100"),
        (b'{"do": "volume", "to": 101}', "to: expected a whole number of at most 100"),
        (b'{"do": "volume", "to": "40"}', "to: expected a whole number"),
        (b'{"do": "volume", "to": 4, "steps": 1}', "give `to` or `steps`, not both"),
        (b'{"do": "was", "mood": "sda"}', "mood: expected one of angry, disgust, fear, happy"),
        (b'{"do": "was", "mood": 3}', "mood: expected one of angry"),
        (b"was", "object missing required field `mood`"),
        (b'{"do": "press", "hard": true}', "object contains unknown field `hard`"),
        (b'{"to": 40}', "object missing required field `do`"),
        (b"[" * MAX_REQUEST_BYTES, "expected one of "),
        (b'{"do": ' + b"[" * 4000, "not JSON: "),
        (b'{"x": ' * 600, "not JSON: "),
        (b'{"do": "sing"}', "expected one of "),
        (b"\xff\xfe", "the line is not UTF-8"),
        (b'{"do": "\xff"}', "the line is not UTF-8"),
        (b"", "expected one of "),
    ],
    ids=lambda value: str(value)[:40],
)
def test_what_is_wrong_is_said(line: bytes, error: str) -> None:
    assert error in str(parsed(line))


def test_a_bare_name_and_an_object_are_the_same_request() -> None:
    assert parsed(b"status\n") == parsed(b'{"do": "status"}\n') == Status()
    assert encode(Press()) == b"press\n"
    assert encode(Volume(to=40)) == b'{"do":"volume","to":40}\n'


@pytest.mark.parametrize(
    ("word", "command"),
    [("40", Volume(to=40)), ("+3", Volume(steps=3)), ("-3", Volume(steps=-3))],
)
def test_a_word_of_the_command_line_sets_the_volume_or_changes_it(word: str, command: Volume) -> None:
    assert convert({"do": "volume"} | Volume.arguments(word)) == command


@pytest.mark.parametrize("word", ["sad", "Sad", "SAD"])
def test_a_mood_is_known_in_whatever_case(word: str) -> None:
    assert convert({"do": "was"} | Was.arguments(word)) == Was(mood=Mood.SAD)


def test_each_commands_tag_is_its_name() -> None:
    for command in COMMANDS:
        assert command.__struct_config__.tag == command.name
        assert command.summary


def test_the_page_shows_the_table() -> None:
    assert as_markdown() in SCRIPTS.read_text(), "run `make settings`"
