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
from device.library.audio.affect import AudioAffect
from device.library.audio.client import AudioClient
from device.library.audio_affect import analyze_songs, combine_affects, music_folder
from device.library.index import LibraryIndex, TaggedSong
from device.library.scan import scan
from device.library.scanner import LibraryScanner, SongTableUpdated
from device.library.table import Song, SongTable
from device.library.tag_affect import UNKNOWN_AFFECT, Affect, Source, read_lexicon
from device.mpd.connection import connected
from device.supervision import PartFailed, PartWell
from tests.device.conftest import AddSong
from tests.device.failing import AT_ONCE, Refusing
from tests.waiting import eventually

LEXICON = read_lexicon()
WILD, STILL = SONGS[0], SONGS[9]  # disco at 124 beats a minute, and rain on tin
BLUES = Affect(0.36, 0.38, 0.5, Source.GENRE)


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
def client() -> Iterator[AudioClient]:
    with closing(AudioClient()) as made:
        yield made


@pytest.fixture
def music(settings: Settings) -> Music:
    """Of a box that listens."""
    return msgspec.structs.replace(settings.music, listen=True)


class ScannerRun:
    def __init__(self, music: Music, folder: Path) -> None:
        self.posted: SimpleQueue[SongTableUpdated] = SimpleQueue()
        self.scanner = LibraryScanner(music, LEXICON, folder, self.posted.put)
        self.scanner.start()
        self.scanner.wake()

    def until(self, happened: Callable[[dict[str, Song]], object]) -> dict[str, Song]:
        while True:
            # Whoever listens yields to all others, and what was heard is shown once a minute.
            known = songs(self.posted.get(timeout=240).table)
            if happened(known):
                return known


def songs(table: SongTable) -> dict[str, Song]:
    return {table.uris[row]: table.song(row) for row in range(len(table))}


def index_of(**affects: Affect) -> LibraryIndex:
    """One that knows some files by their tags."""
    index = LibraryIndex.in_memory()
    index.begin("")
    index.keep([TaggedSong(Song(uri, "", "", affect), "then") for uri, affect in affects.items()])
    return index


def count_analyzed(index: LibraryIndex, folder: Path, client: AudioClient) -> int:
    return sum(1 for _ in analyze_songs(index, folder, client))


def test_songs_without_tags_get_their_place_by_their_sound(
    mpd: PrivateMpd, add_sound: AddSong, music: Music, tmp_path: Path
) -> None:
    add_sound("wild.ogg", "wild")
    add_sound("still.ogg", "still")
    mpd.update()
    reading = ScannerRun(music, tmp_path / "state")
    known = reading.until(lambda known: {song.affect.source for song in known.values()} == {Source.SOUND})
    reading.scanner.close()
    assert known["wild.ogg"].affect.energy > known["still.ogg"].affect.energy + 0.2
    assert known["wild.ogg"].affect.valence > known["still.ogg"].affect.valence


def test_of_songs_with_a_genre_the_sound_sharpens_the_energy(
    mpd: PrivateMpd, add_sound: AddSong, music: Music, tmp_path: Path
) -> None:
    for name in ("wild", "still"):
        add_sound(f"{name}.ogg", name, genre="Blues")
    mpd.update()
    reading = ScannerRun(music, tmp_path / "state")
    known = reading.until(lambda known: len({song.affect.energy for song in known.values()}) == 2)
    reading.scanner.close()
    wild, still = known["wild.ogg"].affect, known["still.ogg"].affect
    assert (wild.source, still.source) == (Source.GENRE, Source.GENRE)
    assert still.energy < BLUES.energy < wild.energy
    assert wild.confidence > BLUES.confidence


def test_without_listening_nothing_is_heard(
    mpd: PrivateMpd, add_sound: AddSong, settings: Settings, tmp_path: Path
) -> None:
    add_sound("wild.ogg", "wild")
    mpd.update()
    reading = ScannerRun(settings.music, tmp_path / "state")
    reading.until(len)
    reading.scanner.close()
    with closing(LibraryIndex.open(tmp_path / "state")) as index:
        assert index.analysis_counts() == (0, 0)


def test_songs_of_which_the_tags_tell_nothing_come_first(
    sounds: dict[str, Path], tmp_path: Path, client: AudioClient
) -> None:
    for name in ("a", "b", "c"):
        shutil.copy(sounds["wild"], tmp_path / name)
    index = index_of(a=BLUES, b=UNKNOWN_AFFECT, c=UNKNOWN_AFFECT)
    order = []
    for _ in analyze_songs(index, tmp_path, client):
        order.append({name for name in "abc" if index.analysis(name)})
    assert order == [{"b"}, {"b", "c"}, {"a", "b", "c"}]


def test_listening_goes_on_where_it_was_cut_off(
    mpd: PrivateMpd, add_sound: AddSong, client: AudioClient, tmp_path: Path
) -> None:
    for number in range(5):
        add_sound(f"{number}.ogg", "still")
    mpd.update()
    with closing(LibraryIndex.open(tmp_path / "state")) as index:
        for _ in scan(mpd.client(), index, LEXICON, mpd.address):
            pass
        analysis = analyze_songs(index, mpd.music, client)
        next(analysis)
        next(analysis)
        assert index.analysis_counts() == (2, 0)
    with closing(LibraryIndex.open(tmp_path / "state")) as index:
        assert count_analyzed(index, mpd.music, client) == 3
        assert count_analyzed(index, mpd.music, client) == 0


def test_a_song_that_was_heard_keeps_its_place_when_the_library_is_read_again(
    mpd: PrivateMpd, add_sound: AddSong, client: AudioClient, tmp_path: Path
) -> None:
    add_sound("a.ogg", "wild")
    mpd.update()
    with closing(LibraryIndex.open(tmp_path / "state")) as index:
        for _ in scan(mpd.client(), index, LEXICON, mpd.address):
            pass
        count_analyzed(index, mpd.music, client)
        before = index.table().song(0)
        for _ in scan(mpd.client(), index, LEXICON, mpd.address, rescan=True):
            pass
        assert index.table().song(0) == before
        assert before.affect.source is Source.SOUND


def test_a_file_that_was_changed_is_heard_again(
    mpd: PrivateMpd, add_sound: AddSong, client: AudioClient, tmp_path: Path
) -> None:
    path = mpd.music / add_sound("a.ogg", "wild")
    with closing(LibraryIndex.open(tmp_path / "state")) as index:
        energies = []
        for seconds in (0, 10):
            os.utime(path, (seconds, seconds))
            mpd.update()
            for _ in scan(mpd.client(), index, LEXICON, mpd.address, rescan=True):
                pass
            assert count_analyzed(index, mpd.music, client) == 1
            energies.append(index.table().song(0).affect.energy)
            add_sound("a.ogg", "still")
        assert energies[1] < energies[0] - 0.2


def test_a_song_that_comes_back_was_heard_already(
    mpd: PrivateMpd, add_sound: AddSong, client: AudioClient, tmp_path: Path
) -> None:
    path = mpd.music / add_sound("a.ogg", "wild")
    with closing(LibraryIndex.open(tmp_path / "state")) as index:
        counts = []
        for where in (path, tmp_path / "away", path):
            path = path.rename(where)
            mpd.update()
            for _ in scan(mpd.client(), index, LEXICON, mpd.address, rescan=True):
                pass
            counts.append((index.count(), count_analyzed(index, mpd.music, client)))
        assert counts == [(1, 1), (0, 0), (1, 0)]
        assert index.table().song(0).affect.source is Source.SOUND


def test_what_cannot_be_heard_is_marked_and_passed_over_once(
    tmp_path: Path, sounds: dict[str, Path], client: AudioClient, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    (tmp_path / "a").write_text("a text")
    (tmp_path / "b").touch()
    (tmp_path / "c").write_bytes(sounds["wild"].read_bytes()[:1000])
    shutil.copy(sounds["wild"], tmp_path / "d")
    index = index_of(a=UNKNOWN_AFFECT, b=BLUES, c=UNKNOWN_AFFECT, d=UNKNOWN_AFFECT)
    assert count_analyzed(index, tmp_path, client) == 4
    assert index.analysis_counts() == (4, 3)
    assert count_analyzed(index, tmp_path, client) == 0
    assert isinstance(index.analysis("a"), str)
    known = songs(index.table())
    assert [known[name].affect.source for name in "abcd"] == [
        Source.NOTHING,
        Source.GENRE,
        Source.NOTHING,
        Source.SOUND,
    ]
    (word,) = [record.getMessage() for record in caplog.records]
    assert word == "4 songs were analyzed, 3 of them without a result"


def test_a_file_that_is_away_or_may_not_be_read_is_left_for_another_time(
    tmp_path: Path, sounds: dict[str, Path], client: AudioClient
) -> None:
    os.mkfifo(tmp_path / "b")
    (tmp_path / "c").mkdir()
    index = index_of(a=UNKNOWN_AFFECT, b=UNKNOWN_AFFECT, c=UNKNOWN_AFFECT, **{"x" * 300: UNKNOWN_AFFECT})
    assert count_analyzed(index, tmp_path, client) == 0
    assert index.analysis_counts() == (0, 0)
    shutil.copy(sounds["wild"], tmp_path / "a")
    assert count_analyzed(index, tmp_path, client) == 1


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
    reading = ScannerRun(msgspec.structs.replace(music, folder="/nowhere"), tmp_path / "state")

    def said() -> list[str]:
        return [record.getMessage()[:29] for record in caplog.records if record.levelno >= logging.WARNING]

    eventually(said)  # once the tags are read
    for uri in ("b.ogg", "c.ogg"):
        add_sound(uri, "still")
        mpd.update()
        reading.scanner.wake(changed=True)
        reading.until(lambda known, uri=uri: uri in known)  # type: ignore[misc]
        time.sleep(0.3)
    reading.scanner.close()
    assert said() == ["songs are not analyzed: /nowh"]


def test_a_song_that_comes_while_others_are_heard_is_read_at_once(
    mpd: PrivateMpd, add_sound: AddSong, music: Music, tmp_path: Path
) -> None:
    for number in range(12):
        add_sound(f"{number:02}.ogg", "still")
    mpd.update()
    reading = ScannerRun(music, tmp_path / "state")
    reading.until(lambda known: len(known) == 12)
    add_sound("new.ogg", "wild", genre="Disco")
    mpd.update()
    reading.scanner.wake(changed=True)
    reading.until(lambda known: "new.ogg" in known)
    known = reading.until(lambda known: Source.NOTHING not in {song.affect.source for song in known.values()})
    reading.scanner.close()
    assert len(known) == 13


affects = st.builds(
    Affect, st.floats(0, 1), st.floats(0, 1), st.floats(0.01, 1), st.sampled_from([Source.GENRE, Source.MOOD])
)
audio_affects = st.builds(AudioAffect, st.floats(0, 1), st.floats(0, 1))


@given(affects, audio_affects)
def test_both_together_lie_between_tags_and_sound_and_are_surer_than_either(
    affect: Affect, audio: AudioAffect
) -> None:
    both = combine_affects(affect, audio)
    for side in ("valence", "energy"):
        tagged, sounding = getattr(affect, side), getattr(audio, side)
        assert min(tagged, sounding) - 0.001 <= getattr(both, side) <= max(tagged, sounding) + 0.001
    assert min(affect.confidence, 0.99) - 0.001 <= both.confidence < 1
    assert both.source is affect.source


@given(affects, audio_affects)
def test_the_surer_the_tags_the_less_the_sound_counts_and_for_valence_less_than_for_energy(
    affect: Affect, audio: AudioAffect
) -> None:
    def moved(affect: Affect, audio: AudioAffect) -> float:
        return abs(combine_affects(affect, audio).energy - affect.energy)

    unsure = Affect(affect.valence, affect.energy, affect.confidence / 2, affect.source)
    assert moved(affect, audio) <= moved(unsure, audio) + 0.001
    turned = Affect(affect.energy, affect.valence, affect.confidence, affect.source)
    by_valence = abs(combine_affects(turned, AudioAffect(audio.energy, 0)).valence - affect.energy)
    assert by_valence <= moved(affect, audio) + 0.001


@given(audio_affects)
def test_without_tags_the_sound_is_taken_as_it_is_and_is_less_sure_than_a_genre(audio: AudioAffect) -> None:
    alone = combine_affects(UNKNOWN_AFFECT, audio)
    assert (alone.valence, alone.energy) == pytest.approx(audio, abs=0.001)
    assert alone.source is Source.SOUND
    assert 0.2 < alone.confidence < 0.4


def test_a_mood_tag_hardly_gives_way_to_the_sound() -> None:
    happy = Affect(0.82, 0.68, 0.9, Source.MOOD)
    assert combine_affects(happy, AudioAffect(0.1, 0.1)).energy == pytest.approx(0.68, abs=0.02)


def test_an_error_of_our_own_while_listening_does_not_end_the_librarian_and_is_tried_again(
    mpd: PrivateMpd, add_sound: AddSong, music: Music, tmp_path: Path
) -> None:
    """The error is made where the first song that was heard is shown."""
    add_sound("still.ogg", "still")
    mpd.update()
    left = [True]

    def is_first_analyzed(event: Any) -> bool:
        shown = songs(event.table).values() if isinstance(event, SongTableUpdated) else ()
        return any(song.affect.source is Source.SOUND for song in shown) and bool(left) and left.pop()

    events = Refusing(is_first_analyzed)
    scanner = LibraryScanner(music, LEXICON, tmp_path / "state", events.put, AT_ONCE)
    scanner.start()
    scanner.wake()
    posted: list[Any] = []
    while not (posted and isinstance(posted[-1], PartWell)):
        posted.append(events.get(timeout=240))  # whoever listens yields to all others
    scanner.close()
    (failed,) = [event for event in posted if isinstance(event, PartFailed)]
    assert (failed.part, failed.failures) == ("listening", 1)
    assert posted[-1] == PartWell("listening")
    assert Source.SOUND in {song.affect.source for song in songs(posted[-2].table).values()}
