"""The playback controller at a real MPD: which songs it queues, and when."""

from __future__ import annotations

from device.demo.server import PrivateMpd
from device.mood import Mood
from tests.device.conftest import AddSong, seek
from tests.device.estimates import certain
from tests.device.playback.conftest import (
    ControllerHarness,
    StartHarness,
)


def test_a_mood_queues_a_handful_of_songs_that_lead_to_a_better_mood(
    library: PrivateMpd, harness: ControllerHarness
) -> None:
    harness.playback.play(certain(Mood.SAD))
    harness.wait_until(lambda: harness.plays(Mood.SAD) and len(harness.queue) == 12)
    assert len(set(harness.queue)) == 12
    assert harness.sad(harness.queue[3:]) <= 3  # exploration may add a few
    assert harness.queue != sorted(harness.queue)


def test_with_the_style_match_the_music_stays_with_the_mood(library: PrivateMpd, start: StartHarness) -> None:
    harness = start(style="match")
    harness.playback.play(certain(Mood.SAD))
    harness.wait_until(lambda: harness.plays(Mood.SAD) and len(harness.queue) == 12)
    assert harness.sad(harness.queue) >= 5
    assert all(harness.sad(harness.queue[first : first + 4]) <= 3 for first in range(9))


def test_the_trajectory_continues_when_the_queue_is_filled_again(
    library: PrivateMpd, start: StartHarness
) -> None:
    harness = start(handful=6)
    harness.playback.play(certain(Mood.SAD))
    harness.wait_until(lambda: harness.plays(Mood.SAD) and len(harness.queue) == 6)
    other = library.client()
    for _ in range(5):
        other.next()
    harness.wait_until(lambda: harness.upcoming == 6)
    assert harness.sad(harness.queue) <= 3


def test_what_the_user_says_of_a_song_counts_at_once(library: PrivateMpd, harness: ControllerHarness) -> None:
    harness.wait_until(lambda: harness.playback.table)
    harness.memory.keep_own_affect("happy/07.ogg", 0.3, 0.35)
    harness.playback.play(certain(Mood.SAD))
    harness.wait_until(lambda: harness.playing == "happy/07.ogg")


def test_only_songs_of_the_moods_playlist_are_queued_streams_included(
    library: PrivateMpd, harness: ControllerHarness
) -> None:
    (library.playlists / "Sad.m3u").write_text("happy/01.ogg\nhappy/02.ogg\nhttp://127.0.0.1:1/x.ogg\n")
    harness.playback.play(certain(Mood.SAD))
    harness.wait_until(lambda: len(harness.queue) == 3)
    assert set(harness.queue) == {"happy/01.ogg", "happy/02.ogg", "http://127.0.0.1:1/x.ogg"}


def test_a_library_without_tags_plays(mpd: PrivateMpd, harness: ControllerHarness, add_song: AddSong) -> None:
    for number in range(20):
        add_song(f"{number}.ogg")
    mpd.update()
    harness.playback.play(certain(Mood.HAPPY))
    harness.wait_until(lambda: harness.playing and len(harness.queue) == 12)


def test_another_mood_replaces_what_the_box_had_queued(
    library: PrivateMpd, harness: ControllerHarness
) -> None:
    harness.playback.play(certain(Mood.SAD))
    harness.wait_until(lambda: harness.plays(Mood.SAD))
    harness.playback.play(certain(Mood.HAPPY))
    harness.wait_until(lambda: harness.plays(Mood.HAPPY) and len(harness.queue) == 12)
    assert not any(uri.startswith("sad") for uri in harness.queue)


def test_of_moods_in_quick_succession_the_last_one_plays(
    library: PrivateMpd, harness: ControllerHarness
) -> None:
    for mood in (Mood.SAD, Mood.HAPPY, Mood.SAD, Mood.NEUTRAL):
        harness.playback.play(certain(mood))
    harness.wait_until(lambda: harness.plays(Mood.NEUTRAL) and len(harness.queue) == 12)
    harness.run_for()
    assert harness.plays(Mood.NEUTRAL)
    assert len(harness.queue) == 12


def test_the_queue_is_kept_filled(library: PrivateMpd, harness: ControllerHarness) -> None:
    harness.playback.play(certain(Mood.SAD))
    harness.wait_until(lambda: harness.plays(Mood.SAD))
    first = list(harness.queue)
    other = library.client()
    for _ in range(8):
        other.next()
    harness.wait_until(lambda: harness.playing == first[8] and harness.upcoming == 12)


def test_no_recent_song_is_repeated_while_others_are_left(library: PrivateMpd, start: StartHarness) -> None:
    harness = start(handful=4, no_repeat=8)
    harness.playback.play(certain(Mood.SAD))
    other = library.client()
    played: list[str] = []
    for _ in range(20):
        harness.wait_until(lambda: harness.playing and [harness.playing] != played[-1:])
        assert harness.playing
        played.append(harness.playing)
        harness.wait_until(lambda: len(harness.queue) > harness.queue.index(played[-1]) + 1)
        other.next()
    for number, uri in enumerate(played):
        assert uri not in played[max(0, number - 8) : number]


def test_new_songs_follow_a_queue_that_was_played_to_its_end(
    library: PrivateMpd, harness: ControllerHarness
) -> None:
    (library.playlists / "sad.m3u").write_text("sad/01.ogg\n")
    harness.playback.play(certain(Mood.SAD))
    harness.wait_until(lambda: harness.playing == "sad/01.ogg")
    seek(library.client(), 59)
    harness.wait_until(lambda: harness.playback.snapshot and harness.playback.snapshot.state == "stop")
    harness.wait_until(lambda: harness.playing == "sad/01.ogg")


def test_toggle_pauses_and_resumes(library: PrivateMpd, harness: ControllerHarness) -> None:
    harness.playback.play(certain(Mood.SAD))
    harness.wait_until(lambda: harness.playing)
    harness.playback.controls.toggle()
    harness.wait_until(lambda: harness.playback.snapshot and harness.playback.snapshot.state == "pause")
    harness.playback.controls.toggle()
    harness.wait_until(lambda: harness.playing)


def test_toggle_after_a_stop_plays_the_moods_songs(library: PrivateMpd, harness: ControllerHarness) -> None:
    harness.playback.play(certain(Mood.SAD))
    harness.wait_until(lambda: harness.playing)
    library.client().clear()
    harness.wait_until(lambda: not harness.playing)
    harness.playback.controls.toggle()
    harness.wait_until(lambda: harness.plays(Mood.SAD))
