"""The probability that a song is played through, by its fit and its play statistics."""

from __future__ import annotations

import numpy as np
import pytest

from device.library.table import Song, song_table
from device.library.tag_affect import Affect, Source
from device.recommend.play_statistics import NO_STATISTICS, PlayCount, PlayStatistics
from device.recommend.preference import (
    OTHER_MOODS_WEIGHT,
    LearnedPreference,
    completion_probability,
    learned_preference,
)
from tests.simulation import listeners as simulation

AFFECT = Affect(0.5, 0.5, 0.5, Source.GENRE)
TABLE = song_table(
    Song(f"{genre}{number}", "", genre, AFFECT) for genre in ("Jazz", "Ska", "") for number in range(3)
)
PRIOR = np.full(9, 0.5, np.float32)


def probabilities(known: LearnedPreference, seed: int | None = None) -> dict[str, float]:
    rng = None if seed is None else np.random.default_rng(seed)
    return dict(zip(TABLE.uris, completion_probability(known, PRIOR, rng).tolist(), strict=True))


def test_without_statistics_and_exploration_the_prior_stays() -> None:
    assert completion_probability(learned_preference(NO_STATISTICS, TABLE), PRIOR, None) == pytest.approx(
        PRIOR
    )


def test_plays_raise_a_genres_probability_and_skips_lower_it() -> None:
    known = probabilities(
        learned_preference(PlayStatistics(genres={"Jazz": PlayCount(4, 0), "Ska": PlayCount(0, 4)}), TABLE)
    )
    assert known["Ska1"] < known["1"] < known["Jazz1"]
    assert known["1"] == 0.5


def test_a_songs_own_plays_outweigh_its_genre() -> None:
    known = probabilities(
        learned_preference(PlayStatistics({"Jazz": PlayCount(4, 0)}, {"Jazz1": PlayCount(0, 3)}), TABLE)
    )
    assert known["Jazz1"] < 0.5 < known["Jazz0"] == known["Jazz2"]


def test_plays_in_another_mood_count_less() -> None:
    here = probabilities(learned_preference(PlayStatistics(genres={"Jazz": PlayCount(5, 0)}), TABLE))["Jazz0"]
    elsewhere = probabilities(
        learned_preference(PlayStatistics(genres_elsewhere={"Jazz": PlayCount(5, 0)}), TABLE)
    )["Jazz0"]
    assert 0 < OTHER_MOODS_WEIGHT < 1
    assert 0.5 < elsewhere < here


def test_songs_that_are_missing_from_the_library_are_ignored() -> None:
    missing = PlayStatistics(
        {"Polka": PlayCount(9, 9)},
        {"missing": PlayCount(1, 2)},
        {"Polka": PlayCount(1, 1)},
        {"missing": PlayCount(1, 1)},
    )
    assert probabilities(learned_preference(missing, TABLE)) == probabilities(
        learned_preference(NO_STATISTICS, TABLE)
    )


def test_songs_of_a_genre_share_one_draw_and_many_plays_reduce_its_spread() -> None:
    known = learned_preference(PlayStatistics(genres={"Ska": PlayCount(500, 500)}), TABLE)
    draws = [probabilities(known, seed) for seed in range(50)]
    assert all(draw["Jazz0"] == draw["Jazz1"] for draw in draws)
    assert all(draw["0"] == 0.5 for draw in draws)  # songs of no known genre share no draw
    assert np.std([draw["Jazz0"] for draw in draws]) > 5 * np.std([draw["Ska0"] for draw in draws]) > 0


def test_simulated_listeners_play_through_most_songs_with_learning_and_least_with_random_songs() -> None:
    shares = {name: simulation.share_at_last(strategy, 8) for name, strategy in simulation.STRATEGIES.items()}
    assert shares["by chance"] == pytest.approx(simulation.COMPLETED_BY_CHANCE, abs=0.04)
    assert shares["by chance"] < shares["by fit alone"] < shares["by what was learned"]
    assert shares["by what was learned"] >= 0.75
