"""Which songs are analyzed, in which order, and that each is analyzed once."""

from __future__ import annotations

import logging
import os
import shutil
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import msgspec
import pytest

from device.demo.server import PrivateMpd
from device.library.audio import affect
from device.library.audio.affect import Regression, fingerprint, shipped_model
from device.library.audio.client import AudioClient
from device.library.audio_affect import BATCH_SIZE, analyze_songs
from device.library.index import LibraryIndex, TaggedSong
from device.library.scan import scan
from device.library.table import Song
from device.library.tag_affect import UNKNOWN_AFFECT, Affect, Source
from tests.device.conftest import AddSong
from tests.device.library.scanning import LEXICON, songs

BLUES = Affect(0.36, 0.38, 0.5, Source.GENRE)


def index_of(**affects: Affect) -> LibraryIndex:
    """Return an index of files with these affects by tags."""
    index = LibraryIndex.in_memory()
    index.begin("")
    index.keep([TaggedSong(Song(uri, "", "", affect), "then") for uri, affect in affects.items()])
    return index


def count_analyzed(index: LibraryIndex, folder: Path, client: AudioClient) -> int:
    return sum(analyze_songs(index, folder, client))


def test_songs_whose_tags_tell_nothing_are_analyzed_first(
    sounds: dict[str, Path], tmp_path: Path, client: AudioClient
) -> None:
    for name in ("a", "b", "c"):
        shutil.copy(sounds["wild"], tmp_path / name)
    index = index_of(a=BLUES, b=UNKNOWN_AFFECT, c=UNKNOWN_AFFECT)
    order = []
    for analyzed in analyze_songs(index, tmp_path, client):
        if analyzed:
            order.append({name for name in "abc" if index.analysis(name)})
    assert order == [{"b"}, {"b", "c"}, {"a", "b", "c"}]


def test_the_analysis_continues_where_it_was_interrupted(
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


def test_an_analyzed_song_keeps_its_affect_when_the_library_is_scanned_again(
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


def test_another_model_places_the_analyzed_songs_anew_without_measuring_them_again(
    mpd: PrivateMpd, add_sound: AddSong, client: AudioClient, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    model = shipped_model()
    other = msgspec.structs.replace(model, energy=Regression({}, 0.123, model.energy.confidence))
    (tmp_path / "other.json").write_bytes(msgspec.json.encode(other))
    add_sound("a.ogg", "wild")
    mpd.update()
    with closing(LibraryIndex.open(tmp_path / "state")) as index:
        for _ in scan(mpd.client(), index, LEXICON, mpd.address):
            pass
        count_analyzed(index, mpd.music, client)
        before = index.table().song(0).affect
        try:
            monkeypatch.setattr(affect, "CARD", tmp_path / "other.json")
            shipped_model.cache_clear()
            fingerprint.cache_clear()
            for _ in scan(mpd.client(), index, LEXICON, mpd.address):
                pass
            assert index.table().song(0).affect == replace(before, energy=0.123)
            assert count_analyzed(index, mpd.music, client) == 0
        finally:
            shipped_model.cache_clear()
            fingerprint.cache_clear()


def test_a_changed_file_is_analyzed_again(
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
        assert energies[1] < energies[0] - 0.1


def test_a_song_that_returns_is_not_analyzed_again(
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


def test_a_song_that_cannot_be_analyzed_is_recorded_and_not_tried_again(
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
    (message,) = [record.getMessage() for record in caplog.records]
    assert message == "songs analyzed: 4; without a result: 3"


def test_a_file_that_is_missing_or_unreadable_is_tried_again_later(
    tmp_path: Path, sounds: dict[str, Path], client: AudioClient
) -> None:
    os.mkfifo(tmp_path / "b")
    (tmp_path / "c").mkdir()
    index = index_of(a=UNKNOWN_AFFECT, b=UNKNOWN_AFFECT, c=UNKNOWN_AFFECT, **{"x" * 300: UNKNOWN_AFFECT})
    assert count_analyzed(index, tmp_path, client) == 0
    assert index.analysis_counts() == (0, 0)
    shutil.copy(sounds["wild"], tmp_path / "a")
    assert count_analyzed(index, tmp_path, client) == 1


def test_a_library_whose_disk_is_away_is_looked_up_in_batches_with_pauses_between(
    tmp_path: Path, client: AudioClient
) -> None:
    index = index_of(**{f"{number}.ogg": BLUES for number in range(5 * BATCH_SIZE)})
    assert list(analyze_songs(index, tmp_path / "away", client)) == 5 * [False]
