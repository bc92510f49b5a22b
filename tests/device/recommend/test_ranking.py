"""Which songs are chosen, in which order and why."""

from __future__ import annotations

from itertools import pairwise
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from device.library.table import EMPTY_TABLE, Song, SongTable, song_table
from device.library.tag_affect import Affect, Source
from device.recommend.play_statistics import PlayCount, PlayStatistics
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


def constant(at: Point) -> Trajectory:
    return Trajectory(at, at, 1)


def table(**songs: Point) -> SongTable:
    return song_table(song(uri, at) for uri, at in songs.items())


def twenty_songs(name: str, at: Point) -> list[Song]:
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
def test_songs_are_different_and_not_queued_already_and_at_least_one_is_chosen(
    table: SongTable, request: RankingRequest, seed: int, unlimited: bool
) -> None:
    chosen = uris(rank_songs(table, request, rng(seed), unlimited_radius=unlimited))
    free = set(table.uris) - request.queued
    assert len(chosen) == len(set(chosen)) <= request.count
    assert set(chosen) <= free
    assert bool(chosen) == bool(free and request.count)


@given(tables, requests, st.integers(0, 99))
def test_at_most_three_sad_songs_in_a_row_while_there_are_others(
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
def test_each_song_has_shares_from_0_to_1_and_a_reason(
    table: SongTable, request: RankingRequest, seed: int
) -> None:
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
def test_the_ranking_is_reproducible_with_the_same_seed(table: SongTable, request: RankingRequest) -> None:
    assert rank_songs(table, request, rng()) == rank_songs(table, request, rng())


@pytest.mark.parametrize("seed", range(20))
def test_songs_follow_the_trajectory_from_its_start_to_its_end(seed: int) -> None:
    library = song_table(
        [*twenty_songs("bright", BRIGHT), *twenty_songs("middle", MIDDLE), *twenty_songs("dark", DARK)]
    )
    chosen = uris(rank_songs(library, RankingRequest(Trajectory(DARK, BRIGHT, 6), 8), rng(seed)))
    assert chosen[0].startswith("dark")
    assert all(uri.startswith("bright") for uri in chosen[5:])


def test_songs_that_fit_equally_are_shuffled() -> None:
    library = song_table(twenty_songs("bright", BRIGHT))
    assert (
        len(
            {
                tuple(uris(rank_songs(library, RankingRequest(constant(BRIGHT), 12), rng(seed))))
                for seed in range(10)
            }
        )
        == 10
    )


def test_of_two_songs_that_fit_the_one_with_more_confidence_is_chosen() -> None:
    certain, doubtful = song("certain", BRIGHT, confidence=0.9), song("doubtful", BRIGHT, confidence=0.1)
    assert uris(rank_songs(song_table([doubtful, certain]), RankingRequest(constant(BRIGHT), 1), rng())) == [
        "certain"
    ]


def test_songs_outside_the_search_radius_are_not_chosen_even_if_fewer_are_left() -> None:
    library = song_table([*twenty_songs("bright", BRIGHT)[:8], *twenty_songs("dark", DARK)])
    assert BRIGHT.valence - DARK.valence > SEARCH_RADIUS
    chosen = uris(rank_songs(library, RankingRequest(constant(BRIGHT), 12), rng()))
    assert len(chosen) == 8
    assert all(uri.startswith("bright") for uri in chosen)


def test_the_nearest_songs_are_chosen_if_none_fits() -> None:
    library = song_table([*twenty_songs("middle", MIDDLE)[:6], *twenty_songs("dark", Point(0.1, 0.1))])
    chosen = uris(rank_songs(library, RankingRequest(constant(Point(1, 1)), 6), rng()))
    assert all(uri.startswith("middle") for uri in chosen)


def test_a_recent_song_is_repeated_only_if_no_other_fits() -> None:
    library = song_table([*twenty_songs("bright", BRIGHT)[:8], *twenty_songs("dark", DARK)])
    before = [f"bright{number}" for number in (3, 1, 0, 2, 4, 5, 6)]
    chosen = rank_songs(library, RankingRequest(constant(BRIGHT), 3, history=before, no_repeat=30), rng())
    assert uris(chosen) == ["bright7", "bright3", "bright1"]  # then those longest ago
    assert [choice.repeated for choice in chosen] == [False, True, True]
    assert "repeated early" in chosen[1].why()


def test_an_artist_is_not_repeated_at_once() -> None:
    songs = [song(f"{artist}{n}", BRIGHT, artist) for artist in "abcdefgh" for n in range(5)]
    chosen = rank_songs(song_table(songs), RankingRequest(constant(BRIGHT), 8), rng())
    artists = [choice.artist for choice in chosen]
    assert all(artist != following for artist, following in pairwise(artists))
    assert len(set(artists)) >= 6
    assert (
        rank_songs(song_table(songs), RankingRequest(constant(BRIGHT), 1, history=["a0"]), rng())[0].artist
        != "a"
    )


def test_sad_songs_in_the_history_count_for_the_run() -> None:
    library = song_table([*twenty_songs("dark", DARK), *twenty_songs("middle", MIDDLE)])
    before = ["middle0", "dark0", "dark1", "dark2"]
    (choice,) = rank_songs(library, RankingRequest(constant(DARK), 1, history=before), rng())
    assert choice.uri.startswith("middle")


def test_the_search_radius_does_not_apply_to_a_playlist() -> None:
    library = table(
        a=BRIGHT, b=MIDDLE, c=DARK, d=Point(0, 0), e=Point(0, 1), f=Point(0.1, 0.9), g=Point(0, 0.5)
    )
    assert len(rank_songs(library, RankingRequest(constant(BRIGHT), 7), rng(), unlimited_radius=True)) == 7
    assert len(rank_songs(library, RankingRequest(constant(BRIGHT), 7), rng())) == 6


def test_an_empty_table_has_no_songs_to_rank() -> None:
    assert rank_songs(EMPTY_TABLE, RankingRequest(constant(BRIGHT), 12), rng()) == ()


def cautious(songs: list[Song], caution: float, **known: Any) -> str:
    """The first song that is chosen."""
    request = RankingRequest(constant(MIDDLE), 1, caution=caution, **known)
    return rank_songs(song_table(songs), request, rng())[0].uri


def test_with_caution_a_song_that_is_known_to_be_liked_comes_before_one_that_fits_better() -> None:
    songs = [song("fits", MIDDLE), song("liked", Point(0.70, 0.5))]
    liked = PlayStatistics(songs={"liked": PlayCount(10, 10)})
    assert cautious(songs, 0.0, play_statistics=liked) == "fits"
    assert cautious(songs, 1.0, play_statistics=liked) == "liked"


def test_with_caution_a_song_that_has_rested_comes_before_one_that_fits_better() -> None:
    songs = [song("played", MIDDLE), song("rested", Point(0.85, 0.5))]
    history = ["played", *["elsewhere"] * 60]
    assert cautious(songs, 0.0, history=history) == "played"
    assert cautious(songs, 1.0, history=history) == "rested"
