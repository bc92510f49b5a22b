"""Chooses the features of a regression, and predicts for groups that neither choice nor fit has seen."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from converter.songs.regression import Values, fit_ridge, standardized


def selected(
    features: Values, answers: Values, shares: Values, penalty: float, groups: Sequence[str]
) -> NDArray[np.int64]:
    """Return the columns to use, in order.

    Backward elimination: the feature without which the error for groups that were left out is lowest is
    removed, again and again, as long as that lowers the error. The arguments are those of `fit_ridge`, and
    the group of each row.
    """
    scaled = standardized(features, shares)
    centered = answers - np.average(answers, weights=shares)
    folds = [np.asarray(groups) == group for group in sorted(set(groups))]
    grams = [scaled[fold].T @ (scaled[fold] * shares[fold, None]) for fold in folds]
    correlations = [scaled[fold].T @ (centered[fold] * shares[fold]) for fold in folds]
    gram, correlation = sum(grams), sum(correlations)

    def error(columns: list[int]) -> float:
        total = 0.0
        ridge = penalty * np.eye(len(columns))
        for fold, fold_gram, fold_correlation in zip(folds, grams, correlations, strict=True):
            others = (gram - fold_gram)[np.ix_(columns, columns)] + ridge
            weights = np.linalg.solve(others, (correlation - fold_correlation)[columns])
            missed = scaled[np.ix_(fold, columns)] @ weights - centered[fold]
            total += float(np.square(missed) @ shares[fold])
        return total

    columns = list(range(features.shape[1]))
    best = error(columns)
    while len(columns) > 1:
        without = [[column for column in columns if column != removed] for removed in columns]
        errors = [error(fewer) for fewer in without]
        if min(errors) >= best:
            break
        best, columns = min(errors), without[int(np.argmin(errors))]
    return np.array(columns)


def cross_validated(
    features: Values,
    answers: Values,
    shares: Values,
    penalty: float,
    *,
    groups: Sequence[str],
    families: Sequence[str],
) -> Values:
    """Return an answer for each row from a regression fitted to rows of other groups and families.

    Its features are chosen by the other groups alone. The arguments are those of `fit_ridge`, and the group
    and the family of instruments of each row. Rows without a family (an empty one) are left out by their
    group alone.
    """
    by_group, by_family = np.asarray(groups), np.asarray(families)
    predicted = np.zeros(len(answers))
    for group in sorted(set(groups)):
        others = by_group != group
        columns = selected(
            features[others], answers[others], shares[others], penalty, by_group[others].tolist()
        )
        for family in sorted(set(by_family[~others])):
            kept = others & ~((by_family == family) & (by_family != ""))
            fit = fit_ridge(features[np.ix_(kept, columns)], answers[kept], shares[kept], penalty)
            held_out = ~others & (by_family == family)
            predicted[held_out] = fit.predict(features[np.ix_(held_out, columns)])
    return predicted
