"""A scan of a real MPD's library into the index: what it reads, and where it continues."""

from __future__ import annotations

from contextlib import closing
from pathlib import Path

import pytest
from mutagen.id3 import TCON, TMOO, TXXX

from device.demo.server import PrivateMpd
from device.library.chunks import CHUNK_SIZE
from device.library.file_tags import mood_in_file
from device.library.index import DONE, LibraryIndex
from device.library.scan import COMMENT_BATCH_SIZE, scan
from device.library.tag_affect import Source, read_lexicon
from tests.device.conftest import AddSong
from tests.device.library.conftest import AddMp3
from tests.device.library.scanning import LEXICON, knows_moods, songs


def scan_all(mpd: PrivateMpd, index: LibraryIndex, files: Path | None) -> dict[str, Source]:
    for _ in scan(mpd.client(), index, LEXICON, mpd.address, files):
        pass
    return {uri: song.affect.source for uri, song in songs(index.table()).items()}


@pytest.mark.parametrize("tags", ["", 'metadata_to_use "artist,title,genre"\n'], ids=["all tags", "no mood"])
def test_a_mood_is_known_in_both_forms_whichever_of_them_mpd_gives(
    mpd: PrivateMpd, add_song: AddSong, add_mp3: AddMp3, folder: Path, tags: str
) -> None:
    mpd.stop()
    (mpd.folder / "mpd.conf").write_text((mpd.folder / "mpd.conf").read_text() + tags)
    mpd.start()
    add_song("vorbis.ogg", genre="Disco", mood="Sad")
    add_mp3("tmoo.mp3", TMOO(text=["Sad"]), TCON(text=["Disco"]))
    add_mp3("txxx.mp3", TXXX(desc="MOOD", text=["Sad"]), TCON(text=["Disco"]))
    add_mp3("none.mp3", TCON(text=["Disco"]))
    mpd.update()
    with closing(LibraryIndex.open(folder)) as index:
        found = scan_all(mpd, index, mpd.music)
        assert found == {
            "vorbis.ogg": Source.MOOD,
            "tmoo.mp3": Source.MOOD,
            "txxx.mp3": Source.MOOD,
            "none.mp3": Source.GENRE,
        }
        assert not index.without_comment("", 1)


def test_songs_without_a_mood_are_read_once_more_when_their_files_can_be_read(
    mpd: PrivateMpd, add_mp3: AddMp3, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As after an upgrade: an index of an older release knows nothing of TMOO under MPD 0.23."""
    add_mp3("tmoo.mp3", TMOO(text=["Sad"]))
    add_mp3("none.mp3")
    mpd.update()
    read: list[str] = []

    def mood_of(path: Path) -> str:
        read.append(path.name)
        return mood_in_file(path)

    monkeypatch.setattr("device.library.scan.mood_in_file", mood_of)
    with closing(LibraryIndex.open(folder)) as index:
        by_mpd_alone = scan_all(mpd, index, None)["tmoo.mp3"]
        assert by_mpd_alone is (Source.MOOD if knows_moods(mpd) else Source.NOTHING)
        assert not read
        for _ in range(2):
            assert scan_all(mpd, index, mpd.music)["tmoo.mp3"] is Source.MOOD
        assert read == ([] if knows_moods(mpd) else ["none.mp3", "tmoo.mp3"])


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
    def chunks(*, rescan: bool = False) -> int:
        return sum(1 for _ in scan(library.client(), index, LEXICON, library.address, rescan=rescan))

    with closing(LibraryIndex.open(folder)) as index:
        assert chunks() == 2 + -(-48 // COMMENT_BATCH_SIZE)
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
