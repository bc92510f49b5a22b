"""Parts that fail with an error of moodbox's own: each is restarted, and the others run on."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from queue import SimpleQueue
from typing import Any

import pytest

from device.config.settings import Settings
from device.demo.harness import Harness, harness_for
from device.demo.server import PrivateMpd
from device.errors import SEE_LOG
from device.health import Part, PartFailed, PartRecovered
from device.library.scanner import LibraryScanner, SongTableUpdated
from device.library.tag_affect import read_lexicon
from device.mood import Mood
from device.panel.lights import Indication
from device.playback.mpd_events import MpdConnected, MpdDisconnected, SongsFound, SongsQueued, SongsRefused
from device.playback.mpd_worker import MpdWorker
from device.system.power import Power, PowerOffFailed
from tests.device.conftest import AddSong
from tests.device.estimates import certain
from tests.device.failing import QUICK_RESTARTS, Refusing
from tests.waiting import eventually

OURS = "by an error of moodbox's own (KeyError: 'Id')"


def nothing(_: Any) -> bool:
    return False


@pytest.fixture
def events() -> Refusing:
    return Refusing(nothing)


def next_of(events: SimpleQueue[Any], *kinds: type) -> Any:
    while True:
        event = events.get(timeout=60)
        if isinstance(event, kinds):
            return event


@pytest.fixture
def harness(settings: Settings, library: PrivateMpd, events: Refusing) -> Iterator[Harness]:
    with harness_for(settings, events=events, restart_policy=QUICK_RESTARTS) as made:
        eventually(lambda: made.status()["playing"] == "play")
        yield made


def test_a_librarian_that_fails_is_trouble_and_restarted_and_the_music_plays_on(
    harness: Harness, library: PrivateMpd, events: Refusing, add_song: AddSong
) -> None:
    events.refuses = lambda event: isinstance(event, SongTableUpdated)
    add_song("new.ogg", genre="Disco")
    library.update()
    eventually(lambda: "librarian" in harness.status()["trouble"])
    problem = harness.status()["trouble"]["librarian"]
    assert problem.startswith(f"stopped {OURS}, restarted ")
    assert problem.endswith(SEE_LOG)
    assert harness.status()["state"] == Indication.TROUBLE
    song = harness.status()["song"]
    harness.double_press()
    eventually(lambda: harness.status()["song"] not in (song, None))
    assert harness.status()["playing"] == "play"
    events.refuses = nothing
    eventually(lambda: harness.status()["trouble"] == {})
    assert harness.state.activity == "resting"


def test_a_restarted_librarian_reads_on(
    settings: Settings, library: PrivateMpd, events: Refusing, tmp_path: Path
) -> None:
    errors = [True] * 3
    events.refuses = lambda event: isinstance(event, SongTableUpdated) and bool(errors) and errors.pop()
    scanner = LibraryScanner(settings.music, read_lexicon(), tmp_path / "state", events.put, QUICK_RESTARTS)
    scanner.start()
    scanner.wake()
    assert [next_of(events, PartFailed).failures for _ in range(3)] == [1, 2, 3]
    while not next_of(events, SongTableUpdated).complete:
        pass
    scanner.close()


def test_a_player_that_fails_is_trouble_at_once_and_plays_again_after_its_restart(
    harness: Harness, library: PrivateMpd, events: Refusing
) -> None:
    left = [True, True, True]  # after one more the box would end
    events.refuses = lambda event: isinstance(event, MpdConnected) and bool(left) and left.pop()
    library.kill()
    library.start()
    eventually(lambda: OURS in dict(harness.state.trouble).get("player", ""))
    eventually(lambda: harness.status()["playing"] == "play")
    eventually(lambda: harness.status()["trouble"] == {})


@pytest.fixture
def link(settings: Settings, library: PrivateMpd, events: Refusing) -> Iterator[MpdWorker]:
    made = MpdWorker(settings.music, events.put, QUICK_RESTARTS)
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
    assert failed.problem.startswith("failed by an error of moodbox's own (AttributeError: ")
    link.play(certain(Mood.SAD), ["sad/01.ogg"], instead_of=())
    (entry,) = next_of(events, SongsQueued, MpdDisconnected).entries
    link.skip(entry)
    assert next_of(events, PartRecovered, MpdDisconnected) == PartRecovered(Part.SKIP)


class Broken(str):
    """A URI that cannot be sent."""

    def __str__(self) -> str:
        raise KeyError("Id")


def test_a_play_that_cannot_be_counted_is_a_failure_of_the_stickers(
    link: MpdWorker, events: Refusing
) -> None:
    link.record_play(Broken(), completed=True)
    assert next_of(events, PartFailed, MpdDisconnected).part == "stickers"
    link.record_play("sad/01.ogg", completed=True)
    assert next_of(events, PartRecovered, MpdDisconnected) == PartRecovered(Part.STICKERS)


def test_the_box_gets_an_answer_for_a_job_that_has_failed(link: MpdWorker, events: Refusing) -> None:
    errors = [True]
    events.refuses = lambda event: (
        isinstance(event, SongsFound | SongsQueued) and bool(errors) and errors.pop()
    )
    link.find(certain(Mood.SAD))
    assert next_of(events, PartFailed, MpdDisconnected).part == "playlists"
    assert next_of(events, SongsFound, MpdDisconnected) == SongsFound(certain(Mood.SAD), (), {})
    errors.append(True)
    link.play(certain(Mood.SAD), ["sad/01.ogg"], instead_of=())
    assert next_of(events, PartFailed, MpdDisconnected).part == "queue"
    refused = next_of(events, SongsRefused, MpdDisconnected)
    assert (refused.estimate, refused.play) == (certain(Mood.SAD), True)
    assert refused.reason == f"no songs could be queued: it failed {OURS}; {SEE_LOG}"


def fail() -> None:
    raise KeyError("Id")


@pytest.mark.parametrize(
    ("ask", "reason"),
    [
        (fail, f"stopped {OURS}: hold the button again; {SEE_LOG}"),
        (lambda: None, "logind agreed, but the machine is still on: `systemctl list-jobs` says why"),
    ],
    ids=["an internal error", "logind agrees, and nothing happens"],
)
def test_the_box_is_told_why_the_machine_was_not_switched_off(ask: Any, reason: str) -> None:
    events: SimpleQueue[Any] = SimpleQueue()
    Power(events.put, ask, timeout_s=0.01).off()
    assert events.get(timeout=60) == PowerOffFailed(reason)
