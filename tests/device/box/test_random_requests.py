"""Whatever the control socket is sent, the box replies with a line, goes on, and writes only its files."""

from __future__ import annotations

import json
import logging
import socket
from collections import deque
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec
import pytest
from hypothesis import example, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from device.config.settings import Settings
from device.control import server
from device.control.command import REPLY_TIMEOUT_S, Command
from device.control.protocol import COMMANDS, MAX_REQUEST_BYTES
from device.demo.harness import Harness
from device.mood import Mood
from device.mpd.tone import player
from tests.device.box.helpers import plays
from tests.device.fuzzing import FUZZING
from tests.waiting import eventually

FILES = {"moodbox.db", "songs.db", "camera.off", "settings.toml"}
"""What the box may write down; docs/privacy.md lists it."""
WAITS = {"allow"}
"""Requests that somebody at the box has to answer: their client goes away at once here."""
ENDS_THE_BOX = {"restart"}

anything: st.SearchStrategy[Any] = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**70), 2**70) | st.floats() | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=6,
)
share = st.floats(0, 1)
uri = st.sampled_from(["happy/00.ogg", "sad/15.ogg", "../x.ogg", "/etc/passwd", "http://x/"]) | st.text(
    min_size=1
)
key = st.sampled_from(
    ["music.style", "camera.source", "look.seconds", "panel.leds", "music.courses", "service.log_moods"]
)
LIKELY: dict[str, st.SearchStrategy[Any]] = {
    "mood": st.sampled_from(Mood),
    "to": st.integers(-1, 101) | st.sampled_from(["off", "on"]),
    "steps": st.integers(-101, 101),
    "uri": uri,
    "uris": st.lists(uri, max_size=41),
    "after": uri,
    "valence": share,
    "energy": share,
    "key": key | st.text(max_size=20),
    "value": st.sampled_from(["lift", "match", "auto", 2.5, True]),
    "what": st.sampled_from(["pair", "aim"]),
}
"""Arguments as a client sends them. Of those that are not listed, any value may come."""


def requests_of(command: type[Command]) -> st.SearchStrategy[dict[str, Any]]:
    """Requests of one command, of which most are understood; and some with an argument too many."""
    arguments = {name: LIKELY.get(name, anything) for name in command.__struct_fields__}
    needed = {field.name for field in msgspec.structs.fields(command) if field.required}
    named = {"do": st.just(command.name)}
    likely = st.fixed_dictionaries(
        named | {name: values for name, values in arguments.items() if name in needed},
        optional={name: values for name, values in arguments.items() if name not in needed},
    )
    return likely | likely | st.fixed_dictionaries(named, optional=dict.fromkeys([*arguments, "x"], anything))


requests = st.lists(
    st.one_of([requests_of(command) for command in COMMANDS if command.name not in ENDS_THE_BOX]),
    min_size=1,
    max_size=8,
)


def sent(path: Path, request: dict[str, Any]) -> dict[str, Any] | None:
    """The first line of the reply; None where it is not awaited."""
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as connection:
        connection.settimeout(20 * REPLY_TIMEOUT_S)
        connection.connect(str(path))
        connection.sendall(json.dumps(request).encode()[: MAX_REQUEST_BYTES - 1] + b"\n")
        if request["do"] in WAITS:
            return None
        with connection.makefile("rb") as lines:
            reply: dict[str, Any] = json.loads(lines.readline())
            return reply


def besides_mpd(folder: Path) -> set[Path]:
    """What lies in the folder, without what MPD writes there at times: its state every two minutes."""
    return {path for path in folder.iterdir() if path.name not in ("stickers-journal", "mpdstate")}


class Errors(logging.Handler):
    """Keeps what the log says of errors of the box's own."""

    def __init__(self) -> None:
        super().__init__(logging.ERROR)
        self.messages: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        self.messages.append(self.format(record))


@pytest.fixture
def errors() -> Iterator[list[str]]:
    """The log's errors since the test has begun."""
    handler = Errors()
    logging.getLogger().addHandler(handler)
    yield handler.messages
    logging.getLogger().removeHandler(handler)


@pytest.fixture
def many_places(monkeypatch: pytest.MonkeyPatch) -> None:
    """Room for clients that have gone: the box knows that after a while only, and more come at full speed."""
    monkeypatch.setattr(server, "MAX_CONNECTIONS", 1000)


@pytest.mark.fuzz
@pytest.mark.usefixtures("many_places", "sounding")
def test_every_request_gets_a_line_and_does_no_harm(
    harness: Harness,
    settings: Settings,
    tmp_path: Path,
    errors: list[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(player, "SOUND_S", 0.0)  # of the test tone, which MPD is busy with
    monkeypatch.setattr(Command, "reply_timeout_s", 10 * REPLY_TIMEOUT_S)  # the machine may be busy
    plays(harness, "Disco")
    path, state = settings.service.socket_path(), settings.service.state_path()
    beside = besides_mpd(tmp_path)
    last: deque[dict[str, Any]] = deque(maxlen=20)

    @hypothesis_settings(max_examples=10_000 if FUZZING else 25)
    @given(batch=requests)
    @example(batch=[{"do": "song", "uri": "a\n\x1b"}])  # its error names it
    def send(batch: list[dict[str, Any]]) -> None:
        for request in batch:
            last.append(request)
            reply = sent(path, request)
            if reply is not None:
                assert isinstance(reply, dict), last
                assert str(reply.get("error", "")).isprintable(), last
                assert reply.get("error") != "the box does not answer", last
            assert not errors, (errors[0], last)

    send()
    eventually(lambda: harness.status()["protocol"])
    assert besides_mpd(tmp_path) == beside
    written = {file.name.removesuffix("-wal").removesuffix("-shm") for file in state.iterdir()}
    assert written <= FILES
