"""Songs that are listened to: which, when, once; and what their sound adds to their tags."""

from __future__ import annotations

import logging
import os
import shutil
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path
from queue import SimpleQueue
from typing import Any

import msgspec
import mutagen
import numpy as np
import pytest
import soundfile
from hypothesis import given
from hypothesis import strategies as st

from device.config.settings import Music, Settings
from device.demo.server import PrivateMpd
from device.demo.songs import BLOCK, RATE, SONGS, synthesize
from device.errors import SoundError
from device.library.audio.affect import Feeling
from device.library.audio.client import Listener
from device.library.audio_affect import listen, music_folder, with_sound
from device.library.index import Catalogue, Heard
from device.library.scanner import Librarian, ShelfFilled, fill
from device.library.table import Shelf, Song
from device.library.tag_affect import UNKNOWN, Place, Source, read_atlas
from device.mpd.connection import connected
from device.supervision import PartFailed, PartWell
from tests.device.conftest import AddSong
from tests.device.failing import AT_ONCE, Refusing
from tests.waiting import eventually

ATLAS = read_atlas()
WILD, STILL = SONGS[0], SONGS[9]  # disco at 124 beats a minute, and rain on tin
BLUES = Place(0.36, 0.38, 0.5, Source.GENRE)


@pytest.fixture(scope="session")
def sounds(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """A wild song and a still one, by that name."""
    folder = tmp_path_factory.mktemp("sounds")
    for name, song in (("wild", WILD), ("still", STILL)):
        with soundfile.SoundFile(folder / name, "w", RATE, 1, "VORBIS", format="OGG") as file:
            sound = synthesize(song, np.random.default_rng(1))
            for start in range(0, len(sound), BLOCK):
                file.write(sound[start : start + BLOCK])
    return {name: folder / name for name in ("wild", "still")}


@pytest.fixture
def add_sound(mpd: PrivateMpd, sounds: dict[str, Path]) -> AddSong:
    """Puts a wild or a still song into MPD's folder."""

    def add(uri: str, sound: str, **tags: str) -> str:
        shutil.copy(sounds[sound], mpd.music / uri)
        file = mutagen.File(mpd.music / uri)
        file.update({name: [value] for name, value in tags.items()})
        file.save()
        return uri

    return add


@pytest.fixture
def listener() -> Iterator[Listener]:
    with closing(Listener()) as made:
        yield made


@pytest.fixture
def music(settings: Settings) -> Music:
    """Of a box that listens."""
    return msgspec.structs.replace(settings.music, listen=True)


class Reading:
    def __init__(self, music: Music, folder: Path) -> None:
        self.posted: SimpleQueue[ShelfFilled] = SimpleQueue()
        self.librarian = Librarian(music, ATLAS, folder, self.posted.put)
        self.librarian.start()
        self.librarian.wake()

    def until(self, happened: Callable[[dict[str, Song]], object]) -> dict[str, Song]:
        while True:
            # Whoever listens yields to all others, and what was heard is shown once a minute.
            known = songs(self.posted.get(timeout=240).shelf)
            if happened(known):
                return known


def songs(shelf: Shelf) -> dict[str, Song]:
    return {shelf.uris[row]: shelf.song(row) for row in range(len(shelf))}


def catalogue_of(**places: Place) -> Catalogue:
    """One that knows some files by their tags."""
    catalogue = Catalogue.of_this_run()
    catalogue.begin("")
    catalogue.keep([Heard(Song(uri, "", "", place), "then") for uri, place in places.items()])
    return catalogue


def heard_in(catalogue: Catalogue, folder: Path, listener: Listener) -> int:
    return sum(1 for _ in listen(catalogue, folder, listener))


def test_songs_without_tags_get_their_place_by_their_sound(
    mpd: PrivateMpd, add_sound: AddSong, music: Music, tmp_path: Path
) -> None:
    add_sound("wild.ogg", "wild")
    add_sound("still.ogg", "still")
    mpd.update()
    reading = Reading(music, tmp_path / "state")
    known = reading.until(lambda known: {song.place.source for song in known.values()} == {Source.SOUND})
    reading.librarian.close()
    assert known["wild.ogg"].place.energy > known["still.ogg"].place.energy + 0.2
    assert known["wild.ogg"].place.valence > known["still.ogg"].place.valence


def test_of_songs_with_a_genre_the_sound_sharpens_the_energy(
    mpd: PrivateMpd, add_sound: AddSong, music: Music, tmp_path: Path
) -> None:
    for name in ("wild", "still"):
        add_sound(f"{name}.ogg", name, genre="Blues")
    mpd.update()
    reading = Reading(music, tmp_path / "state")
    known = reading.until(lambda known: len({song.place.energy for song in known.values()}) == 2)
    reading.librarian.close()
    wild, still = known["wild.ogg"].place, known["still.ogg"].place
    assert (wild.source, still.source) == (Source.GENRE, Source.GENRE)
    assert still.energy < BLUES.energy < wild.energy
    assert wild.sure > BLUES.sure


def test_without_listening_nothing_is_heard(
    mpd: PrivateMpd, add_sound: AddSong, settings: Settings, tmp_path: Path
) -> None:
    add_sound("wild.ogg", "wild")
    mpd.update()
    reading = Reading(settings.music, tmp_path / "state")
    reading.until(len)
    reading.librarian.close()
    with closing(Catalogue.open(tmp_path / "state")) as catalogue:
        assert catalogue.listened() == (0, 0)


def test_songs_of_which_the_tags_tell_nothing_come_first(
    sounds: dict[str, Path], tmp_path: Path, listener: Listener
) -> None:
    for name in ("a", "b", "c"):
        shutil.copy(sounds["wild"], tmp_path / name)
    catalogue = catalogue_of(a=BLUES, b=UNKNOWN, c=UNKNOWN)
    order = []
    for _ in listen(catalogue, tmp_path, listener):
        order.append({name for name in "abc" if catalogue.sound(name)})
    assert order == [{"b"}, {"b", "c"}, {"a", "b", "c"}]


def test_listening_goes_on_where_it_was_cut_off(
    mpd: PrivateMpd, add_sound: AddSong, listener: Listener, tmp_path: Path
) -> None:
    for number in range(5):
        add_sound(f"{number}.ogg", "still")
    mpd.update()
    with closing(Catalogue.open(tmp_path / "state")) as catalogue:
        for _ in fill(mpd.client(), catalogue, ATLAS, mpd.address):
            pass
        listening = listen(catalogue, mpd.music, listener)
        next(listening)
        next(listening)
        assert catalogue.listened() == (2, 0)
    with closing(Catalogue.open(tmp_path / "state")) as catalogue:
        assert heard_in(catalogue, mpd.music, listener) == 3
        assert heard_in(catalogue, mpd.music, listener) == 0


def test_a_song_that_was_heard_keeps_its_place_when_the_library_is_read_again(
    mpd: PrivateMpd, add_sound: AddSong, listener: Listener, tmp_path: Path
) -> None:
    add_sound("a.ogg", "wild")
    mpd.update()
    with closing(Catalogue.open(tmp_path / "state")) as catalogue:
        for _ in fill(mpd.client(), catalogue, ATLAS, mpd.address):
            pass
        heard_in(catalogue, mpd.music, listener)
        before = catalogue.shelf().song(0)
        for _ in fill(mpd.client(), catalogue, ATLAS, mpd.address, anew=True):
            pass
        assert catalogue.shelf().song(0) == before
        assert before.place.source is Source.SOUND


def test_a_file_that_was_changed_is_heard_again(
    mpd: PrivateMpd, add_sound: AddSong, listener: Listener, tmp_path: Path
) -> None:
    path = mpd.music / add_sound("a.ogg", "wild")
    with closing(Catalogue.open(tmp_path / "state")) as catalogue:
        energies = []
        for seconds in (0, 10):
            os.utime(path, (seconds, seconds))
            mpd.update()
            for _ in fill(mpd.client(), catalogue, ATLAS, mpd.address, anew=True):
                pass
            assert heard_in(catalogue, mpd.music, listener) == 1
            energies.append(catalogue.shelf().song(0).place.energy)
            add_sound("a.ogg", "still")
        assert energies[1] < energies[0] - 0.2


def test_a_song_that_comes_back_was_heard_already(
    mpd: PrivateMpd, add_sound: AddSong, listener: Listener, tmp_path: Path
) -> None:
    path = mpd.music / add_sound("a.ogg", "wild")
    with closing(Catalogue.open(tmp_path / "state")) as catalogue:
        counts = []
        for where in (path, tmp_path / "away", path):
            path = path.rename(where)
            mpd.update()
            for _ in fill(mpd.client(), catalogue, ATLAS, mpd.address, anew=True):
                pass
            counts.append((catalogue.count(), heard_in(catalogue, mpd.music, listener)))
        assert counts == [(1, 1), (0, 0), (1, 0)]
        assert catalogue.shelf().song(0).place.source is Source.SOUND


def test_what_cannot_be_heard_is_marked_and_passed_over_once(
    tmp_path: Path, sounds: dict[str, Path], listener: Listener, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    (tmp_path / "a").write_text("a text")
    (tmp_path / "b").touch()
    (tmp_path / "c").write_bytes(sounds["wild"].read_bytes()[:1000])
    shutil.copy(sounds["wild"], tmp_path / "d")
    catalogue = catalogue_of(a=UNKNOWN, b=BLUES, c=UNKNOWN, d=UNKNOWN)
    assert heard_in(catalogue, tmp_path, listener) == 4
    assert catalogue.listened() == (4, 3)
    assert heard_in(catalogue, tmp_path, listener) == 0
    assert isinstance(catalogue.sound("a"), str)
    known = songs(catalogue.shelf())
    assert [known[name].place.source for name in "abcd"] == [
        Source.NOTHING,
        Source.GENRE,
        Source.NOTHING,
        Source.SOUND,
    ]
    (word,) = [record.getMessage() for record in caplog.records]
    assert word == "4 songs were listened to, in 3 of them nothing is heard"


def test_a_file_that_is_away_or_may_not_be_read_is_left_for_another_time(
    tmp_path: Path, sounds: dict[str, Path], listener: Listener
) -> None:
    os.mkfifo(tmp_path / "b")
    (tmp_path / "c").mkdir()
    catalogue = catalogue_of(a=UNKNOWN, b=UNKNOWN, c=UNKNOWN, **{"x" * 300: UNKNOWN})
    assert heard_in(catalogue, tmp_path, listener) == 0
    assert catalogue.listened() == (0, 0)
    shutil.copy(sounds["wild"], tmp_path / "a")
    assert heard_in(catalogue, tmp_path, listener) == 1


def test_mpd_says_where_its_music_is(mpd: PrivateMpd, music: Music) -> None:
    with connected(music) as client:
        assert music_folder(client, music) == mpd.music


def test_over_tcp_the_settings_have_to_say_it(mpd: PrivateMpd, music: Music) -> None:
    (mpd.folder / "mpd.conf").write_text(
        (mpd.folder / "mpd.conf").read_text() + 'bind_to_address "127.0.0.1"\nport "16618"\n'
    )
    mpd.stop()
    mpd.start()
    remote = msgspec.structs.replace(music, address="127.0.0.1:16618")
    with connected(remote) as client:
        with pytest.raises(SoundError, match=r"set music\.folder"):
            music_folder(client, remote)
        there = msgspec.structs.replace(remote, folder=str(mpd.music))
        assert music_folder(client, there) == mpd.music


def test_a_folder_that_cannot_be_read_is_named_with_what_to_do(mpd: PrivateMpd, music: Music) -> None:
    for folder, words in (
        ("/nowhere", "/nowhere is not there"),
        ("nfs://server/music", "nfs://server/music"),
    ):
        there = msgspec.structs.replace(music, folder=folder)
        with connected(music) as client, pytest.raises(SoundError, match=words):
            music_folder(client, there)


def test_a_box_that_cannot_listen_says_so_once_and_goes_on_by_tags(
    mpd: PrivateMpd, add_sound: AddSong, music: Music, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    add_sound("a.ogg", "wild", genre="Blues")
    mpd.update()
    reading = Reading(msgspec.structs.replace(music, folder="/nowhere"), tmp_path / "state")

    def said() -> list[str]:
        return [record.getMessage()[:29] for record in caplog.records if record.levelno >= logging.WARNING]

    eventually(said)  # once the tags are read
    for uri in ("b.ogg", "c.ogg"):
        add_sound(uri, "still")
        mpd.update()
        reading.librarian.wake(changed=True)
        reading.until(lambda known, uri=uri: uri in known)  # type: ignore[misc]
        time.sleep(0.3)
    reading.librarian.close()
    assert said() == ["songs are not listened to: /n"]


def test_a_song_that_comes_while_others_are_heard_is_read_at_once(
    mpd: PrivateMpd, add_sound: AddSong, music: Music, tmp_path: Path
) -> None:
    for number in range(12):
        add_sound(f"{number:02}.ogg", "still")
    mpd.update()
    reading = Reading(music, tmp_path / "state")
    reading.until(lambda known: len(known) == 12)
    add_sound("new.ogg", "wild", genre="Disco")
    mpd.update()
    reading.librarian.wake(changed=True)
    reading.until(lambda known: "new.ogg" in known)
    known = reading.until(lambda known: Source.NOTHING not in {song.place.source for song in known.values()})
    reading.librarian.close()
    assert len(known) == 13


places = st.builds(
    Place, st.floats(0, 1), st.floats(0, 1), st.floats(0.01, 1), st.sampled_from([Source.GENRE, Source.MOOD])
)
feelings = st.builds(Feeling, st.floats(0, 1), st.floats(0, 1))


@given(places, feelings)
def test_both_together_lie_between_tags_and_sound_and_are_surer_than_either(
    place: Place, feeling: Feeling
) -> None:
    both = with_sound(place, feeling)
    for side in ("valence", "energy"):
        tagged, felt = getattr(place, side), getattr(feeling, side)
        assert min(tagged, felt) - 0.001 <= getattr(both, side) <= max(tagged, felt) + 0.001
    assert min(place.sure, 0.99) - 0.001 <= both.sure < 1
    assert both.source is place.source


@given(places, feelings)
def test_the_surer_the_tags_the_less_the_sound_counts_and_for_valence_less_than_for_energy(
    place: Place, feeling: Feeling
) -> None:
    def moved(place: Place, feeling: Feeling) -> float:
        return abs(with_sound(place, feeling).energy - place.energy)

    unsure = Place(place.valence, place.energy, place.sure / 2, place.source)
    assert moved(place, feeling) <= moved(unsure, feeling) + 0.001
    turned = Place(place.energy, place.valence, place.sure, place.source)
    by_valence = abs(with_sound(turned, Feeling(feeling.energy, 0)).valence - place.energy)
    assert by_valence <= moved(place, feeling) + 0.001


@given(feelings)
def test_without_tags_the_sound_is_taken_as_it_is_and_is_less_sure_than_a_genre(feeling: Feeling) -> None:
    alone = with_sound(UNKNOWN, feeling)
    assert (alone.valence, alone.energy) == pytest.approx(feeling, abs=0.001)
    assert alone.source is Source.SOUND
    assert 0.2 < alone.sure < 0.4


def test_a_mood_tag_hardly_gives_way_to_the_sound() -> None:
    happy = Place(0.82, 0.68, 0.9, Source.MOOD)
    assert with_sound(happy, Feeling(0.1, 0.1)).energy == pytest.approx(0.68, abs=0.02)


def test_an_error_of_our_own_while_listening_does_not_end_the_librarian_and_is_tried_again(
    mpd: PrivateMpd, add_sound: AddSong, music: Music, tmp_path: Path
) -> None:
    """The error is made where the first song that was heard is shown."""
    add_sound("still.ogg", "still")
    mpd.update()
    left = [True]

    def is_first_heard(event: Any) -> bool:
        shown = songs(event.shelf).values() if isinstance(event, ShelfFilled) else ()
        return any(song.place.source is Source.SOUND for song in shown) and bool(left) and left.pop()

    events = Refusing(is_first_heard)
    librarian = Librarian(music, ATLAS, tmp_path / "state", events.put, AT_ONCE)
    librarian.start()
    librarian.wake()
    posted: list[Any] = []
    while not (posted and isinstance(posted[-1], PartWell)):
        posted.append(events.get(timeout=240))  # whoever listens yields to all others
    librarian.close()
    (failed,) = [event for event in posted if isinstance(event, PartFailed)]
    assert (failed.part, failed.failures) == ("listening", 1)
    assert posted[-1] == PartWell("listening")
    assert Source.SOUND in {song.place.source for song in songs(posted[-2].shelf).values()}
