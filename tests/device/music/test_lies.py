"""The player at an MPD that speaks wrongly: it says so, lives, and plays once a real one is there."""

from __future__ import annotations

import itertools
import time
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path

import msgspec
import pytest

from device.demo.server import PrivateMpd
from device.mood import Mood
from device.music import player
from device.music.player import (
    Player,
    PlayerChanged,
    PlayerDown,
    PlayerUp,
    SongsFound,
    SongsQueued,
    SongsRefused,
)
from device.settings import Settings
from tests.device.music.lying import ROWS, STATS, STATUS, Answer, LyingMpd, Raw
from tests.device.music.test_player import Heard
from tests.waiting import eventually

MIB = 2**20
BOUND = 9 * MIB
WRONG = "does not speak as MPD does"
SLOW = "does not answer"
GONE = "is gone"


def without(answer: str, name: str) -> str:
    return "".join(line for line in answer.splitlines(keepends=True) if not line.startswith(f"{name}: "))


def put(answer: str, name: str, value: str) -> str:
    """With another value, or one where there was none."""
    return f"{without(answer, name)}{name}: {value}\n"


def twice(answer: str, name: str) -> str:
    return answer + next(line for line in answer.splitlines(True) if line.startswith(f"{name}: "))


def long(name: str) -> bytes:
    """Many lines, and each so long that reading them takes no time to speak of."""
    return f"{name}: {'x' * 1000}\n".encode() * 60


def rows(change: str) -> str:
    return "".join(ROWS) + change


LIES: dict[str, tuple[dict[str, Answer], str]] = {
    "status without a state": ({"status": without(STATUS, "state")}, WRONG),
    "status of an unknown state": ({"status": put(STATUS, "state", "dance")}, WRONG),
    "status with two states": ({"status": twice(STATUS, "state")}, WRONG),
    "status without a version": ({"status": without(STATUS, "playlist")}, WRONG),
    "status without a length": ({"status": without(STATUS, "playlistlength")}, WRONG),
    "a queue of minus one": ({"status": put(STATUS, "playlistlength", "-1")}, WRONG),
    "a queue of four billion": ({"status": put(STATUS, "playlistlength", "4000000000")}, WRONG),
    "a queue longer than is told": ({"status": put(STATUS, "playlistlength", "3")}, WRONG),
    "a queue shorter than is told": ({"status": put(STATUS, "playlistlength", "1")}, WRONG),
    "an id in words": ({"status": put(STATUS, "songid", "one")}, WRONG),
    "an id of a song that is not there": ({"status": put(STATUS, "songid", "9")}, WRONG),
    "no time at all": ({"status": put(STATUS, "elapsed", "nan")}, WRONG),
    "for ever": ({"status": put(STATUS, "duration", "inf")}, WRONG),
    "an empty status": ({"status": ""}, WRONG),
    "stats without uptime": ({"stats": without(STATS, "uptime")}, WRONG),
    "uptime in words": ({"stats": put(STATS, "uptime", "long")}, WRONG),
    "uptime below zero": ({"stats": put(STATS, "uptime", "-5")}, WRONG),
    "uptime of ages": ({"stats": put(STATS, "uptime", "9" * 400)}, WRONG),
    "a row without an id": ({"playlistinfo": without("".join(ROWS), "Id")}, WRONG),
    "a row without a file": ({"playlistinfo": without("".join(ROWS), "file")}, WRONG),
    "a row with two ids": ({"playlistinfo": rows("Id: 9\n")}, WRONG),
    "a row whose id is text": ({"playlistinfo": put(ROWS[0], "Id", "x") + ROWS[1]}, WRONG),
    "an id behind all ids": ({"playlistinfo": put(ROWS[0], "Id", "9" * 30) + ROWS[1]}, WRONG),
    "a row in the wrong order": ({"playlistinfo": "Id: 1\n" + without("".join(ROWS), "Id")}, WRONG),
    "rows that are not pairs": ({"playlistinfo": "a.ogg\nb.ogg\n"}, WRONG),
    "no rows": ({"playlistinfo": ""}, WRONG),
    "places that are text": ({"plchangesposid": "cpos: a\nId: 1\ncpos: b\nId: 2\n"}, WRONG),
    "places without ids": ({"plchangesposid": "cpos: 0\ncpos: 1\n"}, WRONG),
    "an answer in the place of another": ({"status": "".join(ROWS), "currentsong": STATUS}, WRONG),
    "a picture": ({"status": Raw.of(b"binary: 8\n\x89PNG\r\n\x1a\n\nOK\n", pause=0.1)}, WRONG),
    "OK in the middle of a list": ({"status": Raw.of(STATUS.encode() + b"OK\n", pause=0.1)}, WRONG),
    "more than it was asked": ({"commands": Raw.of(b"command: status\nOK\nOK\n", pause=0.1)}, WRONG),
    "another server's greeting": ({"connect": "220 ready\n"}, WRONG),
    "a greeting that is no text": ({"connect": Raw.of(b"\xff\xfe\x00\n", pause=0.1)}, WRONG),
    "a greeting without an end": ({"connect": Raw.endless(b"OK MPD " * 10_000)}, WRONG),
    "a greeting byte by byte": ({"connect": Raw.endless(b"O", pause=0.1)}, SLOW),
    "a line without an end": ({"status": Raw.endless(b"x" * 65_536, begin=b"state: ")}, WRONG),
    "an answer without an end": ({"status": Raw.endless(long("comment"))}, WRONG),
    "byte by byte": ({"status": Raw.endless(b"s", pause=0.1)}, SLOW),
    "line by line": ({"status": Raw.endless(b"volume: 0\n", pause=0.1)}, SLOW),
    "nothing": ({"status": Raw.endless(b"", pause=0.1)}, SLOW),
    "the end in the middle": ({"status": Raw.of(b"state: pl")}, GONE),
    "the end before the first word": ({"commands": Raw.of(b"")}, GONE),
    "a refusal of a kind that nobody knows": ({"status": "ACK [999@?] {status} so there"}, "refuses"),
    "a refusal that is none": ({"status": "ACK so there"}, "refuses"),
    "a refusal without an end": ({"status": "ACK [5@?] {status} " + "\x1b[2J" * 20_000}, "refuses"),
}


@pytest.fixture(scope="module")
def real(tmp_path_factory: pytest.TempPathFactory, silence: Path) -> Iterator[PrivateMpd]:
    """A real MPD with a song, which takes the liar's place."""
    with PrivateMpd(tmp_path_factory.mktemp("real")) as server:
        (server.music / "a.ogg").write_bytes(silence.read_bytes())
        server.update()
        yield server


@pytest.fixture
def link(settings: Settings, heard: Heard, monkeypatch: pytest.MonkeyPatch) -> Iterator[Player]:
    monkeypatch.setattr(player, "FIRST_PAUSE", 0.02)
    made = Player(msgspec.structs.replace(settings.music, timeout=0.5), heard.events.put)
    yield made
    made.close()


@pytest.fixture
def heard() -> Heard:
    return Heard()


@pytest.fixture
def address(settings: Settings) -> Path:
    return Path(settings.music.address)


def plays_once_real(real: PrivateMpd, address: Path, link: Player, heard: Heard) -> None:
    address.symlink_to(real.address)
    heard.next(PlayerUp)
    link.play(Mood.SAD, ["a.ogg"], instead_of=())
    heard.next(SongsQueued)
    heard.until(lambda now: now.state == "play")
    real.client().clear()


@pytest.mark.parametrize("lie", LIES)
def test_a_lie_is_said_and_the_truth_plays(
    lie: str, address: Path, link: Player, heard: Heard, real: PrivateMpd
) -> None:
    lies, word = LIES[lie]
    with LyingMpd(address, lies) as liar:
        link.start()
        reason = heard.next(PlayerDown).reason
        assert word in reason
        assert len(reason) < 600
        assert reason.isprintable()
        heard.next(PlayerDown)  # it tries again
    assert liar.sent < (liar.asked["status"] + liar.asked["commands"] + 3) * (BOUND + MIB)
    plays_once_real(real, address, link, heard)


VALUES = ("", "-1", "99999999999999999999", "1e999", "nan", "text", "x" * 100_000, "\x00\ufffd")
BENT: dict[str, Callable[[str, str], str]] = {
    "left out": without,
    "doubled": twice,
    **{f"{value[:9]!r}": partial(put, value=value) for value in VALUES},
}
ANSWERS = {
    "status": STATUS,
    "stats": STATS,
    "currentsong": ROWS[0],
    "playlistinfo": "".join(ROWS),
    "commands": "command: status\ncommand: sticker\n",
    "plchangesposid": "cpos: 0\nId: 1\ncpos: 1\nId: 2\n",
}


@pytest.mark.parametrize("command", ANSWERS)
def test_whatever_is_wrong_in_an_answer_the_player_lives(
    command: str,
    address: Path,
    link: Player,
    heard: Heard,
    real: PrivateMpd,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(player, "LONGEST_PAUSE", player.FIRST_PAUSE)
    truth = ANSWERS[command]
    names = dict.fromkeys(line.partition(": ")[0] for line in truth.splitlines())
    with LyingMpd(address) as liar:
        link.start()
        heard.next(PlayerUp)
        for name, (how, bend) in itertools.product(names, BENT.items()):
            liar.lies = {command: bend(truth, name)}
            before = liar.asked[command]
            liar.drop()
            while liar.asked[command] == before:
                event = heard.next(object)
                assert isinstance(event, PlayerUp | PlayerDown | PlayerChanged), f"{name} {how}"
                if isinstance(event, PlayerDown):
                    assert WRONG in event.reason or GONE in event.reason or "not running" in event.reason
    plays_once_real(real, address, link, heard)


LATER: dict[str, dict[str, Answer]] = {
    "no id for what was added": {"addid": ""},
    "two ids for what was added": {"addid": "Id: 1\nId: 2\n"},
    "a refusal without a place": {"addid": "ACK no"},
    "a refusal again and again": {"deleteid": "ACK [50@?] {deleteid} No such song"},
    "the end in the middle": {"play": Raw.of(b"OK")},
}


@pytest.mark.parametrize("lie", LATER)
def test_a_lie_about_a_change_of_the_queue_is_said_and_the_truth_plays(
    lie: str, address: Path, link: Player, heard: Heard, real: PrivateMpd
) -> None:
    with LyingMpd(address, LATER[lie]):
        link.start()
        queue = heard.next(PlayerUp).snapshot.queue
        link.play(Mood.SAD, ["a.ogg"], instead_of=queue)
        heard.next(PlayerDown)
    plays_once_real(real, address, link, heard)


ASIDE: dict[str, dict[str, Answer]] = {
    "likes without a song": {"sticker find": "sticker: like=2\n"},
    "a song with two likes": {"sticker find": "file: a.ogg\nsticker: like=2\nsticker: like=0\n"},
    "likes without an end": {"sticker find": Raw.endless(long("file"))},
    "likes that end in the middle": {"sticker find": Raw.of(b"file: a.o")},
    "playlists without a name": {"listplaylists": "Last-Modified: 2026-01-01T00:00:00Z\n"},
    "a playlist without an end": {
        "listplaylists": "playlist: Sad\n",
        "listplaylist": Raw.endless(long("file")),
    },
    "a playlist of two kinds": {"listplaylists": "playlist: Sad\n", "listplaylist": "file: a\nId: 1\n"},
}


@pytest.mark.parametrize("lie", ASIDE)
def test_what_the_box_can_do_without_costs_no_more_than_that(
    lie: str, address: Path, link: Player, heard: Heard, caplog: pytest.LogCaptureFixture
) -> None:
    with LyingMpd(address, ASIDE[lie]) as liar:
        link.start()
        heard.next(PlayerUp)
        for _ in range(3):
            link.find(Mood.SAD)
            event = heard.next(object)
            assert event == SongsFound(Mood.SAD, (), {})
        assert liar.sent < BOUND + 2 * MIB  # it was asked once
    assert len([record for record in caplog.records if "left out for now" in record.message]) == 1


def test_changes_that_do_not_end_are_no_more_than_an_answer(
    address: Path, link: Player, heard: Heard, real: PrivateMpd
) -> None:
    with LyingMpd(address, {"idle": Raw.endless(long("changed"))}) as liar:
        link.start()
        heard.next(PlayerUp)
        assert WRONG in heard.next(PlayerDown).reason
        assert liar.sent < BOUND + 2 * MIB
    plays_once_real(real, address, link, heard)


def test_changes_of_which_only_the_beginning_comes_are_not_waited_for(
    address: Path, link: Player, heard: Heard, real: PrivateMpd
) -> None:
    with LyingMpd(address, {"idle": Raw.of(b"cha", b"", pause=5)}):
        link.start()
        heard.next(PlayerUp)
        assert SLOW in heard.next(PlayerDown).reason
    plays_once_real(real, address, link, heard)


def test_changes_without_end_do_not_pile_up(address: Path, link: Player, heard: Heard) -> None:
    def slow(_: list[str]) -> str:
        time.sleep(0.05)
        return STATUS

    with LyingMpd(address, {"idle": "changed: player\n", "status": slow}) as liar:
        link.start()
        eventually(lambda: liar.asked["status"] > 10)
        assert liar.asked["idle"] <= liar.asked["status"] + 1


def test_who_lies_each_time_is_asked_less_and_less(
    address: Path, link: Player, heard: Heard, monkeypatch: pytest.MonkeyPatch
) -> None:
    waits: list[float] = []
    monkeypatch.setattr(link._closed, "wait", waits.append)
    with LyingMpd(address, {"stats": ""}):
        link.start()
        for _ in range(6):
            heard.next(PlayerDown)
    assert waits[:5] == [player.FIRST_PAUSE * 2**number for number in range(5)]


def test_songs_that_a_full_queue_does_not_take_are_refused_with_mpds_word(
    address: Path, link: Player, heard: Heard
) -> None:
    with LyingMpd(address, {"addid": "ACK [51@?] {addid} playlist is too large"}):
        link.start()
        heard.next(PlayerUp)
        link.play(Mood.SAD, ["a.ogg", "b.ogg"], instead_of=())
        assert "playlist is too large" in heard.next(SongsRefused).reason
