"""The choice of features, and that nothing of a held-out group gets into its predictions."""

from __future__ import annotations

import numpy as np
import pytest

from converter.songs.selection import cross_validated, selected

RNG = np.random.default_rng(1)
TABLE = RNG.normal((5, -2, 100), (1, 0.1, 30), (300, 3))
ANSWERS = 0.5 + 0.1 * (TABLE[:, 0] - 5) - 0.002 * (TABLE[:, 2] - 100)
SHARES = np.ones(300)


def test_features_that_tell_something_are_kept_and_those_that_mislead_are_not() -> None:
    """The last feature agrees with the answers in each group, but with another sign from group to group."""
    groups = [str(number % 6) for number in range(300)]
    signs = np.where(np.arange(300) % 6 < 3, 1, -1)
    misleading = signs * ANSWERS + RNG.normal(0, 0.05, 300)
    columns = selected(np.column_stack([TABLE, misleading]), ANSWERS, SHARES, 3, groups)
    assert set(columns) >= {0, 2}
    assert 3 not in columns


def test_a_group_is_predicted_without_its_own_answers() -> None:
    groups = [str(number % 3) for number in range(300)]
    held_out = np.array(groups) == "1"
    changed = np.where(held_out, RNG.normal(0, 5, 300), ANSWERS)
    none = [""] * 300
    before = cross_validated(TABLE, ANSWERS, SHARES, 3, groups=groups, families=none)
    after = cross_validated(TABLE, changed, SHARES, 3, groups=groups, families=none)
    assert after[held_out] == pytest.approx(before[held_out])
    assert np.abs(after[~held_out] - before[~held_out]).max() > 0.01


def test_a_family_is_predicted_without_its_own_answers_but_others_of_its_group_may_know_them() -> None:
    groups = [str(number % 3) for number in range(300)]
    families = [("organs", "winds", "")[number // 100] for number in range(300)]
    useful = TABLE[:, [0, 2]]  # the choice of features may see the family
    organs = np.array(families) == "organs"
    changed = ANSWERS + np.where(organs, 0.03, 0)
    before = cross_validated(useful, ANSWERS, SHARES, 3, groups=groups, families=families)
    after = cross_validated(useful, changed, SHARES, 3, groups=groups, families=families)
    assert after[organs] == pytest.approx(before[organs])
    assert np.abs(after[~organs] - before[~organs]).max() > 0.001
