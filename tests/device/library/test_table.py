from __future__ import annotations

from device.library.table import EMPTY_TABLE, Song, song_table
from device.library.tag_affect import UNKNOWN_AFFECT, Affect, Source

BLUE = Song("blue.ogg", "Somebody", "Blues", Affect(0.375, 0.5, 0.5, Source.GENRE))
STREAM = Song("http://radio", "", "", UNKNOWN_AFFECT)
TABLE = song_table([BLUE, STREAM])


def test_a_table_returns_each_song_unchanged() -> None:
    assert [TABLE.song(row) for row in range(len(TABLE))] == [BLUE, STREAM]


def test_a_part_of_a_table_holds_each_song_once_and_unknown_ones_too() -> None:
    part = TABLE.only(["new.ogg", "blue.ogg", "new.ogg"])
    assert [part.song(row) for row in range(len(part))] == [STREAM._replace(uri="new.ogg"), BLUE]


def test_the_users_own_affect_replaces_another_without_changing_the_table() -> None:
    own_affect = Affect(0.875, 0.75, 1.0, Source.OWN)
    changed = TABLE.with_own_affects({"blue.ogg": own_affect, "gone.ogg": own_affect})
    assert changed.song(0) == BLUE._replace(affect=own_affect)
    assert changed.song(1) == STREAM
    assert TABLE.song(0) == BLUE


def test_an_empty_table_has_no_songs() -> None:
    assert len(EMPTY_TABLE) == len(EMPTY_TABLE.with_own_affects({})) == 0
