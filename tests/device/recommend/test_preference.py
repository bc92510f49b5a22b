from __future__ import annotations

import numpy as np
import pytest

from device.library.table import Song, song_table
from device.library.tag_affect import Affect, Source
from device.recommend.play_statistics import NO_STATISTICS, PlayCount, PlayStatistics
from device.recommend.preference import ELSEWHERE, LearnedPreference, learned, preference_of
from tests import simulation

PLACE = Affect(0.5, 0.5, 0.5, Source.GENRE)
SHELF = song_table(
    Song(f"{genre}{number}", "", genre, PLACE) for genre in ("Jazz", "Ska", "") for number in range(3)
)
PRIOR = np.full(9, 0.5, np.float32)


def likings(known: LearnedPreference, seed: int | None = None) -> dict[str, float]:
    chance = None if seed is None else np.random.default_rng(seed)
    return dict(zip(SHELF.uris, preference_of(known, PRIOR, chance).tolist(), strict=True))


def test_with_nothing_learned_and_nothing_tried_out_the_fit_alone_counts() -> None:
    assert preference_of(learned(NO_STATISTICS, SHELF), PRIOR, None) == pytest.approx(PRIOR)


def test_a_genre_that_was_heard_through_is_liked_more_and_one_that_was_skipped_less() -> None:
    known = likings(learned(PlayStatistics(genres={"Jazz": PlayCount(4, 0), "Ska": PlayCount(0, 4)}), SHELF))
    assert known["Ska1"] < known["1"] < known["Jazz1"]
    assert known["1"] == 0.5


def test_a_song_of_its_own_merit_departs_from_its_genre() -> None:
    known = likings(learned(PlayStatistics({"Jazz": PlayCount(4, 0)}, {"Jazz1": PlayCount(0, 3)}), SHELF))
    assert known["Jazz1"] < 0.5 < known["Jazz0"] == known["Jazz2"]


def test_what_was_heard_in_another_mood_counts_but_less() -> None:
    here = likings(learned(PlayStatistics(genres={"Jazz": PlayCount(5, 0)}), SHELF))["Jazz0"]
    elsewhere = likings(learned(PlayStatistics(genres_elsewhere={"Jazz": PlayCount(5, 0)}), SHELF))["Jazz0"]
    assert 0 < ELSEWHERE < 1
    assert 0.5 < elsewhere < here


def test_songs_that_are_gone_from_the_library_do_no_harm() -> None:
    gone = PlayStatistics(
        {"Polka": PlayCount(9, 9)},
        {"gone": PlayCount(1, 2)},
        {"Polka": PlayCount(1, 1)},
        {"gone": PlayCount(1, 1)},
    )
    assert likings(learned(gone, SHELF)) == likings(learned(NO_STATISTICS, SHELF))


def test_trying_out_is_by_genre_and_less_for_what_is_well_known() -> None:
    known = learned(PlayStatistics(genres={"Ska": PlayCount(500, 500)}), SHELF)
    draws = [likings(known, seed) for seed in range(50)]
    assert all(draw["Jazz0"] == draw["Jazz1"] for draw in draws)
    assert all(draw["0"] == 0.5 for draw in draws)  # what is of no known genre has no draw in common
    assert np.std([draw["Jazz0"] for draw in draws]) > 5 * np.std([draw["Ska0"] for draw in draws]) > 0


def test_simulated_listeners_hear_through_more_of_what_was_learned_than_of_chance_or_the_plain_fit() -> None:
    shares = {name: simulation.share_at_last(way, 16) for name, way in simulation.WAYS.items()}
    assert shares["by chance"] == pytest.approx(simulation.BY_CHANCE, abs=0.04)
    assert shares["by chance"] < shares["by fit alone"] < shares["by what was learned"]
    assert shares["by what was learned"] >= 0.75
