"""Edits of a real MPD's queue while another client edits it too."""

from __future__ import annotations

import socket
from collections.abc import Callable, Mapping
from typing import Any

import mpd
import pytest

from device.demo.server import PrivateMpd
from device.mood import Mood
from device.mpd.connection import Client
from device.mpd.playlists import PlaylistEntry, mood_playlist
from device.mpd.queue_edits import add_songs
from device.mpd.queue_mirror import QueueMirror
from device.mpd.snapshot import Entry
from device.mpd.titles import is_stream

SONGS = ["sad/01.ogg", "sad/02.ogg", "sad/03.ogg"]
FOREIGN_SONG = "neutral/01.ogg"


STREAM = "http://127.0.0.1:1/radio.ogg"  # as MPD prints it
STREAM_WITH_PASSWORD = "http://somebody:secret@127.0.0.1:1/radio.ogg"
DEAD_STREAM = "nonsense://127.0.0.1/x"


class OvertakenClient(Client):
    """A client whose queue another client edits after it has read it, and before its command list runs."""

    def __init__(self, library: PrivateMpd, *edits: Callable[[Any], object]) -> None:
        super().__init__(library.link)
        self._other = library.client()
        self._edits = list(edits)
        self._adding = False
        self.connect()

    def addid(self, uri: str, position: int) -> None:
        self._adding = True
        super().addid(uri, position)

    def load(self, name: str, entries: str, position: int) -> None:
        self._adding = True
        super().load(name, entries, position)

    def command_list_end(self) -> Any:
        if self._adding and self._edits:
            self._edits.pop(0)(self._other)
        self._adding = False
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


def test_new_songs_replace_old_ones_after_those_of_another_client(client: Any) -> None:
    before = old(client, "happy/01.ogg", "happy/02.ogg")
    client.addid(FOREIGN_SONG, 1)
    client.play(0)
    added = add_songs(QueueMirror(client), SONGS, before, play=True)
    assert queue(client) == [FOREIGN_SONG, *SONGS]
    assert playing(client) == SONGS[0]
    assert [entry.uri for entry in added] == SONGS
    assert [str(entry.id) for entry in added] == [song["id"] for song in client.playlistinfo()[1:]]


def test_songs_that_are_only_added_do_not_change_what_plays(client: Any) -> None:
    before = old(client, "happy/01.ogg", "happy/02.ogg")
    client.play(1)
    add_songs(QueueMirror(client), SONGS, before[:1], play=False)
    assert queue(client) == ["happy/02.ogg", *SONGS]
    assert playing(client) == "happy/02.ogg"


@pytest.mark.parametrize("position", range(4))
def test_a_missing_song_is_left_out_and_the_first_of_the_others_plays(client: Any, position: int) -> None:
    wanted = [*SONGS[:position], "gone.ogg", *SONGS[position:]]
    added = add_songs(QueueMirror(client), wanted, old(client, "happy/01.ogg"), play=True)
    assert queue(client) == [entry.uri for entry in added] == SONGS
    assert [str(entry.id) for entry in added] == [song["id"] for song in client.playlistinfo()]
    assert playing(client) == SONGS[0]


def test_nothing_changes_if_all_songs_are_missing(client: Any) -> None:
    before = old(client, "happy/01.ogg")
    client.play(0)
    assert add_songs(QueueMirror(client), ["gone.ogg", "gone too.ogg"], before, play=True) == ()
    assert queue(client) == ["happy/01.ogg"]
    assert playing(client) == "happy/01.ogg"


def test_an_old_entry_may_have_been_removed_already(client: Any) -> None:
    first, second = old(client, "happy/01.ogg", "happy/02.ogg")
    client.deleteid(first.id)
    add_songs(QueueMirror(client), SONGS, [first, second], play=True)
    assert queue(client) == SONGS


@pytest.mark.parametrize(
    ("edits", "foreign"),
    [
        ([lambda other: other.add(FOREIGN_SONG)], [FOREIGN_SONG]),
        ([lambda other: other.addid(FOREIGN_SONG, 0)], [FOREIGN_SONG]),
        ([lambda other: other.delete(0)], []),
        ([lambda other: other.delete(1)], []),
        ([lambda other: other.clear()], []),
        ([lambda other: other.delete(1), lambda other: other.addid(FOREIGN_SONG, 0)], [FOREIGN_SONG]),
    ],
    ids=["added after", "added before", "removed", "removed an old entry", "cleared", "twice"],
)
def test_an_edit_by_another_client_in_between_is_kept_and_our_song_plays(
    library: PrivateMpd, client: Any, edits: list[Callable[[Any], object]], foreign: list[str]
) -> None:
    client.add("neutral/00.ogg")
    before = old(client, "happy/01.ogg")
    added = add_songs(QueueMirror(OvertakenClient(library, *edits)), SONGS, before, play=True)
    assert [entry.uri for entry in added] == SONGS
    assert {str(entry.id) for entry in added} <= {song["id"] for song in client.playlistinfo()}
    assert playing(client) == SONGS[0]
    assert "happy/01.ogg" not in queue(client)
    assert set(foreign) <= set(queue(client))


@pytest.fixture
def stored(library: PrivateMpd, client: Any) -> Mapping[str, PlaylistEntry]:
    (library.playlists / "sad.m3u").write_text(
        f"#EXTM3U\n/elsewhere/x.ogg\n{STREAM_WITH_PASSWORD}\n\n{DEAD_STREAM}\n"
    )
    return {uri: entry for uri, entry in mood_playlist(client, Mood.SAD).items() if is_stream(uri)}


@pytest.mark.parametrize("position", range(3))
def test_a_stream_of_a_playlist_is_queued_as_the_playlist_has_it_and_is_the_boxs_own(
    client: Any, stored: Mapping[str, PlaylistEntry], position: int
) -> None:
    wanted = [*SONGS[:position], STREAM, *SONGS[position:]]
    added = add_songs(QueueMirror(client), wanted, old(client, "happy/01.ogg"), stored, play=False)
    assert queue(client) == [entry.uri for entry in added] == wanted
    assert [str(entry.id) for entry in added] == [song["id"] for song in client.playlistinfo()]


@pytest.mark.parametrize("position", range(1, 4))
def test_with_a_stream_among_them_the_first_song_plays_and_the_old_ones_go(
    client: Any, stored: Mapping[str, PlaylistEntry], position: int
) -> None:
    before = old(client, "happy/01.ogg")
    client.play(0)
    wanted = [*SONGS[:position], STREAM, *SONGS[position:]]
    added = add_songs(QueueMirror(client), wanted, before, stored, play=True)
    assert queue(client) == [entry.uri for entry in added] == wanted
    assert playing(client) == SONGS[0]


@pytest.mark.parametrize("position", range(4))
def test_a_stream_that_mpd_cannot_read_is_left_out(
    client: Any, stored: Mapping[str, PlaylistEntry], position: int
) -> None:
    wanted = [*SONGS[:2], STREAM]
    before = old(client, "happy/01.ogg")
    dead_too = [*wanted[:position], DEAD_STREAM, *wanted[position:]]
    added = add_songs(QueueMirror(client), dead_too, before, stored, play=False)
    assert queue(client) == [entry.uri for entry in added] == wanted


@pytest.mark.parametrize("wanted", [[STREAM, *SONGS], [*SONGS, STREAM], [STREAM, "gone.ogg", *SONGS]])
def test_a_song_that_has_come_to_a_streams_place_in_its_playlist_neither_stays_in_the_queue_nor_plays(
    library: PrivateMpd, client: Any, stored: Mapping[str, PlaylistEntry], wanted: list[str]
) -> None:
    (library.playlists / "sad.m3u").write_text(f"happy/01.ogg\nhappy/02.ogg\n{STREAM}\n")
    client.add(FOREIGN_SONG)
    added = add_songs(QueueMirror(client), wanted, (), stored, play=True)
    assert [entry.uri for entry in added] == SONGS
    assert queue(client) == [FOREIGN_SONG, *SONGS]
    assert playing(client) == SONGS[0]


def test_what_plays_plays_on_if_nothing_but_a_wrong_song_could_be_queued(
    library: PrivateMpd, client: Any, stored: Mapping[str, PlaylistEntry]
) -> None:
    (library.playlists / "sad.m3u").write_text("happy/03.ogg\n" * 3)
    before = old(client, "happy/01.ogg")
    client.play(0)
    assert add_songs(QueueMirror(client), [STREAM], before, stored, play=True) == ()
    assert queue(client) == ["happy/01.ogg"]
    assert playing(client) == "happy/01.ogg"


def test_a_song_of_another_client_stays_where_a_stream_has_gone_from_its_playlist(
    library: PrivateMpd, client: Any, stored: Mapping[str, PlaylistEntry]
) -> None:
    (library.playlists / "sad.m3u").write_text("")
    overtaken = OvertakenClient(library, lambda other: other.add(FOREIGN_SONG))
    assert add_songs(QueueMirror(overtaken), [STREAM], (), stored, play=True) == ()
    assert queue(client) == [FOREIGN_SONG]


def test_a_song_of_another_client_is_not_taken_for_a_stream_that_mpd_does_not_add(
    library: PrivateMpd, client: Any, stored: Mapping[str, PlaylistEntry]
) -> None:
    overtaken = OvertakenClient(library, lambda other: other.add(FOREIGN_SONG))
    added = add_songs(QueueMirror(overtaken), [SONGS[0], DEAD_STREAM], (), stored, play=False)
    assert [entry.uri for entry in added] == [SONGS[0]]
    assert queue(client) == [SONGS[0], FOREIGN_SONG]


def test_a_missing_permission_is_an_error(library: PrivateMpd) -> None:
    library.stop()
    configuration = library.folder / "mpd.conf"
    configuration.write_text(configuration.read_text() + 'default_permissions "read"\n')
    library.start()
    with pytest.raises(mpd.CommandError, match="permission"):
        add_songs(QueueMirror(library.client()), SONGS, (), play=True)


def test_an_unfinished_command_list_changes_nothing(library: PrivateMpd, client: Any) -> None:
    """The box relies on this, since it may be killed while it sends a command list."""
    client.add(FOREIGN_SONG)
    client.play(0)
    with socket.socket(socket.AF_UNIX) as killed:
        killed.connect(library.address)
        killed.sendall(b'command_list_ok_begin\naddid "sad/01.ogg" 1\nplay 1\ndelete 0\n')
        killed.recv(100)
    # Once MPD greets a later connection, it has handled the end of that one.
    with socket.socket(socket.AF_UNIX) as other:
        other.connect(library.address)
        other.recv(100)
    assert queue(client) == [FOREIGN_SONG]
    assert playing(client) == FOREIGN_SONG
