from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from device.library.table import EMPTY_TABLE, Song, SongTable, song_table
from device.library.tag_affect import Affect, Source
from device.recommend.ranking import (
    LOW_VALENCE,
    MAX_LOW_VALENCE_RUN,
    SEARCH_RADIUS,
    RankedSong,
    RankingRequest,
    rank_songs,
)
from device.recommend.trajectory import Point, Trajectory

BRIGHT, MIDDLE, DARK = Point(0.75, 0.7), Point(0.55, 0.5), Point(0.3, 0.35)


def rng(seed: int = 1) -> np.random.Generator:
    return np.random.default_rng(seed)


def song(uri: str, at: Point, artist: str = "", confidence: float = 0.5) -> Song:
    return Song(uri, artist, "", Affect(at.valence, at.energy, confidence, Source.GENRE))


def stay(at: Point) -> Trajectory:
    return Trajectory(at, at, 1)


def table(**songs: Point) -> SongTable:
    return song_table(song(uri, at) for uri, at in songs.items())


def twenty(name: str, at: Point) -> list[Song]:
    return [song(f"{name}{number}", at) for number in range(20)]


def uris(choices: tuple[RankedSong, ...]) -> list[str]:
    return [choice.uri for choice in choices]


affects = st.builds(
    Affect, st.floats(0, 1), st.floats(0, 1), st.sampled_from([0.0, 0.3, 0.9]), st.sampled_from(Source)
)
tables = st.lists(
    st.builds(
        Song, st.sampled_from([f"{n}.ogg" for n in range(60)]), st.sampled_from("abc"), st.just(""), affects
    ),
    max_size=50,
    unique_by=lambda song: song.uri,
).map(song_table)
points = st.builds(Point, st.floats(0, 1), st.floats(0, 1))
names = st.lists(st.sampled_from([f"{n}.ogg" for n in range(70)]), max_size=40)
requests = st.builds(
    RankingRequest,
    st.builds(Trajectory, points, points, st.integers(1, 8)),
    st.integers(0, 15),
    st.integers(0, 10),
    names,
    names.map(frozenset),
    st.integers(0, 30),
)


@given(tables, requests, st.integers(0, 99), st.booleans())
def test_no_song_comes_twice_or_is_queued_already_and_some_song_comes_if_there_is_any(
    table: SongTable, request: RankingRequest, seed: int, unlimited: bool
) -> None:
    chosen = uris(rank_songs(table, request, rng(seed), unlimited_radius=unlimited))
    free = set(table.uris) - request.queued
    assert len(chosen) == len(set(chosen)) <= request.count
    assert set(chosen) <= free
    assert bool(chosen) == bool(free and request.count)


@given(tables, requests, st.integers(0, 99))
def test_never_more_than_three_low_songs_in_a_row_while_there_are_others(
    table: SongTable, request: RankingRequest, seed: int
) -> None:
    valence = {uri: float(table.affects[row, 0]) for uri, row in table.rows.items()}
    free = set(table.uris) - request.queued
    row = 0
    for uri in uris(rank_songs(table, request, rng(seed))):
        others = any(valence[other] >= LOW_VALENCE for other in free)
        row = row + 1 if valence[uri] < LOW_VALENCE else 0
        assert row <= MAX_LOW_VALENCE_RUN or not others
        free.remove(uri)


@given(tables, requests, st.integers(0, 99))
def test_each_choice_says_how_it_came_about(table: SongTable, request: RankingRequest, seed: int) -> None:
    for choice in rank_songs(table, request, rng(seed)):
        assert all(
            0 <= share <= 1
            for share in (
                choice.fit,
                choice.completion_probability,
                choice.song_cooldown,
                choice.artist_cooldown,
            )
        )
        assert "for " in choice.why()


@given(tables, requests)
def test_a_choice_is_the_same_for_the_same_chance(table: SongTable, request: RankingRequest) -> None:
    assert rank_songs(table, request, rng()) == rank_songs(table, request, rng())


@pytest.mark.parametrize("seed", range(20))
def test_the_first_song_is_where_the_listener_is_and_the_last_where_the_course_leads(seed: int) -> None:
    library = song_table([*twenty("bright", BRIGHT), *twenty("middle", MIDDLE), *twenty("dark", DARK)])
    chosen = uris(rank_songs(library, RankingRequest(Trajectory(DARK, BRIGHT, 6), 8), rng(seed)))
    assert chosen[0].startswith("dark")
    assert all(uri.startswith("bright") for uri in chosen[5:])


def test_what_is_left_is_shuffled() -> None:
    library = song_table(twenty("bright", BRIGHT))
    assert (
        len(
            {
                tuple(uris(rank_songs(library, RankingRequest(stay(BRIGHT), 12), rng(seed))))
                for seed in range(10)
            }
        )
        == 10
    )


def test_of_two_songs_that_fit_the_surer_one_comes() -> None:
    confidence, doubtful = song("sure", BRIGHT, confidence=0.9), song("doubtful", BRIGHT, confidence=0.1)
    assert uris(rank_songs(song_table([doubtful, confidence]), RankingRequest(stay(BRIGHT), 1), rng())) == [
        "sure"
    ]


def test_songs_out_of_reach_stay_away_even_if_the_handful_is_smaller_for_it() -> None:
    library = song_table([*twenty("bright", BRIGHT)[:8], *twenty("dark", DARK)])
    assert BRIGHT.valence - DARK.valence > SEARCH_RADIUS
    chosen = uris(rank_songs(library, RankingRequest(stay(BRIGHT), 12), rng()))
    assert len(chosen) == 8
    assert all(uri.startswith("bright") for uri in chosen)


def test_a_library_that_does_not_fit_at_all_gives_what_is_nearest() -> None:
    library = song_table([*twenty("middle", MIDDLE)[:6], *twenty("dark", Point(0.1, 0.1))])
    chosen = uris(rank_songs(library, RankingRequest(stay(Point(1, 1)), 6), rng()))
    assert all(uri.startswith("middle") for uri in chosen)


def test_a_song_that_was_just_played_comes_again_only_for_want_of_others_that_fit() -> None:
    library = song_table([*twenty("bright", BRIGHT)[:8], *twenty("dark", DARK)])
    before = [f"bright{number}" for number in (3, 1, 0, 2, 4, 5, 6)]
    chosen = rank_songs(library, RankingRequest(stay(BRIGHT), 3, history=before, no_repeat=30), rng())
    assert uris(chosen) == ["bright7", "bright3", "bright1"]  # then those longest ago
    assert [choice.repeated for choice in chosen] == [False, True, True]
    assert "repeated early" in chosen[1].why()


def test_an_artist_rests_between_two_songs() -> None:
    songs = [song(f"{artist}{n}", BRIGHT, artist) for artist in "abcdefgh" for n in range(5)]
    chosen = rank_songs(song_table(songs), RankingRequest(stay(BRIGHT), 8), rng())
    artists = [choice.artist for choice in chosen]
    assert all(one != other for one, other in pairwise(artists))
    assert len(set(artists)) >= 6
    assert (
        rank_songs(song_table(songs), RankingRequest(stay(BRIGHT), 1, history=["a0"]), rng())[0].artist != "a"
    )


def test_low_songs_that_play_already_count_in_the_row() -> None:
    library = song_table([*twenty("dark", DARK), *twenty("middle", MIDDLE)])
    before = ["middle0", "dark0", "dark1", "dark2"]
    (choice,) = rank_songs(library, RankingRequest(stay(DARK), 1, history=before), rng())
    assert choice.uri.startswith("middle")


def test_all_songs_that_the_user_picked_are_within_reach() -> None:
    library = table(
        a=BRIGHT, b=MIDDLE, c=DARK, d=Point(0, 0), e=Point(0, 1), f=Point(0.1, 0.9), g=Point(0, 0.5)
    )
    assert len(rank_songs(library, RankingRequest(stay(BRIGHT), 7), rng(), unlimited_radius=True)) == 7
    assert len(rank_songs(library, RankingRequest(stay(BRIGHT), 7), rng())) == 6


def test_an_empty_shelf_has_nothing_to_choose_from() -> None:
    assert rank_songs(EMPTY_TABLE, RankingRequest(stay(BRIGHT), 12), rng()) == ()
