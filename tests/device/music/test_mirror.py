"""The box's copy of a real MPD's queue, whatever others do to it meanwhile, and however long it is."""

from __future__ import annotations

import random
from collections.abc import Callable
from typing import Any

import pytest

from device.demo.server import PrivateMpd
from device.music import mirror as module
from device.music.link import Client
from device.music.mirror import Mirror
from device.music.queue import Entry
from device.music.wire import AnswerError

SONGS = [f"{mood}/{number:02}.ogg" for mood in ("happy", "neutral", "sad") for number in range(16)]


@pytest.fixture
def other(library: PrivateMpd) -> Client:
    return library.client()


@pytest.fixture
def mirror(library: PrivateMpd, monkeypatch: pytest.MonkeyPatch) -> Mirror:
    monkeypatch.setattr(module, "WINDOW", 7)
    return Mirror(library.client())


def truth(client: Client) -> tuple[Entry, ...]:
    return tuple(Entry(int(song["id"]), song["file"]) for song in client.playlistinfo())


def change(client: Client, chance: random.Random) -> str:
    """One of the things that people do to a queue."""
    length = int(client.status()["playlistlength"])
    places = range(length)
    what = chance.choice(
        ["add", "addid", "load", *["delete", "move", "swap", "crop", "shuffle", "play"] * (length > 1)]
    )
    match what:
        case "add":
            client.add(chance.choice(SONGS))
        case "addid":
            client.addid(chance.choice(SONGS), chance.randint(0, length))
        case "load":
            for uri in chance.sample(SONGS, 20):
                client.add(uri)
        case "delete":
            client.delete(chance.choice(places))
        case "move":
            client.move(chance.choice(places), chance.choice(places))
        case "swap":
            client.swap(chance.choice(places), chance.choice(places))
        case "crop":
            start, end = sorted(chance.sample(range(length + 1), 2))
            client.delete((start, end))
        case "shuffle":
            client.shuffle()
        case "play":
            client.play(chance.choice(places))
    if chance.random() < 0.02:
        client.clear()
    return what


@pytest.mark.parametrize("seed", range(5))
def test_whatever_others_do_to_the_queue_the_copy_is_the_same(
    mirror: Mirror, other: Client, seed: int
) -> None:
    chance = random.Random(seed)
    done = []
    for _ in range(60):
        done += [change(other, chance) for _ in range(chance.choice([1, 1, 2, 5]))]
        now = mirror.look()
        assert now.queue == truth(other), done
        status, song = other.status(), other.currentsong()
        assert (str(now.version), now.state) == (status["playlist"], status["state"])
        assert now.current == (Entry(int(song["id"]), song["file"]) if song else None)


def test_only_what_is_new_is_asked_for(
    mirror: Mirror, other: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    for uri in SONGS:
        other.add(uri)
    asked: list[str] = []
    ask = mirror.client.playlistinfo

    def playlistinfo(window: str) -> Any:
        asked.append(window)
        return ask(window)

    monkeypatch.setattr(mirror.client, "playlistinfo", playlistinfo)
    mirror.look()
    assert asked == ["0:7", "7:14", "14:21", "21:28", "28:35", "35:42", "42:48"]
    asked.clear()
    other.delete(0)
    other.move(3, 40)
    other.play()
    before = mirror.look().queue
    assert asked == []
    assert mirror.look().queue is before
    other.addid(SONGS[0], 20)
    other.add(SONGS[1])
    mirror.look()
    assert asked == ["20:21", "48:49"]


class Hurried(Client):
    """A client that somebody comes before, each time that it asks for names, or for anything."""

    def __init__(self, library: PrivateMpd, move: Callable[[], object], *, always: bool = False) -> None:
        super().__init__(library.link)
        self._move = move
        self._always = always
        self.connect()

    def playlistinfo(self, window: str) -> Any:
        self._move()
        return super().playlistinfo(window)

    def command_list_end(self) -> Any:
        if self._always:
            self._move()
        return super().command_list_end()


@pytest.mark.parametrize(
    "move",
    [lambda other: other.delete(0), lambda other: other.move(0, 5), lambda other: other.add(SONGS[0])],
    ids=["removed", "moved", "added"],
)
def test_who_comes_between_two_questions_leaves_one_moment_to_be_seen(
    library: PrivateMpd, other: Client, move: Callable[[Any], object]
) -> None:
    for uri in SONGS:
        other.add(uri)
    moments = [truth(other)]

    def once() -> None:
        if len(moments) == 1:
            move(other)
            moments.append(truth(other))

    mirror = Mirror(Hurried(library, once))
    assert mirror.look().queue in moments
    assert len(moments) == 2
    assert mirror.look().queue == truth(other)


def test_a_queue_that_never_holds_still_is_said(library: PrivateMpd, other: Client) -> None:
    def anew() -> None:
        other.clear()
        other.add(SONGS[0])

    other.add(SONGS[0])
    mirror = Mirror(Hurried(library, anew, always=True))
    with pytest.raises(AnswerError, match="another one each time"):
        mirror.look()


def test_an_id_that_comes_back_as_another_song_is_noticed_when_that_plays(library: PrivateMpd) -> None:
    """MPD has four times as many ids as its queue may hold songs, and then begins again with the first."""
    library.stop()
    configuration = library.folder / "mpd.conf"
    configuration.write_text(configuration.read_text() + 'max_playlist_length "4"\n')
    library.start()
    mirror, other = Mirror(library.client()), library.client()
    first = other.addid(SONGS[0])
    assert mirror.look().queue == (Entry(int(first), SONGS[0]),)
    other.clear()
    while other.addid(SONGS[1]) != first:
        other.clear()
    other.play()
    assert mirror.look().queue == (Entry(int(first), SONGS[1]),)


def test_the_title_is_the_current_songs_though_the_others_tags_are_left_out(
    library: PrivateMpd, other: Client
) -> None:
    other.add("sad/01.ogg")
    other.add("happy/01.ogg")
    other.play(1)
    mirror = Mirror(library.client())
    assert [mirror.look().title for _ in range(2)] == ["Somebody - Disco 1"] * 2
    assert set(mirror.client.playlistinfo()[0]) & {"artist", "title", "genre"} == set()
