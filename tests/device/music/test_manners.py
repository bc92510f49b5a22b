"""What the box does not do to an MPD that others use too: each with a real second client."""

from __future__ import annotations

import random
from typing import Any

import pytest

from device.demo.server import PrivateMpd
from device.mood import Mood
from device.music.jukebox import Stance
from tests.device.music.conftest import Start, Turning

THEIRS = ["neutral/01.ogg", "neutral/02.ogg", "neutral/03.ogg"]


@pytest.fixture
def playing(library: PrivateMpd, turning: Turning) -> Turning:
    """A box that plays its twelve sad songs."""
    turning.jukebox.play(Mood.SAD)
    turning.until(lambda: turning.plays(Mood.SAD) and len(turning.queue) == 12)
    return turning


def back(turning: Turning) -> None:
    turning.until(lambda: turning.jukebox.stance is Stance.BACK)


def ids(client: Any) -> list[int]:
    return [int(song["id"]) for song in client.playlistinfo()]


def on_to_the_next(turning: Turning, client: Any) -> None:
    """By a client that waits for what it does; a box that sees only the end of a run takes it for a jump."""
    turning.until(lambda: turning.coming)
    # What the box removes from the queue may have been the song that plays, so that MPD plays another.
    turning.until(lambda: turning.current and turning.current.id == int(client.status().get("songid", 0)))
    before = turning.current
    client.next()
    turning.until(lambda: turning.current not in (before, None))  # perhaps the same song, queued twice


# What is theirs stays as it is


def test_what_others_queued_is_neither_removed_nor_reordered_whatever_the_box_does(
    library: PrivateMpd, start: Start
) -> None:
    turning = start(handful=5)
    turning.jukebox.play(Mood.SAD)
    turning.until(lambda: turning.plays(Mood.SAD) and len(turning.queue) == 5)
    other, chance = library.client(), random.Random(5)
    theirs: list[int] = []
    for mood in (Mood.HAPPY, Mood.SAD, Mood.NEUTRAL, Mood.HAPPY):
        for uri in chance.sample(THEIRS, 2):
            theirs.append(int(other.addid(uri, chance.randrange(len(ids(other)) + 1))))
        theirs.sort(key=ids(other).index)
        other.moveid(theirs[0], len(ids(other)) - 1)
        theirs.append(theirs.pop(0))
        other.next()
        turning.for_a_while()
        turning.jukebox.skip()
        turning.for_a_while()
        turning.jukebox.play(mood)
        turning.until(lambda mood=mood: turning.plays(mood))  # type: ignore[misc]
        turning.for_a_while()
        assert [id_ for id_ in ids(other) if id_ in theirs] == theirs


def test_a_song_that_somebody_adds_plays_when_its_turn_comes_and_the_box_goes_on_behind_it(
    library: PrivateMpd, start: Start
) -> None:
    turning = start(handful=4)
    turning.jukebox.play(Mood.SAD)
    turning.until(lambda: turning.plays(Mood.SAD) and len(turning.queue) == 4)
    other = library.client()
    other.add(THEIRS[0])
    turning.until(lambda: len(turning.queue) == 5)
    for _ in range(20):
        if turning.playing != THEIRS[0]:
            on_to_the_next(turning, other)
    assert turning.playing == THEIRS[0]
    on_to_the_next(turning, other)
    assert turning.jukebox.stance is Stance.KEEPING


def test_songs_of_the_box_that_others_move_or_remove_are_no_reason_to_step_back(
    library: PrivateMpd, playing: Turning
) -> None:
    other = library.client()
    other.move(11, 1)
    other.delete("6:12")
    other.shuffle("1:6")
    playing.until(lambda: len(playing.queue) == 6)
    other.next()
    playing.until(lambda: playing.coming == 12)


# Who takes over is left alone until the button is pressed


def test_who_clears_the_queue_finds_it_empty_until_the_button_is_pressed(
    library: PrivateMpd, playing: Turning
) -> None:
    other = library.client()
    other.clear()
    back(playing)
    playing.for_a_while()
    assert ids(other) == []
    playing.jukebox.play(Mood.SAD, invited=False)  # a face, and no finger
    playing.for_a_while()
    assert ids(other) == []
    playing.jukebox.play(Mood.HAPPY)
    playing.until(lambda: playing.plays(Mood.HAPPY) and len(playing.queue) == 12)


def test_who_loads_a_playlist_of_their_own_keeps_it_as_it_is_to_its_end(
    library: PrivateMpd, playing: Turning
) -> None:
    (library.playlists / "mine.m3u").write_text("\n".join(THEIRS))
    other = library.client()
    other.command_list_ok_begin()
    other.clear()
    other.load("mine")
    other.play()
    other.command_list_end()
    back(playing)
    for _ in range(3):
        playing.for_a_while()
        assert [song["file"] for song in other.playlistinfo()] == THEIRS
        other.next()
    playing.for_a_while()
    assert (other.status()["state"], len(ids(other))) == ("stop", 3)
    playing.jukebox.play(Mood.HAPPY)
    playing.until(lambda: playing.plays(Mood.HAPPY) and len(playing.queue) == 15)
    assert playing.queue[:3] == THEIRS


@pytest.mark.parametrize("before", ["play", "pause", "stop"])
def test_who_plays_a_song_of_their_own_keeps_the_queue_to_themselves(
    library: PrivateMpd, playing: Turning, before: str
) -> None:
    other = library.client()
    if before != "play":
        getattr(other, before)()
        playing.until(lambda: playing.jukebox.snapshot and playing.jukebox.snapshot.state == before)
    other.playid(other.addid(THEIRS[0]))
    back(playing)
    queue = ids(other)
    other.seekcur(59)
    playing.for_a_while(1.5)
    assert ids(other) == queue
    assert all(playing.memory.taste(mood).songs == {} for mood in Mood)  # nor was a song of the box skipped


def test_a_box_that_has_stepped_back_pauses_and_skips_what_plays(
    library: PrivateMpd, playing: Turning
) -> None:
    other = library.client()
    other.clear()
    for uri in THEIRS:
        other.add(uri)
    other.play()
    back(playing)
    playing.until(lambda: playing.playing == THEIRS[0])
    assert playing.jukebox.skip()
    playing.until(lambda: playing.playing == THEIRS[1])
    playing.jukebox.toggle()
    playing.until(lambda: not playing.playing)
    playing.jukebox.toggle()
    playing.until(lambda: playing.playing == THEIRS[1])
    assert playing.jukebox.stance is Stance.BACK
    assert all(playing.memory.taste(mood).songs == {} for mood in Mood)


def test_it_stays_back_when_mpd_was_away(library: PrivateMpd, playing: Turning) -> None:
    other = library.client()
    other.clear()
    other.add(THEIRS[0])
    other.play()
    back(playing)
    library.stop()
    playing.until(lambda: playing.jukebox.snapshot is None)
    library.start()
    playing.until(lambda: playing.jukebox.snapshot)
    playing.for_a_while()
    assert playing.queue == THEIRS[:1]


def test_a_song_that_somebody_added_is_no_reason_to_step_back_when_mpd_is_back_with_it(
    library: PrivateMpd, turning: Turning
) -> None:
    turning.jukebox.play(Mood.SAD, invited=False)
    turning.until(lambda: turning.plays(Mood.SAD) and len(turning.queue) == 12)
    other = library.client()
    other.addid(THEIRS[0], 1)
    turning.until(lambda: len(turning.queue) == 13)
    on_to_the_next(turning, other)
    library.stop()
    turning.until(lambda: turning.jukebox.snapshot is None)
    library.start()
    turning.until(lambda: turning.playing == THEIRS[0])
    turning.for_a_while()
    assert turning.jukebox.stance is Stance.KEEPING
    on_to_the_next(turning, library.client())


def test_a_box_that_starts_while_somebody_plays_their_own_waits_for_its_button(
    library: PrivateMpd, turning: Turning
) -> None:
    other = library.client()
    other.add(THEIRS[0])
    other.play()
    back(turning)
    turning.jukebox.play(Mood.SAD, invited=False)
    turning.for_a_while()
    assert turning.queue == THEIRS[:1]
    turning.jukebox.play(Mood.SAD)
    turning.until(lambda: turning.plays(Mood.SAD))


def test_a_box_that_starts_again_amid_its_own_songs_goes_on_with_them(
    library: PrivateMpd, playing: Turning, start: Start
) -> None:
    playing.close()
    again = start()
    again.until(lambda: again.playing)
    again.jukebox.play(Mood.HAPPY, invited=False)
    again.until(lambda: again.plays(Mood.HAPPY) and len(again.queue) == 12)


def test_while_the_box_is_away_a_song_of_its_own_that_somebody_queues_again_is_theirs(
    library: PrivateMpd, playing: Turning, start: Start
) -> None:
    playing.close()
    other = library.client()
    uris = [song["file"] for song in other.playlistinfo()]
    other.clear()
    theirs = [int(other.addid(uri)) for uri in uris[:3]]
    again = start()
    again.jukebox.play(Mood.HAPPY)
    again.until(lambda: again.plays(Mood.HAPPY) and len(again.queue) == 15)
    assert ids(other)[:3] == theirs


# MPD's own settings are theirs


MODES = ("random", "repeat", "single", "consume")


def modes(client: Any) -> dict[str, str]:
    return {name: client.status().get(name) for name in (*MODES, "volume", "xfade")} | {
        "gain": client.replay_gain_status()
    }


@pytest.mark.parametrize("mode", MODES)
def test_it_plays_in_each_mode_keeps_the_queue_filled_and_leaves_the_mode(
    library: PrivateMpd, start: Start, mode: str
) -> None:
    turning = start(handful=4)
    other = library.client()
    getattr(other, mode)(1)
    before = modes(other)
    turning.jukebox.play(Mood.SAD)
    turning.until(lambda: turning.playing)
    theirs = int(other.addid(THEIRS[0], 0))
    for _ in range(8):
        on_to_the_next(turning, other)
    turning.jukebox.play(Mood.HAPPY)
    turning.until(lambda: turning.plays(Mood.HAPPY) and turning.jukebox.stance is Stance.KEEPING)
    assert modes(other) == before
    assert theirs in ids(other) or mode in ("random", "consume")


def test_who_turns_random_on_while_it_plays_hears_theirs_and_the_boxs_songs_mixed(
    library: PrivateMpd, start: Start
) -> None:
    turning = start(handful=4)
    turning.jukebox.play(Mood.SAD)
    turning.until(lambda: turning.plays(Mood.SAD) and len(turning.queue) == 4)
    other = library.client()
    for number in range(16):
        other.add(f"neutral/{number:02}.ogg")
    turning.until(lambda: len(turning.queue) == 20)
    other.random(1)
    turning.for_a_while()
    heard = set()
    for _ in range(8):
        on_to_the_next(turning, other)
        heard.add(turning.playing)
    assert any(uri and uri.startswith("neutral") for uri in heard)
    assert turning.jukebox.stance is Stance.KEEPING


@pytest.fixture
def one_by_one(library: PrivateMpd, turning: Turning) -> Turning:
    """A box in the middle of a song of a minute, the only one for its mood, and after it MPD is to stop."""
    (library.playlists / "sad.m3u").write_text("sad/01.ogg\n")
    turning.jukebox.play(Mood.SAD)
    turning.until(lambda: turning.playing)
    library.client().single(1)
    turning.until(lambda: turning.jukebox.snapshot and turning.jukebox.snapshot.single)
    assert turning.playing
    return turning


def stopped(turning: Turning) -> bool:
    return bool(turning.jukebox.snapshot and turning.jukebox.snapshot.state == "stop")


def test_who_wants_songs_one_by_one_is_not_given_the_next(library: PrivateMpd, one_by_one: Turning) -> None:
    library.client().seekcur(59)
    one_by_one.until(lambda: stopped(one_by_one))
    one_by_one.for_a_while()
    assert stopped(one_by_one)


def test_nor_is_who_wants_them_one_by_one_if_the_song_ended_while_mpd_was_gone(
    library: PrivateMpd, one_by_one: Turning
) -> None:
    library.stop()
    state = library.folder / "mpdstate"
    played = state.read_text()
    assert "state: play" in played
    state.write_text(played.replace("state: play", "state: stop"))
    one_by_one.until(lambda: one_by_one.jukebox.snapshot is None)
    library.start()
    one_by_one.until(lambda: stopped(one_by_one))
    one_by_one.for_a_while()
    assert stopped(one_by_one)


def test_a_last_song_that_is_consumed_is_followed_by_others(short: PrivateMpd, turning: Turning) -> None:
    other = short.client()
    (short.playlists / "sad.m3u").write_text("1.ogg\n")
    other.consume(1)
    turning.jukebox.play(Mood.SAD)
    turning.until(lambda: turning.playing)
    first = ids(other)
    turning.until(lambda: turning.playing and ids(other) not in (first, []))


def test_volume_crossfade_and_replay_gain_stay_as_they_are(library: PrivateMpd, start: Start) -> None:
    configuration = library.folder / "mpd.conf"
    configuration.write_text(
        configuration.read_text().replace('type "null"', 'type "null"\nmixer_type "null"')
    )
    library.stop()
    library.start()
    other = library.client()
    other.setvol(37)
    other.crossfade(7)
    other.replay_gain_mode("album")
    before = modes(other)
    assert (before["volume"], before["xfade"]) == ("37", "7")
    turning = start()
    turning.jukebox.play(Mood.SAD)
    turning.until(lambda: turning.playing)
    turning.jukebox.skip()
    turning.jukebox.toggle()
    turning.until(lambda: not turning.playing)
    turning.jukebox.play(Mood.HAPPY)
    turning.until(lambda: turning.plays(Mood.HAPPY))
    assert modes(other) == before


def test_crossfade_and_replay_gain_are_set_where_the_settings_say_so_and_again_after_a_restart_of_mpd(
    library: PrivateMpd, start: Start
) -> None:
    turning = start(crossfade=3, replay_gain="track")
    turning.until(lambda: turning.jukebox.snapshot)
    for _ in range(2):
        client = library.client()
        assert client.status()["xfade"] == "3"
        assert "track" in str(client.replay_gain_status())
        library.kill()
        turning.until(lambda: turning.jukebox.snapshot is None)
        library.start()
        turning.until(lambda: turning.jukebox.snapshot)


def test_an_mpd_that_refuses_them_is_one_word_and_plays_all_the_same(
    library: PrivateMpd, start: Start, caplog: pytest.LogCaptureFixture
) -> None:
    library.stop()
    configuration = library.folder / "mpd.conf"
    configuration.write_text(configuration.read_text() + 'default_permissions "read"\n')
    library.start()
    turning = start(crossfade=3)
    turning.until(lambda: turning.jukebox.snapshot)
    assert "refuses what the settings say" in caplog.text
    assert "player" not in turning.jukebox.trouble
