"""The box's copy of a real MPD's queue, of any length, while another client changes the queue."""

from __future__ import annotations

import random
from collections.abc import Callable
from typing import Any

import pytest

from device.demo.server import PrivateMpd
from device.mpd import queue_mirror
from device.mpd.connection import Client
from device.mpd.queue_mirror import QueueMirror
from device.mpd.snapshot import Entry
from device.mpd.transport import ResponseError

SONGS = [f"{mood}/{number:02}.ogg" for mood in ("happy", "neutral", "sad") for number in range(16)]


@pytest.fixture
def another_client(library: PrivateMpd) -> Client:
    return library.client()


@pytest.fixture
def mirror(library: PrivateMpd, monkeypatch: pytest.MonkeyPatch) -> QueueMirror:
    monkeypatch.setattr(queue_mirror, "WINDOW", 7)
    return QueueMirror(library.client())


def read_queue(client: Client) -> tuple[Entry, ...]:
    return tuple(Entry(int(song["id"]), song["file"]) for song in client.playlistinfo())


def change(client: Client, generator: random.Random) -> str:
    """Change the queue at random; return the kind of the change."""
    length = int(client.status()["playlistlength"])
    positions = range(length)
    kind = generator.choice(
        ["add", "addid", "load", *["delete", "move", "swap", "crop", "shuffle", "play"] * (length > 1)]
    )
    match kind:
        case "add":
            client.add(generator.choice(SONGS))
        case "addid":
            client.addid(generator.choice(SONGS), generator.randint(0, length))
        case "load":
            for uri in generator.sample(SONGS, 20):
                client.add(uri)
        case "delete":
            client.delete(generator.choice(positions))
        case "move":
            client.move(generator.choice(positions), generator.choice(positions))
        case "swap":
            client.swap(generator.choice(positions), generator.choice(positions))
        case "crop":
            start, end = sorted(generator.sample(range(length + 1), 2))
            client.delete((start, end))
        case "shuffle":
            client.shuffle()
        case "play":
            client.play(generator.choice(positions))
    if generator.random() < 0.02:
        client.clear()
    return kind


@pytest.mark.parametrize("seed", range(5))
def test_the_copy_equals_the_queue_after_each_change_by_another_client(
    mirror: QueueMirror, another_client: Client, seed: int
) -> None:
    generator = random.Random(seed)
    changes = []
    for _ in range(60):
        changes += [change(another_client, generator) for _ in range(generator.choice([1, 1, 2, 5]))]
        snapshot = mirror.refresh()
        assert snapshot.queue == read_queue(another_client), changes
        status, song = another_client.status(), another_client.currentsong()
        assert (str(snapshot.version), snapshot.state) == (status["playlist"], status["state"])
        assert snapshot.current == (Entry(int(song["id"]), song["file"]) if song else None)


def test_only_new_entries_are_requested(
    mirror: QueueMirror, another_client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    for uri in SONGS:
        another_client.add(uri)
    requested: list[str] = []
    request = mirror.client.playlistinfo

    def playlistinfo(window: str) -> Any:
        requested.append(window)
        return request(window)

    monkeypatch.setattr(mirror.client, "playlistinfo", playlistinfo)
    mirror.refresh()
    assert requested == ["0:7", "7:14", "14:21", "21:28", "28:35", "35:42", "42:48"]
    requested.clear()
    another_client.delete(0)
    another_client.move(3, 40)
    another_client.play()
    before = mirror.refresh().queue
    assert requested == []
    assert mirror.refresh().queue is before
    another_client.addid(SONGS[0], 20)
    another_client.add(SONGS[1])
    mirror.refresh()
    assert requested == ["20:21", "48:49"]


class InterruptedClient(Client):
    """Change the queue just before each request for songs; with `always`, before each command list too."""

    def __init__(
        self, library: PrivateMpd, change_queue: Callable[[], object], *, always: bool = False
    ) -> None:
        super().__init__(library.link)
        self._change_queue = change_queue
        self._always = always
        self.connect()

    def playlistinfo(self, window: str) -> Any:
        self._change_queue()
        return super().playlistinfo(window)

    def command_list_end(self) -> Any:
        if self._always:
            self._change_queue()
        return super().command_list_end()


@pytest.mark.parametrize(
    "change_queue",
    [
        lambda another_client: another_client.delete(0),
        lambda another_client: another_client.move(0, 5),
        lambda another_client: another_client.add(SONGS[0]),
    ],
    ids=["removed", "moved", "added"],
)
def test_a_change_between_two_requests_gives_one_consistent_snapshot(
    library: PrivateMpd, another_client: Client, change_queue: Callable[[Any], object]
) -> None:
    for uri in SONGS:
        another_client.add(uri)
    queues = [read_queue(another_client)]

    def change_once() -> None:
        if len(queues) == 1:
            change_queue(another_client)
            queues.append(read_queue(another_client))

    mirror = QueueMirror(InterruptedClient(library, change_once))
    assert mirror.refresh().queue in queues
    assert len(queues) == 2
    assert mirror.refresh().queue == read_queue(another_client)


def test_a_queue_that_changes_during_each_read_is_an_error(
    library: PrivateMpd, another_client: Client
) -> None:
    def replace_queue() -> None:
        another_client.clear()
        another_client.add(SONGS[0])

    another_client.add(SONGS[0])
    mirror = QueueMirror(InterruptedClient(library, replace_queue, always=True))
    with pytest.raises(ResponseError, match="different each time it is read"):
        mirror.refresh()


def test_an_id_that_mpd_reuses_is_noticed_when_its_song_plays(library: PrivateMpd) -> None:
    """MPD has four ids for each song that its queue may hold; then it reuses the first id."""
    library.stop()
    configuration = library.folder / "mpd.conf"
    configuration.write_text(configuration.read_text() + 'max_playlist_length "4"\n')
    library.start()
    mirror, another_client = QueueMirror(library.client()), library.client()
    first = another_client.addid(SONGS[0])
    assert mirror.refresh().queue == (Entry(int(first), SONGS[0]),)
    another_client.clear()
    while another_client.addid(SONGS[1]) != first:
        another_client.clear()
    another_client.play()
    assert mirror.refresh().queue == (Entry(int(first), SONGS[1]),)


def test_the_title_is_the_current_songs_and_the_tags_of_other_songs_are_not_read(
    library: PrivateMpd, another_client: Client
) -> None:
    another_client.add("sad/01.ogg")
    another_client.add("happy/01.ogg")
    another_client.play(1)
    mirror = QueueMirror(library.client())
    assert [mirror.refresh().title for _ in range(2)] == ["Somebody - Disco 1"] * 2
    assert set(mirror.client.playlistinfo()[0]) & {"artist", "title", "genre"} == set()
