"""Parts that fail by an error of moodbox's own: each is started again, and costs nothing but itself."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from queue import SimpleQueue
from typing import Any

import pytest

from device.config.settings import Settings
from device.demo.harness import Harness, harness_for
from device.demo.server import PrivateMpd
from device.library.scanner import LibraryScanner, SongTableUpdated
from device.library.tag_affect import read_lexicon
from device.mood import Mood
from device.panel.lights import Indication
from device.playback.mpd_worker import (
    MpdConnected,
    MpdDisconnected,
    MpdWorker,
    SongsFound,
    SongsQueued,
    SongsRefused,
)
from device.supervision import MORE, PartFailed, PartWell
from device.system.power import Power, PowerStays
from tests.device.conftest import AddSong
from tests.device.failing import AT_ONCE, Refusing
from tests.waiting import eventually

OURS = "by an error of moodbox's own (KeyError: 'Id')"


def nothing(_: Any) -> bool:
    return False


@pytest.fixture
def events() -> Refusing:
    return Refusing(nothing)


def next_of(events: SimpleQueue[Any], *kinds: type) -> Any:
    while True:
        event = events.get(timeout=15)
        if isinstance(event, kinds):
            return event


@pytest.fixture
def harness(settings: Settings, library: PrivateMpd, events: Refusing) -> Iterator[Harness]:
    with harness_for(settings, events=events, patience=AT_ONCE) as made:
        eventually(lambda: made.status()["playing"] == "play")
        yield made


def test_a_librarian_that_fails_is_said_and_restarted_and_the_music_plays_on(
    harness: Harness, library: PrivateMpd, events: Refusing, add_song: AddSong
) -> None:
    events.refuses = lambda event: isinstance(event, SongTableUpdated)
    add_song("new.ogg", genre="Disco")
    library.update()
    eventually(lambda: "librarian" in harness.status()["trouble"])
    said = harness.status()["trouble"]["librarian"]
    assert said.startswith(f"stopped {OURS}, restarted ")
    assert said.endswith(MORE)
    assert harness.status()["state"] == Indication.TROUBLE
    song = harness.status()["song"]
    harness.double_press()
    eventually(lambda: harness.status()["song"] not in (song, None))
    assert harness.status()["playing"] == "play"
    events.refuses = nothing
    eventually(lambda: harness.status()["trouble"] == {})
    assert harness.state.activity == "resting"


def test_a_librarian_that_was_restarted_reads_what_it_had_begun_to_read(
    settings: Settings, library: PrivateMpd, events: Refusing, tmp_path: Path
) -> None:
    left = [True] * 3
    events.refuses = lambda event: isinstance(event, SongTableUpdated) and bool(left) and left.pop()
    scanner = LibraryScanner(settings.music, read_lexicon(), tmp_path / "state", events.put, AT_ONCE)
    scanner.start()
    scanner.wake()
    assert [next_of(events, PartFailed).failures for _ in range(3)] == [1, 2, 3]
    while not next_of(events, SongTableUpdated).complete:
        pass
    scanner.close()


def test_a_player_that_fails_is_said_at_once_and_plays_again_when_it_was_restarted(
    harness: Harness, library: PrivateMpd, events: Refusing
) -> None:
    events.refuses = lambda event: isinstance(event, MpdConnected)
    library.kill()
    library.start()
    eventually(lambda: OURS in harness.status()["trouble"].get("player", ""))
    events.refuses = nothing
    eventually(lambda: harness.status()["playing"] == "play")
    eventually(lambda: harness.status()["trouble"] == {})


@pytest.fixture
def link(settings: Settings, library: PrivateMpd, events: Refusing) -> Iterator[MpdWorker]:
    made = MpdWorker(settings.music, events.put, AT_ONCE)
    made.start()
    next_of(events, MpdConnected)
    yield made
    made.close()


def test_a_job_of_the_player_that_fails_costs_that_job_and_not_the_connection(
    link: MpdWorker, events: Refusing
) -> None:
    for failures in (1, 2):
        link.skip(None)  # type: ignore[arg-type]
        failed = next_of(events, PartFailed, MpdDisconnected)
        assert (failed.part, failed.failures) == ("skip", failures)
    assert failed.sentence.startswith("failed by an error of moodbox's own (AttributeError: ")
    link.play(Mood.SAD, ["sad/01.ogg"], instead_of=())
    (entry,) = next_of(events, SongsQueued, MpdDisconnected).entries
    link.skip(entry)
    assert next_of(events, PartWell, MpdDisconnected) == PartWell("skip")


class Broken(str):
    """A URI that cannot be sent to anybody."""

    def __str__(self) -> str:
        raise KeyError("Id")


def test_counting_a_play_that_fails_is_said_of_the_stickers(link: MpdWorker, events: Refusing) -> None:
    link.count(Broken(), heard=True)
    assert next_of(events, PartFailed, MpdDisconnected).part == "stickers"
    link.count("sad/01.ogg", heard=True)
    assert next_of(events, PartWell, MpdDisconnected) == PartWell("stickers")


def test_the_box_is_told_of_a_job_that_it_waits_for_and_that_has_failed(
    link: MpdWorker, events: Refusing
) -> None:
    left = [True]
    events.refuses = lambda event: isinstance(event, SongsFound | SongsQueued) and bool(left) and left.pop()
    link.find(Mood.SAD)
    assert next_of(events, PartFailed, MpdDisconnected).part == "playlists"
    assert next_of(events, SongsFound, MpdDisconnected) == SongsFound(Mood.SAD, (), {})
    left.append(True)
    link.play(Mood.SAD, ["sad/01.ogg"], instead_of=())
    assert next_of(events, PartFailed, MpdDisconnected).part == "queue"
    refused = next_of(events, SongsRefused, MpdDisconnected)
    assert (refused.mood, refused.play) == (Mood.SAD, True)
    assert refused.reason == f"no songs could be queued: it failed {OURS}; {MORE}"


def fail() -> None:
    raise KeyError("Id")


@pytest.mark.parametrize(
    ("ask", "reason"),
    [
        (fail, f"stopped {OURS}: hold the button again; {MORE}"),
        (lambda: None, "logind has agreed, and the machine is still on: `systemctl list-jobs` says why"),
    ],
    ids=["an error of ours", "logind agrees, and nothing happens"],
)
def test_a_box_that_was_told_to_switch_off_is_told_why_it_is_still_there(ask: Any, reason: str) -> None:
    events: SimpleQueue[Any] = SimpleQueue()
    Power(events.put, ask, takes=0.01).off()
    assert events.get(timeout=15) == PowerStays(reason)
