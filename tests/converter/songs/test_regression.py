"""Ridge regression."""

from __future__ import annotations

import numpy as np
import pytest

from converter.songs.regression import as_regression, as_scales, fit_ridge
from device.library.audio.affect import MAX_DEVIATION

RNG = np.random.default_rng(1)
TABLE = RNG.normal((5, -2, 100), (1, 0.1, 30), (300, 3))
ANSWERS = 0.5 + 0.1 * (TABLE[:, 0] - 5) - 0.002 * (TABLE[:, 2] - 100)
SHARES = np.ones(300)


def test_a_linear_relation_is_found_and_a_penalty_shrinks_it() -> None:
    inside = (np.abs((TABLE - TABLE.mean(0)) / TABLE.std(0)) < MAX_DEVIATION).all(1)
    table, answers, shares = TABLE[inside], ANSWERS[inside], SHARES[inside]
    fit = fit_ridge(table, answers, shares, 1e-6)
    assert fit.predict(table) == pytest.approx(answers, abs=0.04)
    shrunk = fit_ridge(table, answers, shares, 1000)
    assert np.linalg.norm(shrunk.weights) < np.linalg.norm(fit.weights)


def test_a_row_with_twice_the_share_counts_like_two_rows() -> None:
    twice = fit_ridge(
        np.vstack([TABLE, TABLE[:50]]), np.concatenate([ANSWERS, ANSWERS[:50]]), np.ones(350), 3
    )
    shares = np.where(np.arange(300) < 50, 2.0, 1.0)
    assert fit_ridge(TABLE, ANSWERS, shares, 3).weights == pytest.approx(twice.weights)


def test_the_boxs_form_of_a_fit_has_the_same_numbers() -> None:
    fit = fit_ridge(TABLE, ANSWERS, SHARES, 3)
    regression = as_regression(fit, ("a", "b", "c"), 0.3)
    scales = as_scales(fit, ("a", "b", "c"), {"b": 0.5})
    assert list(regression.weights.values()) == pytest.approx(list(fit.weights), abs=1e-5)
    assert regression.confidence == 0.3
    assert scales["a"].mean == pytest.approx(fit.means[0], abs=1e-5)
    assert (scales["a"].log_offset, scales["b"].log_offset) == (None, 0.5)
