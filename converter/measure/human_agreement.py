"""Measures how far FER+'s ten people agree with each other, by the rules that models are scored by."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from converter.data.dataset import Split
from converter.data.ferplus import CLASSES, COLUMNS, Majority, majority, strict_majority
from converter.measure import statistics
from converter.measure.bootstrap import SEED, Estimate, Weights, estimate
from converter.measure.by_votes import THREE
from device.mood import Mood

Counts = NDArray[np.int64]


@dataclass(frozen=True)
class Rule:
    """A rule for what most people say.

    Attributes:
        name: of the rule.
        majority: applies it to counts of votes, (n, 10).
        label_of_column: int64, (10,): the label for a vote in each of FER+'s COLUMNS; -1 if there is none.
    """

    name: str
    majority: Callable[[Counts], Majority]
    label_of_column: NDArray[np.int64]


def _of_moods(moods: tuple[Mood, ...]) -> Rule:
    columns = [list(Mood).index(mood) for mood in moods]
    label_of_column = np.full(len(COLUMNS), -1)
    label_of_column[columns] = np.arange(len(moods))
    return Rule(f"majority: {', '.join(moods)}", lambda counts: majority(counts, moods), label_of_column)


RULES = (
    Rule(
        "strict majority, eight classes",
        strict_majority,
        np.where(np.arange(len(COLUMNS)) < CLASSES, np.arange(len(COLUMNS)), -1),
    ),
    _of_moods(tuple(Mood)),
    _of_moods(THREE),
)


@dataclass(frozen=True)
class HumanAgreement:
    """Agreement by one rule, as shares of faces with standard errors by bootstrap over faces.

    Attributes:
        rule: its name.
        faces: on how many faces ten people have a majority.
        labels: how often FER2013's label is that majority.
        one: how often one person says what the majority of the other nine says.
        one_balanced: the same as the mean of the classes.
        five: how often the majority of five is that of the other five, where both have one.
    """

    rule: str
    faces: int
    labels: Estimate
    one: Estimate
    one_balanced: Estimate
    five: Estimate

    def report(self) -> str:
        """Format the shares for people."""
        return (
            f"{self.rule} ({self.faces} faces)\n"
            f"FER2013's label is what the majority of the ten says: {self.labels.percent()}\n"
            f"one person says what the majority of the other nine says: {self.one.percent()}, "
            f"balanced {self.one_balanced.share()}\n"
            f"the majority of five says what that of the other five says: {self.five.percent()}"
        )


def measure(split: Split, rule: Rule) -> HumanAgreement:
    """Measure the agreement on a split.

    Args:
        split: with votes, and with all faces and moods in the order of Mood.
        rule: one of RULES.
    """
    assert split.vote_counts is not None
    faces, truth = rule.majority(split.vote_counts)
    hit = (rule.label_of_column[split.labels] == truth)[faces]
    one = _one_against_nine(split.vote_counts, rule)
    return HumanAgreement(
        rule.name,
        faces=int(faces.sum()),
        labels=_share(hit),
        one=one["accuracy"],
        one_balanced=one["balanced_accuracy"],
        five=_share(_five_against_five(split.vote_counts, rule)),
    )


def _share(hit: NDArray[np.bool_]) -> Estimate:
    return estimate(lambda weights: {"share": statistics.mean(hit, weights)}, np.arange(len(hit)))["share"]


def _one_against_nine(counts: Counts, rule: Rule) -> dict[str, Estimate]:
    """Each of the ten in turn against the others, where these have a majority."""
    cases = []
    for column, label in enumerate(rule.label_of_column):
        voted = np.flatnonzero(counts[:, column])
        others = counts[voted]
        others[:, column] -= 1
        has_majority, truth = rule.majority(others)
        rows = voted[has_majority]
        cases.append((rows, truth[has_majority], np.full(len(rows), label), counts[rows, column]))
    faces, truth, said, times = (np.concatenate(part) for part in zip(*cases, strict=True))
    _, groups = np.unique(faces, return_inverse=True)

    def figures(weights: Weights) -> dict[str, float]:
        votes = weights * times
        recalls = statistics.recalls(truth, said, votes, len(COLUMNS))
        return {
            "accuracy": statistics.mean(said == truth, votes),
            "balanced_accuracy": statistics.balanced_accuracy(recalls),
        }

    return estimate(figures, groups)


def _five_against_five(counts: Counts, rule: Rule) -> NDArray[np.bool_]:
    """Whether two random halves of the ten agree, bool, for faces on which both have a majority."""
    generator = np.random.default_rng(SEED)
    half = np.array([generator.multivariate_hypergeometric(votes, votes.sum() // 2) for votes in counts])
    (first, said), (second, said_by_others) = rule.majority(half), rule.majority(counts - half)
    both = first & second
    return np.asarray((said == said_by_others)[both])
