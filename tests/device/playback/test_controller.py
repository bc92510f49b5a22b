"""What the jukebox does with a real MPD: it hears what the player posts, as the box would."""

from __future__ import annotations

import os
import time

import pytest

from device.demo.server import PrivateMpd
from device.mood import Mood
from device.playback.controller import EMPTY, MOST_FAILURES
from device.recommend.play_statistics import PlayCount
from tests.device.conftest import AddSong
from tests.device.playback.conftest import Start, Turning, start_without
from tests.waiting import eventually


def test_a_mood_brings_a_handful_of_songs_that_lead_from_it_to_a_better_place(
    library: PrivateMpd, turning: Turning
) -> None:
    turning.playback.play(Mood.SAD)
    turning.until(lambda: turning.plays(Mood.SAD) and len(turning.queue) == 12)
    assert len(set(turning.queue)) == 12
    assert turning.sad(turning.queue[3:]) <= 3  # now and then the box tries something out
    assert turning.queue != sorted(turning.queue)


def test_with_the_style_match_the_music_stays_with_the_mood(library: PrivateMpd, start: Start) -> None:
    turning = start(style="match")
    turning.playback.play(Mood.SAD)
    turning.until(lambda: turning.plays(Mood.SAD) and len(turning.queue) == 12)
    assert turning.sad(turning.queue) >= 5
    assert all(turning.sad(turning.queue[first : first + 4]) <= 3 for first in range(9))


def test_the_course_goes_on_where_the_queue_is_filled_again(library: PrivateMpd, start: Start) -> None:
    turning = start(handful=6)
    turning.playback.play(Mood.SAD)
    turning.until(lambda: turning.plays(Mood.SAD) and len(turning.queue) == 6)
    other = library.client()
    for _ in range(5):
        other.next()
    turning.until(lambda: turning.coming == 6)
    assert turning.sad(turning.queue) <= 3


def test_the_users_own_word_on_a_song_counts_at_once(library: PrivateMpd, turning: Turning) -> None:
    turning.until(lambda: turning.playback.table)
    turning.memory.keep_own_affect("happy/07.ogg", 0.3, 0.35)
    turning.playback.play(Mood.SAD)
    turning.until(lambda: turning.playing == "happy/07.ogg")


def test_songs_of_the_moods_playlist_are_the_only_ones_even_streams(
    library: PrivateMpd, turning: Turning
) -> None:
    (library.playlists / "Sad.m3u").write_text("happy/01.ogg\nhappy/02.ogg\nhttp://127.0.0.1:1/x.ogg\n")
    turning.playback.play(Mood.SAD)
    turning.until(lambda: len(turning.queue) == 3)
    assert set(turning.queue) == {"happy/01.ogg", "happy/02.ogg", "http://127.0.0.1:1/x.ogg"}


def test_a_library_that_nobody_tagged_plays_all_the_same(
    mpd: PrivateMpd, turning: Turning, add_song: AddSong
) -> None:
    for number in range(20):
        add_song(f"{number}.ogg")
    mpd.update()
    turning.playback.play(Mood.HAPPY)
    turning.until(lambda: turning.playing and len(turning.queue) == 12)


def test_another_mood_replaces_what_the_box_had_queued(library: PrivateMpd, turning: Turning) -> None:
    turning.playback.play(Mood.SAD)
    turning.until(lambda: turning.plays(Mood.SAD))
    turning.playback.play(Mood.HAPPY)
    turning.until(lambda: turning.plays(Mood.HAPPY) and len(turning.queue) == 12)
    assert not any(uri.startswith("sad") for uri in turning.queue)


def test_what_somebody_else_queued_stays_where_it_was(library: PrivateMpd, turning: Turning) -> None:
    other = library.client()
    for uri in ("neutral/01.ogg", "neutral/02.ogg"):
        other.add(uri)
    turning.playback.play(Mood.SAD)
    turning.until(lambda: len(turning.queue) == 14)
    turning.playback.play(Mood.HAPPY)
    turning.until(
        lambda: turning.playing and turning.playing.startswith("happy") and len(turning.queue) == 14
    )
    assert turning.queue[:2] == ["neutral/01.ogg", "neutral/02.ogg"]


def test_moods_in_quick_succession_end_with_the_last(library: PrivateMpd, turning: Turning) -> None:
    for mood in (Mood.SAD, Mood.HAPPY, Mood.SAD, Mood.NEUTRAL):
        turning.playback.play(mood)
    turning.until(lambda: turning.plays(Mood.NEUTRAL) and len(turning.queue) == 12)
    turning.for_a_while()
    assert turning.plays(Mood.NEUTRAL)
    assert len(turning.queue) == 12


def test_the_queue_is_kept_filled(library: PrivateMpd, turning: Turning) -> None:
    turning.playback.play(Mood.SAD)
    turning.until(lambda: turning.plays(Mood.SAD))
    first = list(turning.queue)
    other = library.client()
    for _ in range(8):
        other.next()
    turning.until(lambda: turning.playing == first[8] and turning.coming == 12)


def test_no_song_of_the_last_ones_again_while_others_are_left(library: PrivateMpd, start: Start) -> None:
    turning = start(handful=4, no_repeat=8)
    turning.playback.play(Mood.SAD)
    other = library.client()
    heard: list[str] = []
    for _ in range(20):
        turning.until(lambda: turning.playing and [turning.playing] != heard[-1:])
        assert turning.playing
        heard.append(turning.playing)
        turning.until(lambda: len(turning.queue) > turning.queue.index(heard[-1]) + 1)
        other.next()
    for number, uri in enumerate(heard):
        assert uri not in heard[max(0, number - 8) : number]


def test_played_songs_are_remembered_across_a_restart_of_the_box(library: PrivateMpd, start: Start) -> None:
    turning = start()
    turning.playback.play(Mood.SAD)
    turning.until(lambda: turning.playing)
    assert turning.memory.played(5) == (turning.playing,)


def test_a_box_that_restarts_knows_its_own_songs(library: PrivateMpd, start: Start) -> None:
    before = start()
    before.playback.play(Mood.SAD)
    before.until(lambda: len(before.queue) == 12 and before.playing)
    before.close()
    library.client().add("neutral/03.ogg")
    after = start()
    after.playback.play(Mood.HAPPY)
    after.until(lambda: after.playing and after.playing.startswith("happy") and len(after.queue) == 13)
    assert after.queue[0] == "neutral/03.ogg"


def test_a_queue_that_was_played_to_its_end_begins_anew(library: PrivateMpd, turning: Turning) -> None:
    (library.playlists / "sad.m3u").write_text("sad/01.ogg\n")
    turning.playback.play(Mood.SAD)
    turning.until(lambda: turning.playing == "sad/01.ogg")
    library.client().seekcur(59)
    turning.until(lambda: turning.playback.snapshot and turning.playback.snapshot.state == "stop")
    turning.until(lambda: turning.playing == "sad/01.ogg")


def test_who_stops_the_music_elsewhere_is_obeyed(library: PrivateMpd, turning: Turning) -> None:
    turning.playback.play(Mood.SAD)
    turning.until(lambda: turning.playing)
    library.client().stop()
    turning.until(lambda: not turning.playing)
    turning.for_a_while()
    assert not turning.playing


def test_pause_and_go_on(library: PrivateMpd, turning: Turning) -> None:
    turning.playback.play(Mood.SAD)
    turning.until(lambda: turning.playing)
    turning.playback.toggle()
    turning.until(lambda: turning.playback.snapshot and turning.playback.snapshot.state == "pause")
    turning.playback.toggle()
    turning.until(lambda: turning.playing)


def test_going_on_after_a_stop_brings_the_moods_songs(library: PrivateMpd, turning: Turning) -> None:
    turning.playback.play(Mood.SAD)
    turning.until(lambda: turning.playing)
    library.client().clear()
    turning.until(lambda: not turning.playing)
    turning.playback.toggle()
    turning.until(lambda: turning.plays(Mood.SAD))


def test_an_empty_library_is_said_and_songs_that_come_later_play(
    mpd: PrivateMpd, turning: Turning, add_song: AddSong
) -> None:
    turning.playback.play(Mood.SAD)
    turning.until(lambda: turning.playback.trouble.get("library") == EMPTY)
    add_song("late.ogg", genre="Blues")
    mpd.update()
    turning.until(lambda: turning.playing == "late.ogg")
    assert turning.playback.trouble == {}


def test_mpd_that_starts_after_the_mood_was_seen_plays_it(start: Start, library: PrivateMpd) -> None:
    library.stop()
    turning = start()
    turning.until(lambda: "player" in turning.playback.trouble)
    turning.playback.play(Mood.HAPPY)
    turning.for_a_while()
    library.start()
    turning.until(lambda: turning.plays(Mood.HAPPY))
    assert turning.playback.trouble == {}


@pytest.mark.parametrize("crash", [True, False])
def test_mpd_that_was_gone_plays_on_when_it_is_back(
    library: PrivateMpd, turning: Turning, crash: bool
) -> None:
    turning.playback.play(Mood.HAPPY)
    turning.until(lambda: turning.plays(Mood.HAPPY) and len(turning.queue) == 12)
    if crash:
        library.kill()
    else:
        library.stop()  # then MPD keeps its queue, under new ids
    turning.until(lambda: turning.playback.snapshot is None)
    library.start()
    turning.until(lambda: turning.plays(Mood.HAPPY) and len(turning.queue) == 12)


def test_who_paused_before_mpd_went_finds_it_silent_when_it_is_back(
    library: PrivateMpd, turning: Turning
) -> None:
    turning.playback.play(Mood.HAPPY)
    turning.until(lambda: turning.playing)
    turning.playback.toggle()
    turning.until(lambda: not turning.playing)
    library.kill()
    turning.until(lambda: turning.playback.snapshot is None)
    library.start()
    turning.until(lambda: turning.playback.snapshot)
    turning.for_a_while()
    assert not turning.playing


def test_an_output_that_cannot_be_opened_is_said(library: PrivateMpd, turning: Turning) -> None:
    library.stop()
    configuration = library.folder / "mpd.conf"
    configuration.write_text(configuration.read_text().replace('type "null"', 'type "alsa"\ndevice "hw:77"'))
    library.start()
    turning.playback.play(Mood.SAD)
    turning.until(lambda: "MPD says: " in turning.playback.trouble.get("player", ""))


def test_a_disk_that_is_full_costs_the_memory_and_not_the_music(
    library: PrivateMpd, turning: Turning
) -> None:
    turning.memory._database.execute("PRAGMA max_page_count = 1")  # SQLite's own word for a full disk
    turning.memory._database.execute("PRAGMA query_only = ON")
    turning.playback.play(Mood.SAD)
    turning.until(lambda: turning.plays(Mood.SAD))
    assert "cannot be kept" in turning.playback.trouble["storage"]


def test_the_same_song_queued_by_somebody_else_stays_when_the_mood_changes(
    library: PrivateMpd, turning: Turning
) -> None:
    turning.playback.play(Mood.SAD)
    turning.until(lambda: turning.plays(Mood.SAD) and len(turning.queue) == 12)
    theirs = library.client().addid(turning.queue[3])
    for mood in (Mood.SAD, Mood.HAPPY):
        turning.playback.play(mood)
        turning.until(lambda mood=mood: turning.playing and turning.playing.startswith(mood))  # type: ignore[misc]
        turning.for_a_while()
    turning.until(lambda: len(turning.queue) == 13)
    assert turning.playback.snapshot
    assert int(theirs) in [entry.id for entry in turning.playback.snapshot.queue]


def test_a_playlist_whose_songs_are_gone_is_said_until_it_is_mended(
    library: PrivateMpd, turning: Turning
) -> None:
    (library.playlists / "sad.m3u").write_text("gone.ogg\nalso gone.ogg\n")
    turning.playback.play(Mood.SAD)
    turning.until(lambda: "takes none of the 2 songs" in turning.playback.trouble.get("library", ""))
    library.client().rm("sad")
    turning.until(lambda: turning.plays(Mood.SAD))
    assert turning.playback.trouble == {}


def test_an_mpd_without_stored_playlists_plays_by_genre(library: PrivateMpd, start: Start) -> None:
    start_without(library, "playlist_directory")
    turning = start()
    turning.playback.play(Mood.SAD)
    turning.until(lambda: turning.plays(Mood.SAD))


def test_an_mpd_that_allows_only_reading_is_said(library: PrivateMpd, start: Start) -> None:
    library.stop()
    configuration = library.folder / "mpd.conf"
    configuration.write_text(configuration.read_text() + 'default_permissions "read"\n')
    library.start()
    turning = start()
    turning.playback.play(Mood.SAD)
    turning.until(lambda: "library" in turning.playback.trouble)
    assert not turning.playing


def test_a_name_that_is_no_utf8_costs_that_song_alone(
    mpd: PrivateMpd, turning: Turning, add_song: AddSong
) -> None:
    add_song("good.ogg", genre="Blues")
    bad = mpd.music / add_song("bad.ogg", genre="Blues")
    bad.rename(os.fsdecode(os.fsencode(mpd.music) + b"/Bj\xf6rk.ogg"))
    mpd.update()
    turning.playback.play(Mood.SAD)
    turning.until(lambda: turning.playing == "good.ogg")


def test_a_broken_song_at_the_end_of_the_queue_does_not_end_the_music(
    mpd: PrivateMpd, turning: Turning, add_song: AddSong
) -> None:
    add_song("good.ogg", genre="Blues")
    broken = add_song("broken.ogg", genre="Blues")
    mpd.update()
    (mpd.music / broken).write_bytes(b"no sound at all")
    turning.playback.play(Mood.SAD)
    turning.until(lambda: turning.playing == "good.ogg")
    mpd.client().seekcur(59)
    turning.for_a_while(2)
    turning.until(lambda: turning.playing == "good.ogg")


def test_a_library_of_broken_songs_is_tried_a_few_times_and_then_left(
    mpd: PrivateMpd, turning: Turning, add_song: AddSong
) -> None:
    broken = add_song("broken.ogg", genre="Blues")
    mpd.update()
    (mpd.music / broken).write_bytes(b"no sound at all")
    turning.playback.play(Mood.SAD)
    turning.until(lambda: turning.playback._failures == MOST_FAILURES)
    turning.for_a_while()
    assert "MPD says: " in turning.playback.trouble["player"]
    assert turning.playback._failures == MOST_FAILURES


def test_a_library_that_was_empty_while_the_queue_played_on_is_no_trouble_once_it_is_not(
    library: PrivateMpd, start: Start
) -> None:
    turning = start(handful=2)
    turning.playback.play(Mood.SAD)
    turning.until(lambda: turning.playing and turning.coming)
    library.music.rename(library.folder / "away")
    library.music.mkdir()
    library.update()
    turning.until(lambda: turning.playback.table is not None and not turning.playback.table)
    turning.playback._mpd.find(Mood.SAD)  # as for keeping the queue filled
    turning.until(lambda: turning.playback.trouble.get("library") == EMPTY)
    library.music.rmdir()
    (library.folder / "away").rename(library.music)
    library.update()
    turning.until(lambda: "library" not in turning.playback.trouble)


def test_reading_from_a_full_disk_does_not_hide_that_writing_fails(
    library: PrivateMpd, turning: Turning
) -> None:
    turning.memory._database.execute("PRAGMA query_only = ON")
    turning.playback.play(Mood.SAD)
    turning.until(lambda: turning.plays(Mood.SAD))
    turning.until(lambda: "storage" in turning.playback.trouble)
    assert not turning.memory.played(1)
    assert "storage" in turning.playback.trouble


def test_songs_that_are_heard_to_their_end_count_for_their_genre_in_the_mood_they_were_queued_in(
    short: PrivateMpd, turning: Turning
) -> None:
    turning.playback.play(Mood.SAD)
    turning.until(lambda: turning.memory.play_statistics(Mood.SAD).genres.get("Blues") == PlayCount(2, 0))
    assert len(turning.memory.play_statistics(Mood.SAD).songs) == 2
    assert turning.memory.play_statistics(Mood.HAPPY).genres == {}


def test_songs_that_are_skipped_count_against(library: PrivateMpd, turning: Turning) -> None:
    turning.playback.play(Mood.HAPPY)
    turning.until(lambda: turning.playing)
    skipped = turning.playing
    library.client().next()
    turning.until(lambda: turning.playing != skipped)
    assert turning.memory.play_statistics(Mood.HAPPY).songs == {skipped: PlayCount(0, 1)}
    assert turning.memory.play_statistics(Mood.HAPPY).genres == {"Disco": PlayCount(0, 1)}


def test_the_button_skips_a_song_to_the_debit_of_the_mood_it_was_queued_for(
    library: PrivateMpd, turning: Turning
) -> None:
    turning.playback.play(Mood.HAPPY)
    turning.until(lambda: turning.playing)
    skipped = turning.playing
    assert turning.playback.skip()
    turning.until(lambda: turning.playing not in (skipped, None))
    assert turning.memory.play_statistics(Mood.HAPPY).songs == {skipped: PlayCount(0, 1)}


def test_the_last_song_of_a_queue_that_is_skipped_counts_too(library: PrivateMpd, turning: Turning) -> None:
    (library.playlists / "sad.m3u").write_text("sad/01.ogg\n")
    turning.playback.play(Mood.SAD)
    turning.until(lambda: turning.playing == "sad/01.ogg")
    first = turning.playback.snapshot
    assert turning.playback.skip()
    turning.until(lambda: turning.playing and turning.playback.snapshot.current != first.current)  # type: ignore[union-attr]
    assert turning.memory.play_statistics(Mood.SAD).songs == {"sad/01.ogg": PlayCount(0, 1)}


def test_a_song_that_is_skipped_while_paused_counts_and_the_next_one_plays(
    library: PrivateMpd, turning: Turning
) -> None:
    turning.playback.play(Mood.HAPPY)
    turning.until(lambda: turning.playing)
    skipped = turning.playing
    turning.playback.toggle()
    turning.until(lambda: not turning.playing)
    assert turning.playback.skip()
    turning.until(lambda: turning.playing not in (skipped, None))
    assert turning.memory.play_statistics(Mood.HAPPY).songs == {skipped: PlayCount(0, 1)}


def test_a_song_of_somebody_else_is_skipped_and_teaches_nothing(
    library: PrivateMpd, turning: Turning
) -> None:
    turning.playback.play(Mood.HAPPY)
    turning.until(lambda: turning.plays(Mood.HAPPY) and len(turning.queue) == 12)
    other = library.client()
    other.addid("sad/09.ogg", 1)
    turning.until(lambda: len(turning.queue) == 13)
    other.next()
    turning.until(lambda: turning.playing == "sad/09.ogg")
    assert turning.playback.skip()
    turning.until(lambda: turning.playing not in ("sad/09.ogg", None))
    assert "sad/09.ogg" in turning.queue
    assert all("sad/09.ogg" not in turning.memory.play_statistics(mood).songs for mood in Mood)


def test_nothing_is_skipped_where_nothing_plays(library: PrivateMpd, turning: Turning) -> None:
    assert not turning.playback.skip()  # MPD has not answered yet
    turning.playback.play(Mood.HAPPY)
    turning.until(lambda: turning.playing)
    stopped = turning.playing
    library.client().stop()
    turning.until(lambda: not turning.playing)
    assert not turning.playback.skip()
    turning.for_a_while()
    assert not turning.playing
    assert stopped
    assert turning.memory.play_statistics(Mood.HAPPY).songs == {}


def test_a_genre_that_is_always_skipped_gives_way(library: PrivateMpd, turning: Turning) -> None:
    for number in range(16):
        for _ in range(3):
            turning.memory.keep_play(Mood.HAPPY, f"happy/{number:02}.ogg", "Disco", completed=False)
    turning.playback.play(Mood.HAPPY)
    turning.until(lambda: turning.plays(Mood.NEUTRAL))


def test_a_change_of_mood_a_stop_a_pause_and_a_crash_of_mpd_count_for_nothing(
    library: PrivateMpd, turning: Turning
) -> None:
    turning.playback.play(Mood.HAPPY)
    turning.until(lambda: turning.plays(Mood.HAPPY))
    turning.playback.play(Mood.SAD)
    turning.until(lambda: turning.plays(Mood.SAD))
    turning.playback.toggle()
    turning.until(lambda: not turning.playing)
    turning.playback.toggle()
    turning.until(lambda: turning.playing)
    library.client().stop()
    turning.until(lambda: not turning.playing)
    turning.playback.toggle()
    turning.until(lambda: turning.playing)
    library.kill()
    turning.until(lambda: turning.playback.snapshot is None)
    library.start()
    turning.until(lambda: turning.playing)
    library.client().clear()
    turning.until(lambda: not turning.playing)
    for mood in Mood:
        assert turning.memory.play_statistics(mood).songs == {}


def test_a_box_that_restarts_credits_the_mood_in_which_the_song_was_queued(
    library: PrivateMpd, start: Start
) -> None:
    before = start()
    before.playback.play(Mood.HAPPY)
    before.until(lambda: before.playing and len(before.queue) == 12)
    skipped = before.playing
    before.close()
    after = start()
    after.until(lambda: after.playing == skipped and after.playback.table)
    library.client().next()
    after.until(lambda: after.memory.play_statistics(Mood.HAPPY).songs == {skipped: PlayCount(0, 1)})


def test_plays_are_told_to_other_clients_as_they_name_them(short: PrivateMpd, turning: Turning) -> None:
    turning.playback.play(Mood.SAD)
    turning.until(lambda: turning.playing)
    heard = turning.playing
    other = short.client()
    turning.until(lambda: "lastPlayed" in other.sticker_list("song", heard))
    assert other.sticker_get("song", heard, "playCount") == "1"
    assert abs(int(other.sticker_get("song", heard, "lastPlayed")) - time.time()) < 60


def test_skips_are_told_whatever_was_told_before(library: PrivateMpd, turning: Turning) -> None:
    other = library.client()
    for number in range(16):
        other.sticker_set("song", f"happy/{number:02}.ogg", "skipCount", "4" if number % 2 else "no number")
    turning.playback.play(Mood.HAPPY)
    turning.until(lambda: turning.playing)
    skipped = turning.playing
    assert skipped
    other.next()
    turning.until(lambda: "lastSkipped" in other.sticker_list("song", skipped))
    odd = int(skipped[6:8]) % 2
    assert other.sticker_get("song", skipped, "skipCount") == ("5" if odd else "1")


def test_what_other_clients_say_is_liked_or_disliked_counts(library: PrivateMpd, turning: Turning) -> None:
    other = library.client()
    other.sticker_set("song", "happy/07.ogg", "like", "2")
    other.sticker_set("song", "happy/08.ogg", "like", "0")
    turning.until(lambda: turning.playback.table)
    turning.playback.play(Mood.HAPPY)
    turning.until(lambda: turning.playing == "happy/07.ogg" and len(turning.queue) == 12)
    assert "happy/08.ogg" not in turning.queue


def test_stickers_are_left_alone_if_the_settings_say_so(library: PrivateMpd, start: Start) -> None:
    turning = start(stickers=False)
    turning.playback.play(Mood.HAPPY)
    turning.until(lambda: turning.playing)
    skipped = turning.playing
    library.client().next()
    turning.until(lambda: turning.memory.play_statistics(Mood.HAPPY).songs == {skipped: PlayCount(0, 1)})
    turning.for_a_while()
    assert library.client().sticker_list("song", skipped) == {}


def test_an_mpd_without_stickers_plays_and_teaches_all_the_same(library: PrivateMpd, start: Start) -> None:
    start_without(library, "sticker_file")
    turning = start()
    turning.playback.play(Mood.HAPPY)
    turning.until(lambda: turning.playing)
    skipped = turning.playing
    library.client().next()
    turning.until(lambda: turning.playing not in (skipped, None))
    assert turning.memory.play_statistics(Mood.HAPPY).songs == {skipped: PlayCount(0, 1)}
    assert "player" not in turning.playback.trouble
    assert "library" not in turning.playback.trouble


def test_a_box_that_was_killed_before_mpd_had_answered_knows_the_songs_that_mpd_has_queued(
    library: PrivateMpd, start: Start
) -> None:
    other = library.client()
    killed = start()
    killed.until(lambda: killed.playback.table and killed.playback.snapshot)
    killed.playback.play(Mood.HAPPY)
    killed.until(lambda: killed.memory.ownership().asked)
    eventually(lambda: other.status()["playlistlength"] == "12")  # and nobody hears of it
    theirs = other.addid(killed.memory.ownership().asked[0])
    killed.close()
    again = start()
    again.playback.play(Mood.SAD)
    again.until(lambda: again.plays(Mood.SAD) and len(again.queue) == 13)
    assert other.playlistinfo()[0]["id"] == theirs
