"""The playback controller when the box or a real MPD stops and starts again."""

from __future__ import annotations

import pytest

from device.demo.server import PrivateMpd
from device.mood import Mood
from device.recommend.play_statistics import PlayCount
from tests.device.estimates import certain
from tests.device.playback.conftest import (
    ControllerHarness,
    StartHarness,
    queue_ids,
)
from tests.waiting import eventually


def test_a_song_that_begins_is_kept_in_memory(library: PrivateMpd, start: StartHarness) -> None:
    harness = start()
    harness.playback.play(certain(Mood.SAD))
    harness.wait_until(lambda: harness.playing)
    assert harness.memory.played(5) == (harness.playing,)


def test_a_restarted_box_recognizes_its_own_songs(library: PrivateMpd, start: StartHarness) -> None:
    before = start()
    before.playback.play(certain(Mood.SAD))
    before.wait_until(lambda: len(before.queue) == 12 and before.playing)
    before.close()
    library.client().add("neutral/03.ogg")
    after = start()
    after.playback.play(certain(Mood.HAPPY))
    after.wait_until(lambda: after.playing and after.playing.startswith("happy") and len(after.queue) == 13)
    assert after.queue[0] == "neutral/03.ogg"


def test_an_mpd_that_starts_after_the_mood_was_wanted_plays_it(
    start: StartHarness, library: PrivateMpd
) -> None:
    library.stop()
    harness = start()
    harness.wait_until(lambda: "player" in harness.health.trouble)
    harness.playback.play(certain(Mood.HAPPY))
    harness.run_for()
    library.start()
    harness.wait_until(lambda: harness.plays(Mood.HAPPY))
    assert harness.health.trouble == {}


@pytest.mark.parametrize("crash", [True, False])
def test_the_music_continues_after_a_restart_of_mpd(
    library: PrivateMpd, harness: ControllerHarness, crash: bool
) -> None:
    harness.playback.play(certain(Mood.HAPPY))
    harness.wait_until(lambda: harness.plays(Mood.HAPPY) and len(harness.queue) == 12)
    if crash:
        library.kill()
    else:
        library.stop()  # then MPD keeps its queue, under new ids
    harness.wait_until(lambda: harness.playback.snapshot is None)
    library.start()
    harness.wait_until(lambda: harness.plays(Mood.HAPPY) and len(harness.queue) == 12)


def test_a_press_while_mpd_restarts_is_answered_though_it_comes_back_paused(
    library: PrivateMpd, harness: ControllerHarness
) -> None:
    harness.playback.play(certain(Mood.HAPPY))
    harness.wait_until(lambda: harness.plays(Mood.HAPPY) and len(harness.queue) == 12)
    harness.run_for()
    configuration = library.folder / "mpd.conf"
    configuration.write_text('restore_paused "yes"\n' + configuration.read_text())
    library.stop()
    harness.playback.go_on()  # the box does not know yet that MPD has stopped
    harness.wait_until(lambda: harness.playback.snapshot is None)
    library.start()
    harness.wait_until(lambda: harness.plays(Mood.HAPPY), seconds=15)


def test_music_that_was_paused_stays_silent_after_a_restart_of_mpd(
    library: PrivateMpd, harness: ControllerHarness
) -> None:
    harness.playback.play(certain(Mood.HAPPY))
    harness.wait_until(lambda: harness.playing)
    harness.playback.controls.toggle()
    harness.wait_until(lambda: not harness.playing)
    library.kill()
    harness.wait_until(lambda: harness.playback.snapshot is None)
    library.start()
    harness.wait_until(lambda: harness.playback.snapshot)
    harness.run_for()
    assert not harness.playing


def test_a_restarted_box_counts_a_skip_for_the_mood_the_song_was_queued_for(
    library: PrivateMpd, start: StartHarness
) -> None:
    before = start()
    before.playback.play(certain(Mood.HAPPY))
    before.wait_until(lambda: before.playing and len(before.queue) == 12)
    skipped = before.playing
    before.close()
    after = start()
    after.wait_until(lambda: after.playing == skipped and after.playback.table)
    after.wait_until_heard()
    library.client().next()
    after.wait_until(
        lambda: after.memory.play_statistics(certain(Mood.HAPPY)).songs == {skipped: PlayCount(0, 1)}
    )


def test_a_box_killed_before_mpd_answered_recognizes_the_songs_that_mpd_queued(
    library: PrivateMpd, start: StartHarness
) -> None:
    other = library.client()
    killed = start()
    killed.wait_until(lambda: killed.playback.table and killed.playback.snapshot)
    killed.playback.play(certain(Mood.HAPPY))
    killed.wait_until(lambda: killed.memory.ownership().asked)
    eventually(lambda: other.status()["playlistlength"] == "12")  # the controller handles no event of it
    foreign = other.addid(killed.memory.ownership().asked[0])
    killed.close()
    again = start()
    again.playback.play(certain(Mood.SAD))
    again.wait_until(lambda: again.plays(Mood.SAD) and len(again.queue) == 13)
    assert other.playlistinfo()[0]["id"] == foreign


def test_a_restarted_box_continues_while_its_own_songs_play(
    library: PrivateMpd, playing: ControllerHarness, start: StartHarness
) -> None:
    playing.close()
    again = start()
    again.wait_until(lambda: again.playing)
    again.playback.play(certain(Mood.HAPPY), by_button=False)
    again.wait_until(lambda: again.plays(Mood.HAPPY) and len(again.queue) == 12)


def test_a_song_that_another_client_queues_while_the_box_is_stopped_is_not_the_boxs(
    library: PrivateMpd, playing: ControllerHarness, start: StartHarness
) -> None:
    playing.close()
    other = library.client()
    uris = [song["file"] for song in other.playlistinfo()]
    other.clear()
    foreign = [int(other.addid(uri)) for uri in uris[:3]]
    again = start()
    again.playback.play(certain(Mood.HAPPY))
    again.wait_until(lambda: again.plays(Mood.HAPPY) and len(again.queue) == 15)
    assert queue_ids(other)[:3] == foreign
