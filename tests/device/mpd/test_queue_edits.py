"""Changes of a real MPD's queue, with others at work on it at the same moment."""

from __future__ import annotations

import socket
from collections.abc import Callable
from typing import Any

import mpd
import pytest

from device.demo.server import PrivateMpd
from device.mpd.connection import Client
from device.mpd.queue_edits import add_songs
from device.mpd.queue_mirror import QueueMirror
from device.mpd.snapshot import Entry

SONGS = ["sad/01.ogg", "sad/02.ogg", "sad/03.ogg"]
THEIRS = "neutral/01.ogg"


class Overtaken(Client):
    """A client that somebody comes before, between its look at the queue and its list of changes."""

    def __init__(self, library: PrivateMpd, *moves: Callable[[Any], object]) -> None:
        super().__init__(library.link)
        self._other = library.client()
        self._moves = list(moves)
        self._changes = False
        self.connect()

    def addid(self, uri: str, place: int) -> None:
        self._changes = True
        super().addid(uri, place)

    def command_list_end(self) -> Any:
        if self._changes and self._moves:
            self._moves.pop(0)(self._other)
        self._changes = False
        return super().command_list_end()


@pytest.fixture
def client(library: PrivateMpd) -> Any:
    return library.client()


def queue(client: Any) -> list[str]:
    return [song["file"] for song in client.playlistinfo()]


def playing(client: Any) -> str | None:
    song = client.currentsong()
    return song.get("file") if client.status()["state"] == "play" else None


def old(client: Any, *uris: str) -> list[Entry]:
    return [Entry(int(client.addid(uri)), uri) for uri in uris]


def test_new_songs_take_the_place_of_the_old_ones_behind_what_others_have(client: Any) -> None:
    before = old(client, "happy/01.ogg", "happy/02.ogg")
    client.addid(THEIRS, 1)
    client.play(0)
    added = add_songs(QueueMirror(client), SONGS, before, play=True)
    assert queue(client) == [THEIRS, *SONGS]
    assert playing(client) == SONGS[0]
    assert [entry.uri for entry in added] == SONGS
    assert [str(entry.id) for entry in added] == [song["id"] for song in client.playlistinfo()[1:]]


def test_songs_that_are_only_added_leave_what_plays(client: Any) -> None:
    before = old(client, "happy/01.ogg", "happy/02.ogg")
    client.play(1)
    add_songs(QueueMirror(client), SONGS, before[:1], play=False)
    assert queue(client) == ["happy/02.ogg", *SONGS]
    assert playing(client) == "happy/02.ogg"


@pytest.mark.parametrize("place", range(4))
def test_a_song_that_has_vanished_is_left_out_and_the_first_of_the_others_plays(
    client: Any, place: int
) -> None:
    wanted = [*SONGS[:place], "gone.ogg", *SONGS[place:]]
    added = add_songs(QueueMirror(client), wanted, old(client, "happy/01.ogg"), play=True)
    assert queue(client) == [entry.uri for entry in added] == SONGS
    assert [str(entry.id) for entry in added] == [song["id"] for song in client.playlistinfo()]
    assert playing(client) == SONGS[0]


def test_where_none_is_left_nothing_changes(client: Any) -> None:
    before = old(client, "happy/01.ogg")
    client.play(0)
    assert add_songs(QueueMirror(client), ["gone.ogg", "gone too.ogg"], before, play=True) == ()
    assert queue(client) == ["happy/01.ogg"]
    assert playing(client) == "happy/01.ogg"


def test_an_old_one_that_somebody_has_removed_is_no_hindrance(client: Any) -> None:
    first, second = old(client, "happy/01.ogg", "happy/02.ogg")
    client.deleteid(first.id)
    add_songs(QueueMirror(client), SONGS, [first, second], play=True)
    assert queue(client) == SONGS


@pytest.mark.parametrize(
    ("moves", "theirs"),
    [
        ([lambda other: other.add(THEIRS)], [THEIRS]),
        ([lambda other: other.addid(THEIRS, 0)], [THEIRS]),
        ([lambda other: other.delete(0)], []),
        ([lambda other: other.delete(1)], []),
        ([lambda other: other.clear()], []),
        ([lambda other: other.delete(1), lambda other: other.addid(THEIRS, 0)], [THEIRS]),
    ],
    ids=["added behind", "added before", "removed", "removed an old one", "cleared", "twice"],
)
def test_who_comes_in_between_loses_nothing_and_ours_plays_all_the_same(
    library: PrivateMpd, client: Any, moves: list[Callable[[Any], object]], theirs: list[str]
) -> None:
    client.add("neutral/00.ogg")
    before = old(client, "happy/01.ogg")
    added = add_songs(QueueMirror(Overtaken(library, *moves)), SONGS, before, play=True)
    assert [entry.uri for entry in added] == SONGS
    assert {str(entry.id) for entry in added} <= {song["id"] for song in client.playlistinfo()}
    assert playing(client) == SONGS[0]
    assert "happy/01.ogg" not in queue(client)
    assert set(theirs) <= set(queue(client))


def test_who_may_not_is_told_so(library: PrivateMpd) -> None:
    library.stop()
    configuration = library.folder / "mpd.conf"
    configuration.write_text(configuration.read_text() + 'default_permissions "read"\n')
    library.start()
    with pytest.raises(mpd.CommandError, match="permission"):
        add_songs(QueueMirror(library.client()), SONGS, (), play=True)


def test_a_list_that_has_no_end_changes_nothing(library: PrivateMpd, client: Any) -> None:
    """What we rely on: we may be killed while we tell MPD what to do."""
    client.add(THEIRS)
    client.play(0)
    with socket.socket(socket.AF_UNIX) as killed:
        killed.connect(library.address)
        killed.sendall(b'command_list_ok_begin\naddid "sad/01.ogg" 1\nplay 1\ndelete 0\n')
        killed.recv(100)
    with socket.socket(
        socket.AF_UNIX
    ) as other:  # MPD has come to a later connection: it is through with that one
        other.connect(library.address)
        other.recv(100)
    assert queue(client) == [THEIRS]
    assert playing(client) == THEIRS
