"""The box and `moodbox songs` plan the same songs from the same memory, with the same random numbers."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing

import numpy as np
import pytest

from device.cli.songs.plan import plan
from device.config.settings import Settings
from device.demo.server import PrivateMpd
from device.health import Health
from device.library.index import LibraryIndex
from device.mood import Mood
from device.mpd.snapshot import Entry
from device.playback.guarded_memory import GuardedMemory
from device.playback.memory import Memory
from device.playback.planner import MAX_ATTEMPTS, Planner
from tests.device.estimates import certain

SEED = 3
COUNT = 12  # as many as `moodbox songs` prints


@pytest.fixture
def memory(settings: Settings) -> Iterator[Memory]:
    """A memory in which something of each kind was learned."""
    with closing(Memory.open(settings.service.state_path())) as memory:
        memory.keep_own_affect("happy/07.ogg", 0.3, 0.35)
        memory.exclude("sad/11.ogg")
        for number in range(5):
            memory.keep_played(f"sad/{number:02}.ogg")
            memory.keep_play(certain(Mood.SAD), f"sad/{number:02}.ogg", "Blues", completed=bool(number % 2))
            memory.keep_play(certain(Mood.HAPPY), "neutral/03.ogg", "Country", completed=True)
        yield memory


def planner(settings: Settings, memory: Memory) -> Planner:
    return Planner(settings.music, GuardedMemory(memory, Health()), np.random.default_rng(SEED))


@pytest.mark.parametrize("playlist", [(), ("sad/01.ogg", "happy/02.ogg", "http://127.0.0.1:1/stream.ogg")])
def test_the_box_plans_the_songs_that_moodbox_songs_prints(
    library: PrivateMpd, settings: Settings, memory: Memory, playlist: tuple[str, ...]
) -> None:
    library.client().sticker_set("song", "sad/09.ogg", "like", "2")
    if playlist:
        (library.playlists / "sad.m3u").write_text("\n".join(playlist))
    printed = plan(settings, "sad", seed=SEED)
    with closing(LibraryIndex.open(settings.service.state_path())) as index:
        table = index.table()
    box = planner(settings, memory)
    box.likes = {"sad/09.ogg": True}
    planned = box.plan(certain(Mood.SAD), table, playlist, COUNT)
    assert planned.songs == printed.choices
    assert planned.trajectory == printed.trajectory
    assert len(planned.songs) == (len(playlist) or COUNT)


def test_the_planner_continues_where_it_was_until_it_is_restarted(
    library: PrivateMpd, settings: Settings, memory: Memory
) -> None:
    plan(settings, "sad")  # reads MPD's library
    with closing(LibraryIndex.open(settings.service.state_path())) as index:
        table = index.table()
    box = planner(settings, memory)
    first = box.plan(certain(Mood.SAD), table, (), 4)
    queued = [Entry(number, uri) for number, uri in enumerate(first.uris)]
    second = box.plan(certain(Mood.SAD), table, (), 4, current=queued[0], upcoming=queued[1:])
    assert [song.target for song in second.songs[:2]] == [second.trajectory.at(4), second.trajectory.at(5)]
    assert not set(first.uris) & set(second.uris)
    box.restart()
    assert box.plan(certain(Mood.SAD), table, (), 1).songs[0].target == first.trajectory.start


def test_songs_that_mpd_refuses_are_set_aside_and_the_trajectory_goes_back_by_as_many(
    library: PrivateMpd, settings: Settings, memory: Memory
) -> None:
    plan(settings, "sad")  # reads MPD's library
    with closing(LibraryIndex.open(settings.service.state_path())) as index:
        table = index.table()
    box = planner(settings, memory)
    first = box.plan(certain(Mood.SAD), table, (), 4)
    assert box.set_aside(frozenset(first.uris[:3]), others_taken=True)
    second = box.plan(certain(Mood.SAD), table, (), 4)
    assert second.songs[0].target == second.trajectory.at(1)
    assert not set(first.uris[:3]) & set(second.uris)
    assert "3 were tried" in box.why_none(4)
    box.try_all_again()
    assert "has no songs" in box.why_none(0)
    assert "tried" not in box.why_none(4)
    assert not {*first.uris[:3]}.isdisjoint(box.plan(certain(Mood.SAD), table, first.uris[:3], 4).uris)


def test_after_ten_requests_of_which_mpd_takes_nothing_the_box_no_longer_asks_until_a_press(
    settings: Settings, memory: Memory
) -> None:
    box = planner(settings, memory)
    asks = [box.set_aside(frozenset({f"{number}.ogg"}), others_taken=False) for number in range(12)]
    assert asks == [True] * (MAX_ATTEMPTS - 1) + [False] * (12 - MAX_ATTEMPTS + 1)
    box.restart()
    assert box.set_aside(frozenset({"another.ogg"}), others_taken=False)
