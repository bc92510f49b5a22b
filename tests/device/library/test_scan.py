"""A scan of a real MPD's library into the index: what it reads, and where it continues."""

from __future__ import annotations

from contextlib import closing
from pathlib import Path

import pytest

from device.demo.server import PrivateMpd
from device.library.chunks import CHUNK_SIZE
from device.library.index import DONE, LibraryIndex
from device.library.scan import COMMENT_BATCH_SIZE, scan
from device.library.tag_affect import Source, read_lexicon
from tests.device.conftest import AddSong
from tests.device.library.scanning import LEXICON, knows_moods, songs


@pytest.mark.parametrize("tags", ["", 'metadata_to_use "artist,title,genre"\n'], ids=["all tags", "no mood"])
def test_raw_comments_are_read_only_if_mpd_does_not_support_mood_tags(
    mpd: PrivateMpd, add_song: AddSong, folder: Path, tags: str
) -> None:
    mpd.stop()
    (mpd.folder / "mpd.conf").write_text((mpd.folder / "mpd.conf").read_text() + tags)
    mpd.start()
    add_song("a.ogg", genre="Disco", mood="Sad")
    mpd.update()
    with closing(LibraryIndex.open(folder)) as index:
        for _ in scan(mpd.client(), index, LEXICON, mpd.address):
            pass
        assert songs(index.table())["a.ogg"].affect.source is Source.MOOD
        unread = index.without_comment("", 1)
    assert bool(unread) is knows_moods(mpd)
    assert not (tags and knows_moods(mpd))


def test_a_scan_continues_where_it_was_interrupted(mpd: PrivateMpd, add_song: AddSong, folder: Path) -> None:
    for number in range(CHUNK_SIZE + 10):
        (mpd.music / f"{number:04}.ogg").hardlink_to(mpd.music / "0000.ogg") if number else add_song(
            "0000.ogg", genre="Disco"
        )
    mpd.update()
    with closing(LibraryIndex.open(folder)) as index:
        next(scan(mpd.client(), index, LEXICON, mpd.address))
        before = index.progress()
    assert before.position == CHUNK_SIZE
    with closing(LibraryIndex.open(folder)) as index:
        next(scan(mpd.client(), index, LEXICON, mpd.address))
        assert index.progress().scan_number == before.scan_number
        assert index.count() == CHUNK_SIZE + 10
        for _ in scan(mpd.client(), index, LEXICON, mpd.address):
            pass
        assert index.progress().position == DONE


def test_an_unchanged_library_is_not_scanned_again(library: PrivateMpd, folder: Path) -> None:
    def chunks(**options: bool) -> int:
        return sum(1 for _ in scan(library.client(), index, LEXICON, library.address, **options))

    with closing(LibraryIndex.open(folder)) as index:
        comments = 0 if knows_moods(library) else -(-48 // COMMENT_BATCH_SIZE)
        assert chunks() == 2 + comments
        assert chunks() == 0
        assert chunks(rescan=True) == 2


def test_a_changed_lexicon_causes_another_scan(library: PrivateMpd, folder: Path) -> None:
    mine = folder.parent / "mine.toml"
    mine.write_text('[genres]\n"Blues" = { valence = 0.9, energy = 0.8 }\n')
    with closing(LibraryIndex.open(folder)) as index:
        for lexicon, valence in ((LEXICON, 0.36), (read_lexicon(str(mine)), 0.9)):
            for _ in scan(library.client(), index, lexicon, library.address):
                pass
            assert songs(index.table())["sad/00.ogg"].affect.valence == valence
