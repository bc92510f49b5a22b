"""What programs that show the box learn of its songs, at a real MPD."""

from __future__ import annotations

import shutil
from contextlib import closing
from pathlib import Path
from typing import Any

import mpd
import mutagen
import pytest

from device.config.settings import Settings
from device.control import page_commands as page
from device.control.client import ask
from device.control.command import Command
from device.demo.harness import Harness, harness_for
from device.demo.server import PrivateMpd
from device.errors import ServiceError
from device.mood import Mood
from device.mpd import playlists
from device.playback.memory import Memory
from tests.device.box.helpers import PictureSequence, plays
from tests.device.estimates import certain


@pytest.fixture
def to_ask(harness: Harness, settings: Settings) -> Settings:
    """A box that plays, and knows the library."""
    plays(harness, "Disco")
    return settings


def reply(settings: Settings, command: Command) -> dict[str, Any]:
    return ask(settings.service.socket_path(), command)


def test_the_queue_is_what_plays_and_what_follows_it_and_why(to_ask: Settings, library: PrivateMpd) -> None:
    queue = reply(to_ask, page.Queue())
    assert queue["playing"]["uri"] == library.client().currentsong()["file"]
    assert queue["playing"]["artist"] == "Somebody"
    assert queue["playing"]["title"].startswith("Disco ")
    assert queue["playing"]["duration"] > 0
    files = [song["file"] for song in library.client().playlistinfo()]
    assert [song["uri"] for song in queue["next"]] == files[1:11]
    assert all("fits" in song["why"] for song in queue["next"])
    for song in queue["next"]:
        reasons = song["reasons"]
        assert (reasons["source"], reasons["playlist"], reasons["again"]) == ("genre", False, False)
        assert 0 < reasons["fit"] <= 1
        assert (reasons["genre_heard"], reasons["genre_plays"]) == (0, 0)  # nothing is learned yet


def test_the_queue_holds_also_what_others_have_queued_but_at_most_ten(
    to_ask: Settings, library: PrivateMpd
) -> None:
    for _ in range(12):
        library.client().addid("sad/03.ogg", 1)
    queued = reply(to_ask, page.Queue())["next"]
    assert [(song["uri"], song["why"], song["reasons"]) for song in queued] == [("sad/03.ogg", "", None)] * 10


def test_what_was_learned_of_a_genre_is_among_the_reasons(
    settings: Settings, library: PrivateMpd, camera: PictureSequence
) -> None:
    with closing(Memory.open(settings.service.state_path())) as memory:
        for number in range(4):
            memory.keep_play(certain(Mood.HAPPY), f"happy/{number:02}.ogg", "Disco", completed=number > 0)
    with harness_for(settings, camera) as harness:
        plays(harness, "Disco")
        reasons = reply(settings, page.Queue())["next"][0]["reasons"]
    assert reasons["genre"] == "Disco"
    assert reasons["genre_plays"] > reasons["genre_heard"] > 2


def test_songs_of_a_moods_playlist_say_so(
    settings: Settings, library: PrivateMpd, camera: PictureSequence
) -> None:
    (library.playlists / "Happy.m3u").write_text("happy/01.ogg\nhappy/02.ogg\nhappy/03.ogg\n")
    with harness_for(settings, camera) as harness:
        plays(harness, "Disco")
        queued = reply(settings, page.Queue())["next"]
    assert queued
    assert all(song["reasons"]["playlist"] for song in queued)


def test_the_stored_playlists_tell_which_are_a_moods_and_how_many_songs_they_have(
    to_ask: Settings, library: PrivateMpd
) -> None:
    assert reply(to_ask, page.Playlists()) == {"playlists": []}
    (library.playlists / "Breakfast.m3u").write_text("happy/01.ogg\n")
    (library.playlists / "SAD.m3u").write_text("sad/01.ogg\nsad/02.ogg\n")
    (library.playlists / "sadness.m3u").write_text("")
    assert reply(to_ask, page.Playlists())["playlists"] == [
        {"name": "SAD", "mood": "sad", "songs": 2},
        {"name": "Breakfast", "mood": None, "songs": 1},
        {"name": "sadness", "mood": None, "songs": 0},
    ]


def test_many_playlists_are_not_counted_for_long(
    to_ask: Settings, library: PrivateMpd, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(playlists, "COUNTING_S", 0.0)
    monkeypatch.setattr(playlists, "MAX_LISTED", 3)
    for number in range(5):
        (library.playlists / f"{number}.m3u").write_text("sad/01.ogg\n")
    listed = reply(to_ask, page.Playlists())["playlists"]
    assert [(each["name"], each["songs"]) for each in listed] == [("0", None), ("1", None), ("2", None)]


def test_nothing_plays_in_an_empty_queue(to_ask: Settings, library: PrivateMpd) -> None:
    library.client().stop()
    library.client().clear()
    assert reply(to_ask, page.Queue()) == {"playing": None, "next": []}


def test_the_library_comes_in_parts_without_a_gap(to_ask: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("device.box.commands.library.SONGS_A_REPLY", 7)
    songs, after = [], None
    while True:
        part = reply(to_ask, page.Library(after=after))
        songs += part["songs"]
        if (after := part["next"]) is None:
            break
    assert [song["uri"] for song in songs] == [
        f"{mood}/{number:02}.ogg" for mood in ("happy", "neutral", "sad") for number in range(16)
    ]
    assert songs[0]["genre"] == "Disco"
    assert songs[0]["valence"] > songs[-1]["valence"]
    assert {song["left_out"] for song in songs} == {False}


def test_a_song_is_moved_to_where_its_owner_says_it_belongs_and_back(to_ask: Settings) -> None:
    before = reply(to_ask, page.Song(uri="sad/01.ogg"))["song"]
    assert before["title"] == "Blues 1"
    assert reply(to_ask, page.SetAffect(uri="sad/01.ogg", valence=1.0, energy=0.25)) == {"ok": True}
    after = reply(to_ask, page.Song(uri="sad/01.ogg"))["song"]
    assert (after["valence"], after["energy"], after["source"]) == (1.0, 0.25, "own word")
    assert reply(to_ask, page.SetAffect(uri="sad/01.ogg")) == {"ok": True}
    assert reply(to_ask, page.Song(uri="sad/01.ogg"))["song"] == before


def test_a_song_that_must_never_play_is_marked_until_let_in_again(
    to_ask: Settings, library: PrivateMpd
) -> None:
    uri = library.client().currentsong()["file"]
    ask(to_ask.service.socket_path(), "never")
    assert reply(to_ask, page.Song(uri=uri))["song"]["never"]
    assert reply(to_ask, page.SetAffect(uri=uri)) == {"ok": True}
    assert not reply(to_ask, page.Song(uri=uri))["song"]["never"]


@pytest.mark.parametrize("command", [page.Song(uri="gone.ogg"), page.SetAffect(uri="gone.ogg")])
def test_a_song_that_is_not_there_is_an_error(to_ask: Settings, command: Command) -> None:
    with pytest.raises(ServiceError, match=r"gone\.ogg: no such song"):
        reply(to_ask, command)


def test_what_mpd_refuses_is_said_at_once(to_ask: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(client: mpd.MPDClient, *_: Any) -> str:
        client.find("(no filter")
        return ""

    monkeypatch.setattr("device.box.commands.library.title_of", refuse)
    with pytest.raises(ServiceError, match="MPD refuses"):
        reply(to_ask, page.Song(uri="sad/01.ogg"))
    assert reply(to_ask, page.Queue())["playing"]


def test_titles_are_those_of_the_librarys_songs_alone(
    to_ask: Settings, library: PrivateMpd, silence: Path
) -> None:
    outside = library.folder / "outside.ogg"
    shutil.copy(silence, outside)
    file = mutagen.File(outside)
    file.update({"title": ["Not of the library"]})
    file.save()
    uris = ["happy/03.ogg", "sad/00.ogg", "happy", "no/such.ogg", f"file://{outside}", "a\nb"]
    assert reply(to_ask, page.Titles(uris=uris)) == {
        "titles": {"happy/03.ogg": "Disco 3", "sad/00.ogg": "Blues 0"}
    }
    with pytest.raises(ServiceError, match="uris: expected a list of at most 40"):
        reply(to_ask, page.Titles(uris=["x"] * 41))
