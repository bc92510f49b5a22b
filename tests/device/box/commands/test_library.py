"""What programs that show the box learn of its songs, at a real MPD."""

from __future__ import annotations

from typing import Any

import mpd
import pytest

from device.config.settings import Settings
from device.control import page_commands as page
from device.control.client import ask
from device.control.command import Command
from device.demo.harness import Harness
from device.demo.server import PrivateMpd
from device.errors import ServiceError
from tests.device.box.helpers import plays


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


def test_the_queue_holds_also_what_others_have_queued_but_at_most_ten(
    to_ask: Settings, library: PrivateMpd
) -> None:
    for _ in range(12):
        library.client().addid("sad/03.ogg", 1)
    queued = reply(to_ask, page.Queue())["next"]
    assert [(song["uri"], song["why"]) for song in queued] == [("sad/03.ogg", "")] * 10


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


def test_a_song_that_must_never_play_is_marked(to_ask: Settings, library: PrivateMpd) -> None:
    uri = library.client().currentsong()["file"]
    ask(to_ask.service.socket_path(), "never")
    assert reply(to_ask, page.Song(uri=uri))["song"]["never"]


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
