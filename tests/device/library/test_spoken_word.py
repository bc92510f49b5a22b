"""Songs that are no music are left out: which they are, and what lets one in."""

from __future__ import annotations

from contextlib import closing
from pathlib import Path

import numpy as np
import pytest

from device.config.settings import Music
from device.demo.server import PrivateMpd
from device.library.index import LibraryIndex
from device.library.scan import scan
from device.library.spoken_word import NOTHING_LEFT_OUT, LeftOut
from device.library.table import Song, SongTable, song_table
from device.library.tag_affect import UNKNOWN_AFFECT, Affect, Source
from device.mood import Mood
from device.recommend.song_plan import ListeningContext, plan_songs
from tests.device.conftest import AddSong
from tests.device.estimates import certain
from tests.device.library.scanning import LEXICON

BY_DEFAULT = LeftOut.of(Music())


@pytest.mark.parametrize(
    "genre",
    [
        *("Audiobook", "audio book", "Audiobooks", "Hörspiel", "HOERSPIEL", "Hörspiele", "Ho\u0308rbuch"),
        *("Podcast", "Speech", "Spoken Word", "spoken-word"),
        *("Children's Audiobook", "Fantasy; Hörbuch", "Krimi/Hörspiel"),
    ],
)
def test_spoken_word_is_left_out_by_its_genre_in_any_spelling(genre: str) -> None:
    assert BY_DEFAULT.includes("a.ogg", [genre])
    assert BY_DEFAULT.includes("a.ogg", ["Pop", genre])


@pytest.mark.parametrize("genre", ["Rock", "Spoken", "Speechless", "Book", "Radio", "Theatre", "Word", ""])
def test_music_is_not_left_out(genre: str) -> None:
    assert not BY_DEFAULT.includes("Audiobook/a.ogg", [genre])


def test_without_patterns_nothing_is_left_out() -> None:
    assert not NOTHING_LEFT_OUT.includes("Audiobooks/a.ogg", ["Audiobook"])


@pytest.mark.parametrize(
    ("pattern", "uri", "left_out"),
    [
        ("Audiobooks", "Audiobooks/a.ogg", True),
        ("Audiobooks", "audiobooks/Author/Part 1/a.ogg", True),
        ("/Audiobooks/", "Audiobooks/a.ogg", True),
        ("Audiobooks", "Audiobooks.ogg", False),
        ("Audiobooks", "Audiobooks of others/a.ogg", False),
        ("Audiobooks", "usb/Audiobooks/a.ogg", False),
        ("*/Audiobooks", "usb/Audiobooks/a.ogg", True),
        ("Audio*", "Audiobooks of others/a.ogg", True),
        ("usb/Audiobooks", "usb/Audiobooks/x/a.ogg", True),
        ("[old] what?", "[old] what?/a.ogg", True),
        ("[old] what?", "o whats/a.ogg", False),
        ("/", "a/b.ogg", False),
    ],
)
def test_a_folder_is_left_out_with_all_that_lies_in_it(pattern: str, uri: str, left_out: bool) -> None:
    assert LeftOut(folders=(pattern,)).includes(uri, []) is left_out


def table_of(mpd: PrivateMpd, index: LibraryIndex, left_out: LeftOut) -> SongTable:
    for _ in scan(mpd.client(), index, LEXICON, mpd.address, left_out=left_out):
        pass
    return index.table()


def test_a_scan_finds_them_again_when_the_settings_or_the_tags_have_changed(
    mpd: PrivateMpd, add_song: AddSong, folder: Path
) -> None:
    for uri, genre in (("rock.ogg", "Rock"), ("book/1.ogg", "Audiobook"), ("book/2.ogg", "Audiobook")):
        add_song(uri, genre=genre)
    mpd.update()
    with closing(LibraryIndex.open(folder)) as index:
        assert table_of(mpd, index, BY_DEFAULT).left_out == {"book/1.ogg", "book/2.ogg"}
        assert index.left_out_count() == 2
        assert [song.uri for known in (True, False) for song in index.unanalyzed("", 9, known=known)] == [
            "rock.ogg"
        ]
        assert table_of(mpd, index, NOTHING_LEFT_OUT).left_out == set()
        assert table_of(mpd, index, LeftOut(folders=("book",))).left_out == {"book/1.ogg", "book/2.ogg"}
        (mpd.music / "book/1.ogg").unlink()
        mpd.update()
        assert table_of(mpd, index, LeftOut(folders=("book",))).left_out == {"book/2.ogg"}


SONGS = song_table(
    Song(f"{kind}/{n}", "", "", UNKNOWN_AFFECT) for kind in ("music", "book") for n in range(10)
)
LIBRARY = SONGS.leaving_out(uri for uri in SONGS.uris if uri.startswith("book/"))


def kinds(context: ListeningContext) -> set[str]:
    plan = plan_songs(Music(), context, 20, np.random.default_rng(0))
    return {uri.partition("/")[0] for uri in plan.uris}


def test_songs_that_are_left_out_are_never_chosen() -> None:
    assert kinds(ListeningContext(certain(Mood.HAPPY), SONGS)) == {"music", "book"}
    assert kinds(ListeningContext(certain(Mood.HAPPY), LIBRARY)) == {"music"}


def test_the_moods_playlist_may_name_them() -> None:
    assert kinds(ListeningContext(certain(Mood.HAPPY), LIBRARY, playlist=["book/3", "book/4"])) == {"book"}


def test_the_owners_word_lets_a_song_in() -> None:
    word = {"book/3": Affect(0.8, 0.7, 1.0, Source.OWN)}
    plan = plan_songs(
        Music(),
        ListeningContext(certain(Mood.HAPPY), LIBRARY, own_affects=word),
        20,
        np.random.default_rng(0),
    )
    assert {uri for uri in plan.uris if uri.startswith("book/")} == {"book/3"}
    assert plan.table.song(plan.table.rows["book/3"]).affect.source is Source.OWN


def test_an_excluded_song_is_chosen_neither_from_the_library_nor_from_a_playlist() -> None:
    excluded = frozenset(uri for uri in LIBRARY.uris if uri.endswith("3"))
    word = {"book/3": Affect(0.8, 0.7, 1.0, Source.OWN)}
    chosen = [
        plan_songs(
            Music(),
            ListeningContext(certain(Mood.HAPPY), LIBRARY, playlist, own_affects=word, excluded=excluded),
            20,
            np.random.default_rng(0),
        ).uris
        for playlist in ((), ("music/3", "book/4"))
    ]
    assert chosen[0]
    assert not excluded & set(chosen[0])
    assert chosen[1] == ("book/4",)


def test_if_all_of_a_playlist_is_excluded_the_library_takes_its_place() -> None:
    context = ListeningContext(
        certain(Mood.HAPPY), LIBRARY, playlist=["book/3"], excluded=frozenset({"book/3"})
    )
    assert kinds(context) == {"music"}


def test_the_rows_of_the_songs_to_choose_from_belong_together() -> None:
    affects = [Affect(n / 10, n / 10, n / 10, Source.GENRE) for n in range(6)]
    table = song_table(Song(str(n), f"artist {n}", f"genre {n}", affect) for n, affect in enumerate(affects))
    kept = table.leaving_out(["0", "3"]).to_choose_from(let_in=["3"])
    assert [kept.song(row) for row in range(len(kept))] == [table.song(row) for row in range(1, 6)]
