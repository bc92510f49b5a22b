from __future__ import annotations

import random

from hypothesis import given
from hypothesis import strategies as st

from device.music.chooser import choose

SONGS = [f"{n}.ogg" for n in range(50)]
uris = st.lists(st.sampled_from(SONGS), max_size=40)


@given(uris, uris, st.integers(0, 20), st.randoms())
def test_a_handful_holds_no_song_twice_and_is_as_large_as_can_be(
    songs: list[str], recent: list[str], count: int, chance: random.Random
) -> None:
    chosen = choose(songs, recent, count, chance)
    assert len(chosen) == len(set(chosen)) == min(count, len(set(songs)))
    assert set(chosen) <= set(songs)


@given(uris, uris, st.integers(1, 20), st.randoms())
def test_no_recent_song_comes_while_others_are_left(
    songs: list[str], recent: list[str], count: int, chance: random.Random
) -> None:
    fresh = set(songs) - set(recent)
    chosen = choose(songs, recent, count, chance)
    assert set(chosen) <= fresh or fresh <= set(chosen)


def test_if_songs_must_come_again_the_one_longest_ago_comes_first() -> None:
    assert choose(["a", "b", "c"], recent=["b", "c", "a"], count=2, chance=random.Random(1)) == ["b", "c"]


def test_what_is_left_is_shuffled() -> None:
    orders = {tuple(choose(SONGS, [], 12, random.Random(seed))) for seed in range(10)}
    assert len(orders) == 10
