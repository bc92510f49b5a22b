"""What the playback controller learns from plays, skips and likes at a real MPD."""

from __future__ import annotations

import shutil
import time

import pytest

from device.demo.server import PrivateMpd
from device.mood import Mood
from device.playback.mpd_events import MpdDisconnected
from device.recommend.play_statistics import PlayCount
from tests.device.estimates import certain
from tests.device.playback.conftest import (
    ControllerHarness,
    StartHarness,
    start_without,
)


def test_songs_that_are_played_through_count_for_their_genre_in_the_mood_they_were_queued_for(
    short_songs: PrivateMpd, harness: ControllerHarness
) -> None:
    harness.playback.play(certain(Mood.SAD))

    def completed() -> float:
        return (
            harness.memory.play_statistics(certain(Mood.SAD)).genres.get("Blues", PlayCount(0, 0)).completed
        )

    # A machine that stands still for a second may miss the end of a song that lasts two.
    harness.wait_until(lambda: completed() >= 2)
    played = harness.memory.play_statistics(certain(Mood.SAD)).songs.values()
    assert sum(count.completed for count in played) == completed()
    assert harness.memory.play_statistics(certain(Mood.HAPPY)).genres == {}


def test_a_song_skipped_by_another_client_counts_against_it(
    library: PrivateMpd, harness: ControllerHarness
) -> None:
    harness.playback.play(certain(Mood.HAPPY))
    harness.wait_until_heard()
    skipped = harness.playing
    library.client().next()
    harness.wait_until(lambda: harness.playing != skipped)
    assert harness.memory.play_statistics(certain(Mood.HAPPY)).songs == {skipped: PlayCount(0, 1)}
    assert harness.memory.play_statistics(certain(Mood.HAPPY)).genres == {"Disco": PlayCount(0, 1)}


def test_a_song_skipped_by_the_button_counts_against_it_in_the_mood_it_was_queued_for(
    library: PrivateMpd, harness: ControllerHarness
) -> None:
    harness.playback.play(certain(Mood.HAPPY))
    harness.wait_until_heard()
    skipped = harness.playing
    assert harness.playback.skip()
    harness.wait_until(lambda: harness.playing not in (skipped, None))
    assert harness.memory.play_statistics(certain(Mood.HAPPY)).songs == {skipped: PlayCount(0, 1)}


def test_skipping_the_last_song_of_the_queue_counts_too(
    library: PrivateMpd, harness: ControllerHarness
) -> None:
    (library.playlists / "sad.m3u").write_text("sad/01.ogg\n")
    harness.playback.play(certain(Mood.SAD))
    harness.wait_until(lambda: harness.playing == "sad/01.ogg")
    harness.wait_until_heard()
    first = harness.playback.snapshot
    assert harness.playback.skip()
    harness.wait_until(lambda: harness.playing and harness.playback.snapshot.current != first.current)  # type: ignore[union-attr]
    assert harness.memory.play_statistics(certain(Mood.SAD)).songs == {"sad/01.ogg": PlayCount(0, 1)}


def test_a_song_that_is_skipped_while_paused_counts_and_the_next_one_plays(
    library: PrivateMpd, harness: ControllerHarness
) -> None:
    harness.playback.play(certain(Mood.HAPPY))
    harness.wait_until_heard()
    skipped = harness.playing
    harness.playback.controls.toggle()
    harness.wait_until(lambda: not harness.playing)
    assert harness.playback.skip()
    harness.wait_until(lambda: harness.playing not in (skipped, None))
    assert harness.memory.play_statistics(certain(Mood.HAPPY)).songs == {skipped: PlayCount(0, 1)}


def test_nothing_is_learned_from_skipping_a_song_of_another_client(
    library: PrivateMpd, harness: ControllerHarness
) -> None:
    harness.playback.play(certain(Mood.HAPPY))
    harness.wait_until(lambda: harness.plays(Mood.HAPPY) and len(harness.queue) == 12)
    other = library.client()
    other.addid("sad/09.ogg", 1)
    harness.wait_until(lambda: len(harness.queue) == 13)
    other.next()
    harness.wait_until(lambda: harness.playing == "sad/09.ogg")
    assert harness.playback.skip()
    harness.wait_until(lambda: harness.playing not in ("sad/09.ogg", None))
    assert "sad/09.ogg" in harness.queue
    assert all("sad/09.ogg" not in harness.memory.play_statistics(certain(mood)).songs for mood in Mood)


def test_nothing_is_skipped_if_nothing_plays(library: PrivateMpd, harness: ControllerHarness) -> None:
    assert not harness.playback.skip()  # MPD has not answered yet
    harness.playback.play(certain(Mood.HAPPY))
    harness.wait_until(lambda: harness.playing)
    stopped = harness.playing
    library.client().stop()
    harness.wait_until(lambda: not harness.playing)
    assert not harness.playback.skip()
    harness.run_for()
    assert not harness.playing
    assert stopped
    assert harness.memory.play_statistics(certain(Mood.HAPPY)).songs == {}


def test_a_genre_that_is_always_skipped_is_replaced_by_another(
    library: PrivateMpd, harness: ControllerHarness
) -> None:
    for number in range(16):
        for _ in range(3):
            harness.memory.keep_play(certain(Mood.HAPPY), f"happy/{number:02}.ogg", "Disco", completed=False)
    harness.playback.play(certain(Mood.HAPPY))
    harness.wait_until(lambda: harness.plays(Mood.NEUTRAL))


def test_nothing_is_learned_from_a_change_of_mood_a_stop_a_pause_or_a_crash_of_mpd(
    library: PrivateMpd, harness: ControllerHarness
) -> None:
    harness.playback.play(certain(Mood.HAPPY))
    harness.wait_until(lambda: harness.plays(Mood.HAPPY))
    harness.playback.play(certain(Mood.SAD))
    harness.wait_until(lambda: harness.plays(Mood.SAD))
    harness.playback.controls.toggle()
    harness.wait_until(lambda: not harness.playing)
    harness.playback.controls.toggle()
    harness.wait_until(lambda: harness.playing)
    library.client().stop()
    harness.wait_until(lambda: not harness.playing)
    harness.playback.controls.toggle()
    harness.wait_until(lambda: harness.playing)
    library.kill()
    harness.wait_until(lambda: harness.playback.snapshot is None)
    library.start()
    harness.wait_until(lambda: harness.playing)
    library.client().clear()
    harness.wait_until(lambda: not harness.playing)
    for mood in Mood:
        assert harness.memory.play_statistics(certain(mood)).songs == {}


def test_plays_are_recorded_in_stickers(short_songs: PrivateMpd, harness: ControllerHarness) -> None:
    harness.playback.play(certain(Mood.SAD))
    harness.wait_until(lambda: harness.playing)
    completed = harness.playing
    other = short_songs.client()
    harness.wait_until(lambda: "lastPlayed" in other.sticker_list("song", completed))
    assert other.sticker_get("song", completed, "playCount") == "1"
    assert abs(int(other.sticker_get("song", completed, "lastPlayed")) - time.time()) < 60


def test_skips_are_recorded_in_stickers_whatever_their_value_was(
    library: PrivateMpd, harness: ControllerHarness
) -> None:
    other = library.client()
    for number in range(16):
        other.sticker_set("song", f"happy/{number:02}.ogg", "skipCount", "4" if number % 2 else "no number")
    harness.playback.play(certain(Mood.HAPPY))
    harness.wait_until_heard()
    skipped = harness.playing
    assert skipped
    other.next()
    harness.wait_until(lambda: "lastSkipped" in other.sticker_list("song", skipped))
    odd = int(skipped[6:8]) % 2
    assert other.sticker_get("song", skipped, "skipCount") == ("5" if odd else "1")


def test_likes_and_dislikes_of_other_clients_count(library: PrivateMpd, harness: ControllerHarness) -> None:
    other = library.client()
    other.sticker_set("song", "happy/07.ogg", "like", "2")
    other.sticker_set("song", "happy/08.ogg", "like", "0")
    harness.wait_until(lambda: harness.playback.table)
    harness.playback.play(certain(Mood.HAPPY))
    harness.wait_until(lambda: harness.playing == "happy/07.ogg" and len(harness.queue) == 12)
    assert "happy/08.ogg" not in harness.queue


def test_no_stickers_are_written_if_the_settings_say_so(library: PrivateMpd, start: StartHarness) -> None:
    harness = start(stickers=False)
    harness.playback.play(certain(Mood.HAPPY))
    harness.wait_until_heard()
    skipped = harness.playing
    library.client().next()
    harness.wait_until(
        lambda: harness.memory.play_statistics(certain(Mood.HAPPY)).songs == {skipped: PlayCount(0, 1)}
    )
    harness.run_for()
    assert library.client().sticker_list("song", skipped) == {}


def test_an_mpd_without_stickers_plays_and_the_box_learns(library: PrivateMpd, start: StartHarness) -> None:
    start_without(library, "sticker_file")
    harness = start()
    harness.playback.play(certain(Mood.HAPPY))
    harness.wait_until_heard()
    skipped = harness.playing
    library.client().next()
    harness.wait_until(lambda: harness.playing not in (skipped, None))
    assert harness.memory.play_statistics(certain(Mood.HAPPY)).songs == {skipped: PlayCount(0, 1)}
    assert "player" not in harness.health.trouble
    assert "library" not in harness.health.trouble


def test_songs_that_mpd_cannot_open_are_not_skipped_by_anybody(
    library: PrivateMpd, harness: ControllerHarness
) -> None:
    """MPD reports each of them as playing, and goes on to the next."""
    harness.playback.play(certain(Mood.HAPPY))
    harness.wait_until(lambda: harness.playing and len(harness.queue) == 12)
    first = harness.playing  # on a busy machine long enough that its skip counts
    for folder in library.music.iterdir():
        shutil.rmtree(folder)
    harness.playback.skip()
    harness.wait_until(lambda: not harness.playing)
    for _ in range(3):
        harness.playback.play(certain(Mood.SAD))
        harness.playback.skip()
        harness.run_for()
    assert all(harness.memory.play_statistics(certain(mood)).songs == {} for mood in (Mood.SAD, Mood.NEUTRAL))
    assert harness.memory.play_statistics(certain(Mood.HAPPY)).songs.keys() <= {first}


@pytest.mark.parametrize("noticed", [False, True])
def test_a_skip_and_a_mood_while_mpd_is_away_teach_nothing(
    library: PrivateMpd, harness: ControllerHarness, noticed: bool
) -> None:
    harness.playback.play(certain(Mood.SAD))
    harness.wait_until(lambda: harness.playing and len(harness.queue) == 12)
    harness.wait_until_heard()
    library.stop()
    if noticed:
        harness.wait_until(lambda: harness.playback.snapshot is None)
    harness.playback.skip()
    harness.playback.play(certain(Mood.HAPPY))
    harness.run_for()
    library.start()
    harness.wait_until(lambda: harness.plays(Mood.HAPPY))
    assert harness.memory.play_statistics(certain(Mood.SAD)).songs == {}


def test_what_happens_to_a_song_while_mpd_is_not_reachable_teaches_nothing(
    library: PrivateMpd, harness: ControllerHarness
) -> None:
    harness.playback.play(certain(Mood.SAD))
    harness.wait_until(lambda: harness.playing and len(harness.queue) == 12)
    harness.wait_until_heard()
    before = harness.current
    harness.playback.handle(MpdDisconnected("away"))
    library.client().next()
    harness.wait_until(lambda: harness.current not in (None, before))
    assert harness.memory.play_statistics(certain(Mood.SAD)).songs == {}
