"""The MPD worker at a server that sends malformed responses: it reports them, goes on, and recovers."""

from __future__ import annotations

import itertools
import time
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path

import msgspec
import pytest

from device.config.settings import Music, Settings
from device.demo.server import PrivateMpd
from device.mood import Mood
from device.playback import mpd_worker
from device.playback.mpd_events import (
    MpdChanged,
    MpdConnected,
    MpdDisconnected,
    SongsFound,
    SongsQueued,
    SongsRefused,
)
from device.playback.mpd_worker import MpdWorker
from tests.device.estimates import certain
from tests.device.mpd.faulty_mpd import ROWS, STATS, STATUS, FaultyMpd, Raw, Response
from tests.device.playback.conftest import PostedEvents
from tests.waiting import eventually

MIB = 2**20
BOUND = 8 * MIB
NO_MPD = "does not speak MPD's protocol"
NO_ANSWER = "does not answer"
NOT_REACHABLE = "is not reachable"
IMPATIENT = 0.5


def without(response: str, name: str) -> str:
    return "".join(line for line in response.splitlines(keepends=True) if not line.startswith(f"{name}: "))


def with_value(response: str, name: str, value: str) -> str:
    """The response with this value for the field, whether it had one or not."""
    return f"{without(response, name)}{name}: {value}\n"


def doubled(response: str, name: str) -> str:
    return response + next(line for line in response.splitlines(True) if line.startswith(f"{name}: "))


def long_lines(name: str) -> bytes:
    """Many lines, each so long that reading them takes little time."""
    return f"{name}: {'x' * 1000}\n".encode() * 60


def rows(change: str) -> str:
    return "".join(ROWS) + change


FAULTS: dict[str, tuple[dict[str, Response], str]] = {
    "status without a state": ({"status": without(STATUS, "state")}, NO_MPD),
    "status of an unknown state": ({"status": with_value(STATUS, "state", "dance")}, NO_MPD),
    "status with two states": ({"status": doubled(STATUS, "state")}, NO_MPD),
    "status without a version": ({"status": without(STATUS, "playlist")}, NO_MPD),
    "status without a length": ({"status": without(STATUS, "playlistlength")}, NO_MPD),
    "a queue of minus one": ({"status": with_value(STATUS, "playlistlength", "-1")}, NO_MPD),
    "a queue of four billion": ({"status": with_value(STATUS, "playlistlength", "4000000000")}, NO_MPD),
    "a queue longer than its songs": ({"status": with_value(STATUS, "playlistlength", "3")}, NO_MPD),
    "a queue shorter than its songs": ({"status": with_value(STATUS, "playlistlength", "1")}, NO_MPD),
    "an id in words": ({"status": with_value(STATUS, "songid", "one")}, NO_MPD),
    "an id of a song that is not there": ({"status": with_value(STATUS, "songid", "9")}, NO_MPD),
    "elapsed is not a number": ({"status": with_value(STATUS, "elapsed", "nan")}, NO_MPD),
    "an infinite duration": ({"status": with_value(STATUS, "duration", "inf")}, NO_MPD),
    "an empty status": ({"status": ""}, NO_MPD),
    "stats without uptime": ({"stats": without(STATS, "uptime")}, NO_MPD),
    "uptime in words": ({"stats": with_value(STATS, "uptime", "long")}, NO_MPD),
    "uptime below zero": ({"stats": with_value(STATS, "uptime", "-5")}, NO_MPD),
    "a huge uptime": ({"stats": with_value(STATS, "uptime", "9" * 400)}, NO_MPD),
    "a row without an id": ({"playlistinfo": without("".join(ROWS), "Id")}, NO_MPD),
    "a row without a file": ({"playlistinfo": without("".join(ROWS), "file")}, NO_MPD),
    "a row with two ids": ({"playlistinfo": rows("Id: 9\n")}, NO_MPD),
    "a row whose id is text": ({"playlistinfo": with_value(ROWS[0], "Id", "x") + ROWS[1]}, NO_MPD),
    "a huge id": ({"playlistinfo": with_value(ROWS[0], "Id", "9" * 30) + ROWS[1]}, NO_MPD),
    "a row in the wrong order": ({"playlistinfo": "Id: 1\n" + without("".join(ROWS), "Id")}, NO_MPD),
    "rows that are not pairs": ({"playlistinfo": "a.ogg\nb.ogg\n"}, NO_MPD),
    "no rows": ({"playlistinfo": ""}, NO_MPD),
    "positions that are text": ({"plchangesposid": "cpos: a\nId: 1\ncpos: b\nId: 2\n"}, NO_MPD),
    "positions without ids": ({"plchangesposid": "cpos: 0\ncpos: 1\n"}, NO_MPD),
    "responses in the wrong order": ({"status": "".join(ROWS), "currentsong": STATUS}, NO_MPD),
    "binary data": ({"status": Raw.of(b"binary: 8\n\x89PNG\r\n\x1a\n\nOK\n", pause=0.1)}, NO_MPD),
    "OK in the middle of a list": ({"status": Raw.of(STATUS.encode() + b"OK\n", pause=0.1)}, NO_MPD),
    "more than was asked for": ({"commands": Raw.of(b"command: status\nOK\nOK\n", pause=0.1)}, NO_MPD),
    "another server's greeting": ({"connect": "220 ready\n"}, NO_MPD),
    "a greeting that is not text": ({"connect": Raw.of(b"\xff\xfe\x00\n", pause=0.1)}, NO_MPD),
    "an endless greeting": ({"connect": Raw.endless(b"OK MPD " * 10_000)}, NO_MPD),
    "a greeting byte by byte": ({"connect": Raw.endless(b"O", pause=0.1)}, NO_ANSWER),
    "an endless line": ({"status": Raw.endless(b"x" * 65_536, begin=b"state: ")}, NO_MPD),
    "an endless response": ({"status": Raw.endless(long_lines("comment"))}, NO_MPD),
    "byte by byte": ({"status": Raw.endless(b"s", pause=0.1)}, NO_ANSWER),
    "line by line": ({"status": Raw.endless(b"volume: 0\n", pause=0.1)}, NO_ANSWER),
    "nothing": ({"status": Raw.endless(b"", pause=0.1)}, NO_ANSWER),
    "closed in the middle": ({"status": Raw.of(b"state: pl")}, NOT_REACHABLE),
    "closed before the response": ({"commands": Raw.of(b"")}, NOT_REACHABLE),
    "an unknown error number": ({"status": "ACK [999@?] {status} so there"}, "refuses"),
    "an ACK without a number": ({"status": "ACK so there"}, "refuses"),
    "an endless ACK": ({"status": "ACK [5@?] {status} " + "\x1b[2J" * 20_000}, "refuses"),
}


@pytest.fixture(scope="module")
def real(tmp_path_factory: pytest.TempPathFactory, silence: Path) -> Iterator[PrivateMpd]:
    """A real MPD with a song, which takes the server's place."""
    with PrivateMpd(tmp_path_factory.mktemp("real")) as server:
        (server.music / "a.ogg").write_bytes(silence.read_bytes())
        server.update()
        yield server


@pytest.fixture
def timeout(settings: Settings) -> float:
    """Seconds for a response; a test in which none comes has `IMPATIENT` in its place."""
    return settings.music.timeout


@pytest.fixture
def worker(
    settings: Settings, timeout: float, events: PostedEvents, monkeypatch: pytest.MonkeyPatch
) -> Iterator[MpdWorker]:
    monkeypatch.setattr(mpd_worker, "MIN_RECONNECT_DELAY_S", 0.02)
    created = MpdWorker(msgspec.structs.replace(settings.music, timeout=timeout), events.queue.put)
    yield created
    created.close()


@pytest.fixture
def address(settings: Settings) -> Path:
    return Path(settings.music.address)


def plays_with_real_mpd(real: PrivateMpd, address: Path, worker: MpdWorker, events: PostedEvents) -> None:
    address.symlink_to(real.address)
    while not isinstance(event := events.next(object), SongsQueued):
        if isinstance(event, MpdConnected):  # again, if MPD was too slow for an impatient worker
            worker.play(certain(Mood.SAD), ["a.ogg"], instead_of=())
    events.wait_until(lambda now: now.state == "play")
    real.client().clear()


@pytest.mark.parametrize(
    ("fault", "timeout"),
    [
        (fault, IMPATIENT if message is NO_ANSWER else Music().timeout)
        for fault, (_, message) in FAULTS.items()
    ],
    ids=FAULTS,
)
def test_a_malformed_response_is_reported_and_a_real_mpd_plays_afterwards(
    fault: str, address: Path, worker: MpdWorker, events: PostedEvents, real: PrivateMpd
) -> None:
    responses, message = FAULTS[fault]
    with FaultyMpd(address, responses) as server:
        worker.start()
        reason = events.next(MpdDisconnected).reason
        assert message in reason
        assert len(reason) < 600
        assert reason.isprintable()
        events.next(MpdDisconnected)  # it tries again
    assert server.sent < (server.asked["status"] + server.asked["commands"] + 3) * (BOUND + MIB)
    plays_with_real_mpd(real, address, worker, events)


VALUES = ("", "-1", "99999999999999999999", "1e999", "nan", "text", "x" * 100_000, "\x00\ufffd")
MUTATIONS: dict[str, Callable[[str, str], str]] = {
    "left out": without,
    "doubled": doubled,
    **{f"{value[:9]!r}": partial(with_value, value=value) for value in VALUES},
}
CORRECT_RESPONSES = {
    "status": STATUS,
    "stats": STATS,
    "currentsong": ROWS[0],
    "playlistinfo": "".join(ROWS),
    "commands": "command: status\ncommand: sticker\n",
    "plchangesposid": "cpos: 0\nId: 1\ncpos: 1\nId: 2\n",
}


@pytest.mark.parametrize("command", CORRECT_RESPONSES)
def test_the_worker_survives_any_malformed_field(
    command: str,
    address: Path,
    worker: MpdWorker,
    events: PostedEvents,
    real: PrivateMpd,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(mpd_worker, "MAX_RECONNECT_DELAY_S", mpd_worker.MIN_RECONNECT_DELAY_S)
    correct = CORRECT_RESPONSES[command]
    names = dict.fromkeys(line.partition(": ")[0] for line in correct.splitlines())
    with FaultyMpd(address) as server:
        worker.start()
        events.next(MpdConnected)
        for name, (mutation, mutate) in itertools.product(names, MUTATIONS.items()):
            server.responses = {command: mutate(correct, name)}
            before = server.asked[command]
            server.drop()
            while server.asked[command] == before:
                event = events.next(object)
                assert isinstance(event, MpdConnected | MpdDisconnected | MpdChanged), f"{name} {mutation}"
                if isinstance(event, MpdDisconnected):
                    assert (
                        NO_MPD in event.reason
                        or NOT_REACHABLE in event.reason
                        or "not running" in event.reason
                    )
    plays_with_real_mpd(real, address, worker, events)


QUEUE_EDIT_FAULTS: dict[str, dict[str, Response]] = {
    "no id for what was added": {"addid": ""},
    "two ids for what was added": {"addid": "Id: 1\nId: 2\n"},
    "an ACK without an offset": {"addid": "ACK no"},
    "the same ACK every time": {"deleteid": "ACK [50@?] {deleteid} No such song"},
    "closed in the middle": {"play": Raw.of(b"OK")},
}


@pytest.mark.parametrize("fault", QUEUE_EDIT_FAULTS)
def test_a_malformed_response_to_a_queue_edit_is_reported_and_a_real_mpd_plays_afterwards(
    fault: str, address: Path, worker: MpdWorker, events: PostedEvents, real: PrivateMpd
) -> None:
    with FaultyMpd(address, QUEUE_EDIT_FAULTS[fault]):
        worker.start()
        queue = events.next(MpdConnected).snapshot.queue
        worker.play(certain(Mood.SAD), ["a.ogg"], instead_of=queue)
        events.next(MpdDisconnected)
    plays_with_real_mpd(real, address, worker, events)


OPTIONAL: dict[str, dict[str, Response]] = {
    "likes without a song": {"sticker find": "sticker: like=2\n"},
    "a song with two likes": {"sticker find": "file: a.ogg\nsticker: like=2\nsticker: like=0\n"},
    "endless likes": {"sticker find": Raw.endless(long_lines("file"))},
    "closed in the middle of the likes": {"sticker find": Raw.of(b"file: a.o")},
    "playlists without a name": {"listplaylists": "Last-Modified: 2026-01-01T00:00:00Z\n"},
    "an endless playlist": {
        "listplaylists": "playlist: Sad\n",
        "listplaylist": Raw.endless(long_lines("file")),
    },
    "a playlist with two kinds of fields": {
        "listplaylists": "playlist: Sad\n",
        "listplaylist": "file: a\nId: 1\n",
    },
}


@pytest.mark.parametrize("fault", OPTIONAL)
def test_a_malformed_response_to_an_optional_request_costs_only_that(
    fault: str, address: Path, worker: MpdWorker, events: PostedEvents, caplog: pytest.LogCaptureFixture
) -> None:
    with FaultyMpd(address, OPTIONAL[fault]) as server:
        worker.start()
        events.next(MpdConnected)
        for _ in range(3):
            worker.find(certain(Mood.SAD))
            event = events.next(object)
            assert event == SongsFound(certain(Mood.SAD), (), {})
        assert server.sent < BOUND + 2 * MIB  # it was asked once
    assert len([record for record in caplog.records if "left out for now" in record.message]) == 1


def test_an_endless_response_to_idle_is_bounded_too(
    address: Path, worker: MpdWorker, events: PostedEvents, real: PrivateMpd
) -> None:
    with FaultyMpd(address, {"idle": Raw.endless(long_lines("changed"))}) as server:
        worker.start()
        events.next(MpdConnected)
        assert NO_MPD in events.next(MpdDisconnected).reason
        assert server.sent < BOUND + 2 * MIB
    plays_with_real_mpd(real, address, worker, events)


@pytest.mark.parametrize("timeout", [IMPATIENT])
def test_an_incomplete_response_to_idle_times_out(
    address: Path, worker: MpdWorker, events: PostedEvents, real: PrivateMpd
) -> None:
    with FaultyMpd(address, {"idle": Raw.of(b"cha", b"", pause=5)}):
        worker.start()
        events.next(MpdConnected)
        assert NO_ANSWER in events.next(MpdDisconnected).reason
    plays_with_real_mpd(real, address, worker, events)


def test_ceaseless_changes_do_not_pile_up(address: Path, worker: MpdWorker, events: PostedEvents) -> None:
    def slow(_: list[str]) -> str:
        time.sleep(0.05)
        return STATUS

    with FaultyMpd(address, {"idle": "changed: player\n", "status": slow}) as server:
        worker.start()
        eventually(lambda: server.asked["status"] > 10)
        assert server.asked["idle"] <= server.asked["status"] + 1


def test_the_reconnect_delay_grows_if_each_connection_fails(
    address: Path, worker: MpdWorker, events: PostedEvents, monkeypatch: pytest.MonkeyPatch
) -> None:
    waits: list[float] = []
    monkeypatch.setattr(worker._closed, "wait", waits.append)
    with FaultyMpd(address, {"stats": ""}):
        worker.start()
        for _ in range(6):
            events.next(MpdDisconnected)
    assert waits[:5] == [mpd_worker.MIN_RECONNECT_DELAY_S * 2**number for number in range(5)]


def test_songs_refused_by_a_full_queue_are_reported_with_mpds_reason(
    address: Path, worker: MpdWorker, events: PostedEvents
) -> None:
    with FaultyMpd(address, {"addid": "ACK [51@?] {addid} playlist is too large"}):
        worker.start()
        events.next(MpdConnected)
        worker.play(certain(Mood.SAD), ["a.ogg", "b.ogg"], instead_of=())
        assert "playlist is too large" in events.next(SongsRefused).reason
