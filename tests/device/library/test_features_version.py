"""What an older version of the box has measured is measured again."""

from __future__ import annotations

from contextlib import closing
from pathlib import Path

import pytest

from device.library import index as index_module
from device.library.audio.features import FEATURES_VERSION
from device.library.index import LibraryIndex, TaggedSong
from device.library.table import Song
from device.library.tag_affect import UNKNOWN_AFFECT
from tests.device.library.audio.songs import MIDDLING


def scan(index: LibraryIndex, stamp: str) -> None:
    index.begin(stamp)
    index.keep([TaggedSong(Song(uri, "", "", UNKNOWN_AFFECT), "then") for uri in ("a.ogg", "broken.ogg")])
    index.finish()


def analyze(index: LibraryIndex) -> None:
    for song in index.unanalyzed("", 10, known=False):
        analysis = "Format not recognised." if song.uri == "broken.ogg" else MIDDLING
        index.keep_analysis(song, analysis, song.affect)


@pytest.mark.parametrize(("version", "again"), [(FEATURES_VERSION - 1, 2), (FEATURES_VERSION, 0)])
def test_songs_are_analyzed_again_if_another_version_measured_them(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, version: int, again: int
) -> None:
    with closing(LibraryIndex.open(tmp_path)) as index:
        scan(index, "one")
        monkeypatch.setattr(index_module, "FEATURES_VERSION", version)
        analyze(index)
        monkeypatch.undo()
        scan(index, "two")
        assert len(index.unanalyzed("", 10, known=False)) == again
        assert index.analysis_counts()[0] == 2 - again
