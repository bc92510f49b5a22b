"""The playback controller leaves alone what a second client does at a real MPD."""

from __future__ import annotations

import random

from device.demo.server import PrivateMpd
from device.mood import Mood
from device.playback.state import ControlMode
from tests.device.estimates import certain
from tests.device.playback.conftest import (
    FOREIGN_SONGS,
    ControllerHarness,
    StartHarness,
    next_song,
    queue_ids,
)


def test_songs_of_another_client_stay_where_they_are(library: PrivateMpd, harness: ControllerHarness) -> None:
    other = library.client()
    for uri in ("neutral/01.ogg", "neutral/02.ogg"):
        other.add(uri)
    harness.playback.play(certain(Mood.SAD))
    harness.wait_until(lambda: len(harness.queue) == 14)
    harness.playback.play(certain(Mood.HAPPY))
    harness.wait_until(
        lambda: harness.playing and harness.playing.startswith("happy") and len(harness.queue) == 14
    )
    assert harness.queue[:2] == ["neutral/01.ogg", "neutral/02.ogg"]


def test_the_music_stays_stopped_when_another_client_stops_it(
    library: PrivateMpd, harness: ControllerHarness
) -> None:
    harness.playback.play(certain(Mood.SAD))
    harness.wait_until(lambda: harness.playing)
    library.client().stop()
    harness.wait_until(lambda: not harness.playing)
    harness.run_for()
    assert not harness.playing


def test_the_same_song_queued_by_another_client_stays_when_the_mood_changes(
    library: PrivateMpd, harness: ControllerHarness
) -> None:
    harness.playback.play(certain(Mood.SAD))
    harness.wait_until(lambda: harness.plays(Mood.SAD) and len(harness.queue) == 12)
    foreign = library.client().addid(harness.queue[3])
    for mood in (Mood.SAD, Mood.HAPPY):
        harness.playback.play(certain(mood))
        harness.wait_until(lambda mood=mood: harness.playing and harness.playing.startswith(mood))  # type: ignore[misc]
        harness.run_for()
    harness.wait_until(lambda: len(harness.queue) == 13)
    assert harness.playback.snapshot
    assert int(foreign) in [entry.id for entry in harness.playback.snapshot.queue]


def test_songs_of_another_client_are_neither_removed_nor_reordered(
    library: PrivateMpd, start: StartHarness
) -> None:
    harness = start(handful=5)
    harness.playback.play(certain(Mood.SAD))
    harness.wait_until(lambda: harness.plays(Mood.SAD) and len(harness.queue) == 5)
    other, chance = library.client(), random.Random(5)
    foreign: list[int] = []
    for mood in (Mood.HAPPY, Mood.SAD, Mood.NEUTRAL, Mood.HAPPY):
        for uri in chance.sample(FOREIGN_SONGS, 2):
            foreign.append(int(other.addid(uri, chance.randrange(len(queue_ids(other)) + 1))))
        foreign.sort(key=queue_ids(other).index)
        other.moveid(foreign[0], len(queue_ids(other)) - 1)
        foreign.append(foreign.pop(0))
        other.next()
        harness.run_for()
        harness.playback.skip()
        harness.run_for()
        harness.playback.play(certain(mood))
        harness.wait_until(lambda mood=mood: harness.plays(mood))  # type: ignore[misc]
        harness.run_for()
        assert [id_ for id_ in queue_ids(other) if id_ in foreign] == foreign


def test_a_song_added_by_another_client_plays_in_its_turn_and_the_box_continues_after_it(
    library: PrivateMpd, start: StartHarness
) -> None:
    harness = start(handful=4)
    harness.playback.play(certain(Mood.SAD))
    harness.wait_until(lambda: harness.plays(Mood.SAD) and len(harness.queue) == 4)
    other = library.client()
    other.add(FOREIGN_SONGS[0])
    harness.wait_until(lambda: len(harness.queue) == 5)
    for _ in range(20):
        if harness.playing != FOREIGN_SONGS[0]:
            next_song(harness, other)
    assert harness.playing == FOREIGN_SONGS[0]
    next_song(harness, other)
    assert harness.playback.state.mode is ControlMode.FILLING
