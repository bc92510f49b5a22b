"""Figures of answers are what can be computed by hand, each face counted as often as its weight says."""

from __future__ import annotations

import math

import numpy as np
import pytest

from converter.measure import statistics

ONES = np.ones(4)


def test_a_mean_counts_each_face_as_often_as_its_weight_says() -> None:
    assert statistics.mean(np.array([1, 0, 0, 1]), np.array([3.0, 1, 0, 0])) == 0.75
    assert statistics.mean(np.array([1, 0]), np.zeros(2)) == 0


def test_recalls_are_shares_of_each_class_and_balanced_accuracy_is_their_mean() -> None:
    truth, predicted = np.array([0, 0, 1, 1]), np.array([0, 1, 1, 1])
    assert statistics.recalls(truth, predicted, ONES, 2) == [0.5, 1]
    assert statistics.recalls(truth, predicted, np.array([1.0, 3, 1, 1]), 2) == [0.25, 1]
    assert statistics.balanced_accuracy([0.5, 1]) == 0.75


def test_a_class_that_does_not_occur_does_not_count() -> None:
    recalls = statistics.recalls(np.array([0, 0]), np.array([0, 2]), np.ones(2), 3)
    assert recalls[0] == 0.5
    assert math.isnan(recalls[1])
    assert statistics.balanced_accuracy(recalls) == 0.5


def test_cross_entropy_is_least_where_the_probabilities_are_the_shares_of_the_votes() -> None:
    shares = np.array([[0.5, 0.5], [1, 0]], np.float32)
    confident = np.array([[0.9, 0.1], [0.9, 0.1]], np.float32)
    by_hand = (-0.5 * math.log(0.9) - 0.5 * math.log(0.1) - math.log(0.9)) / 2
    assert statistics.cross_entropy(shares, confident, np.ones(2)) == pytest.approx(by_hand)
    assert statistics.cross_entropy(shares, shares, np.ones(2)) == pytest.approx(math.log(2) / 2)


def test_a_probability_of_0_for_what_people_say_costs_much_but_not_everything() -> None:
    shares, wrong = np.array([[0, 1]], np.float32), np.array([[1, 0]], np.float32)
    assert statistics.cross_entropy(shares, wrong, np.ones(1)) == pytest.approx(math.log(512))


def test_the_calibration_error_is_the_distance_of_confidence_and_share_in_each_bin() -> None:
    confidence = np.array([0.9, 0.9, 0.5, 0.5], np.float32)
    # In one bin .9 was claimed and .8 is right; in the other .5 and .7.
    right = np.array([1, 0.6, 0.7, 0.7], np.float32)
    assert statistics.calibration_error(confidence, right, ONES) == pytest.approx((0.1 + 0.2) / 2)
    assert statistics.calibration_error(confidence, confidence, ONES) == 0


def test_too_high_and_too_low_probabilities_of_one_bin_even_out() -> None:
    confidence, right = np.array([0.9, 0.9], np.float32), np.array([1, 0.8], np.float32)
    assert statistics.calibration_error(confidence, right, np.ones(2)) == pytest.approx(0, abs=1e-6)


CONFIDENCE = np.array([0.9, 0.8, 0.7, 0.6], np.float32)
HIT = np.array([True, True, False, True])


@pytest.mark.parametrize(("precision", "covered"), [(1, 0.5), (0.75, 1), (0.7, 1), (0.9, 0.5)])
def test_coverage_is_the_most_that_a_threshold_names_with_that_precision(
    precision: float, covered: float
) -> None:
    assert statistics.coverage(CONFIDENCE, HIT, precision, ONES) == covered


def test_coverage_is_0_if_no_threshold_reaches_the_precision() -> None:
    assert statistics.coverage(CONFIDENCE, ~HIT, 0.9, ONES) == 0


def test_a_threshold_cannot_separate_equal_confidences() -> None:
    equal = np.full(4, 0.8, np.float32)
    assert statistics.coverage(equal, HIT, 0.9, ONES) == 0
    assert statistics.coverage(equal, HIT, 0.75, ONES) == 1


def test_a_face_that_was_not_found_is_never_named_but_counts() -> None:
    confidence = np.array([0.9, 0.8, -1, -1], np.float32)
    assert statistics.coverage(confidence, np.array([True, True, True, True]), 0.9, ONES) == 0.5


def test_coverage_counts_each_face_as_often_as_its_weight_says() -> None:
    assert statistics.coverage(CONFIDENCE, HIT, 0.9, np.array([1.0, 1, 0, 2])) == 1
