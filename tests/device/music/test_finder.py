from __future__ import annotations

from pathlib import Path

import pytest

from device.demo.server import PrivateMpd
from device.mood import Mood
from device.music import finder
from device.music.finder import Finder, Songs
from tests.device.conftest import AddSong

GENRES = {Mood.SAD: ("Blues", "Singer-Songwriter")}


def songs(mpd: PrivateMpd, mood: Mood = Mood.SAD) -> Songs:
    mpd.update()
    return Finder(GENRES).songs(mpd.client(), mood)


def test_a_stored_playlist_of_the_moods_name_comes_first(mpd: PrivateMpd, add_song: AddSong) -> None:
    add_song("blue.ogg", genre="Blues", mood="sad")
    add_song("mine.ogg")
    (mpd.playlists / "Sad.m3u").write_text("mine.ogg\n")
    assert songs(mpd) == Songs(("mine.ogg",), "playlist")


def test_an_empty_playlist_does_not_count(mpd: PrivateMpd, add_song: AddSong) -> None:
    add_song("blue.ogg", genre="Blues")
    (mpd.playlists / "sad.m3u").write_text("")
    assert songs(mpd).source == "genre"


def test_then_come_mood_tags_whatever_their_case(mpd: PrivateMpd, add_song: AddSong) -> None:
    add_song("blue.ogg", genre="Blues")
    add_song("tagged.ogg", mood="Sad")
    add_song("other.ogg", mood="happy")
    assert songs(mpd) == Songs(("tagged.ogg",), "mood tag")


def test_then_genres_by_the_table_whatever_their_case(mpd: PrivateMpd, add_song: AddSong) -> None:
    add_song("a.ogg", genre="BLUES")
    add_song("b.ogg", genre="singer-songwriter")
    add_song("c.ogg", genre="Polka")
    found = songs(mpd)
    assert set(found.uris) == {"a.ogg", "b.ogg"}
    assert found.source == "genre"


def test_else_all_songs(mpd: PrivateMpd, add_song: AddSong) -> None:
    add_song("a.ogg", genre="Polka")
    add_song("b.ogg")
    found = songs(mpd)
    assert set(found.uris) == {"a.ogg", "b.ogg"}
    assert found.source == "all songs"


def test_an_empty_library_has_none(mpd: PrivateMpd) -> None:
    assert songs(mpd).uris == ()


@pytest.mark.parametrize("genre", ["R'n'B", 'Say "Blues"', "back\\slash", "(Blues)", "ブルース"])
def test_odd_genres_are_found_and_break_nothing(mpd: PrivateMpd, add_song: AddSong, genre: str) -> None:
    add_song("odd.ogg", genre=genre)
    add_song("even.ogg", genre="Pop")
    mpd.update()
    assert Finder({Mood.SAD: (genre,)}).songs(mpd.client(), Mood.SAD) == Songs(("odd.ogg",), "genre")


def test_comments_are_asked_for_once_until_the_library_changes(mpd: PrivateMpd, add_song: AddSong) -> None:
    add_song("a.ogg", mood="sad")
    mpd.update()
    known = Finder({})
    assert known.songs(mpd.client(), Mood.SAD).uris == ("a.ogg",)
    add_song("b.ogg", mood="sad")
    mpd.update()
    assert known.songs(mpd.client(), Mood.SAD).uris == ("a.ogg",)
    known.forget()
    assert set(known.songs(mpd.client(), Mood.SAD).uris) == {"a.ogg", "b.ogg"}


def test_a_library_too_large_for_comments_falls_back_to_genres(
    mpd: PrivateMpd, add_song: AddSong, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(finder, "MOST_COMMENTS", 1)
    add_song("a.ogg", mood="sad")
    add_song("b.ogg", genre="Blues")
    assert songs(mpd) == Songs(("b.ogg",), "genre")


def test_a_file_that_vanished_is_passed_over(mpd: PrivateMpd, add_song: AddSong) -> None:
    gone = add_song("gone.ogg", mood="sad")
    add_song("there.ogg", mood="sad")
    mpd.update()
    Path(mpd.music / gone).unlink()
    assert Finder({}).songs(mpd.client(), Mood.SAD).uris == ("there.ogg",)
