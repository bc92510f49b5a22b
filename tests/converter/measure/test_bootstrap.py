"""A standard error is how far a figure would differ with other faces, or other people."""

from __future__ import annotations

import numpy as np
import pytest

from converter.measure.bootstrap import Estimate, Weights, estimate
from converter.measure.statistics import mean

HALF_RIGHT = np.array([1, 0] * 50)


def share(weights: Weights) -> dict[str, float]:
    return {"share": mean(HALF_RIGHT, weights)}


def test_the_value_is_that_of_all_faces_and_the_error_that_of_a_binomial_share() -> None:
    found = estimate(share, np.arange(100))["share"]
    assert found.value == 0.5
    assert found.error == pytest.approx(np.sqrt(0.5 * 0.5 / 100), rel=0.1)


def test_faces_of_one_person_are_drawn_together() -> None:
    """Ten people of ten photos each, five of them always right: the error is that of ten answers."""
    people = np.repeat(np.arange(10), 10)
    right = people % 2

    def of_people(weights: Weights) -> dict[str, float]:
        return {"share": mean(right, weights)}

    found = estimate(of_people, people)["share"]
    assert found.error == pytest.approx(np.sqrt(0.5 * 0.5 / 10), rel=0.1)


def test_the_same_seed_gives_the_same_error_and_another_seed_another() -> None:
    first, second, third = (estimate(share, np.arange(100), seed=seed)["share"] for seed in (1, 1, 2))
    assert first == second
    assert first.error != third.error


def test_without_faces_there_is_no_error() -> None:
    def nothing(weights: Weights) -> dict[str, float]:
        return {"share": mean(np.zeros(0), weights)}

    assert estimate(nothing, np.zeros(0, np.int64)) == {"share": Estimate(0, 0)}


def test_an_estimate_is_printed_with_its_error() -> None:
    assert Estimate(0.8125, 0.0071).percent() == "81.2 ± 0.7 %"
    assert Estimate(0.8125, 0.0071).share() == "0.812 ± 0.007"
