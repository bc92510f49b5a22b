"""Threshold and temperature are chosen so that probabilities mean what they say."""

from __future__ import annotations

import re

import numpy as np
import pytest

from converter.errors import RunError
from converter.quantize.calibration import (
    Threshold,
    choose_temperature,
    choose_threshold,
    choose_threshold_by_people,
)
from tests.converter.predictions import probabilities_of

TRUTH = np.array([0, 0, 0, 0, 1, 1, 2, 2, 2, 2])


def test_the_threshold_is_the_lowest_that_reaches_the_target_precision() -> None:
    # From .70 on 5 of 6 are right; from .90 on 4 of 4.
    confidence = np.array([0.95, 0.92, 0.91, 0.90, 0.80, 0.70, 0.60, 0.55, 0.50, 0.45])
    predicted = np.array([0, 0, 0, 0, 0, 1, 2, 2, 2, 0])
    truth = np.array([0, 0, 0, 0, 1, 1, 0, 0, 2, 1])
    probabilities = probabilities_of(predicted, confidence)
    chosen = choose_threshold(truth, probabilities, target_precision=0.8)
    assert chosen == Threshold(value=0.61, precision=5 / 6, coverage=0.6)
    chosen = choose_threshold(truth, probabilities, target_precision=0.85)
    assert chosen == Threshold(value=0.81, precision=1, coverage=0.4)


def test_a_model_that_is_always_right_gets_threshold_0() -> None:
    chosen = choose_threshold(TRUTH, probabilities_of(TRUTH), target_precision=1)
    assert chosen == Threshold(0, precision=1, coverage=1)


def test_a_target_precision_that_no_threshold_reaches_is_refused() -> None:
    with pytest.raises(RunError, match="no threshold makes 85 % of the named moods right, at most 0 %"):
        choose_threshold(TRUTH, probabilities_of((TRUTH + 1) % 3), target_precision=0.85)


def test_the_precision_that_can_be_reached_is_said_and_can_be_asked_for() -> None:
    answers = probabilities_of(np.where(np.arange(len(TRUTH)) % 3, (TRUTH + 1) % 3, TRUTH))
    with pytest.raises(RunError, match=r"right, at most (\d+) %; train the network further, or") as refused:
        choose_threshold(TRUTH, answers, target_precision=0.9)
    percent = int(re.findall(r"at most (\d+) %", str(refused.value))[0])
    assert choose_threshold(TRUTH, answers, percent / 100).precision >= percent / 100
    with pytest.raises(RunError):
        choose_threshold(TRUTH, answers, percent / 100 + 0.01)


@pytest.mark.parametrize("distortion", [0.5, 1.0, 2.0])
def test_the_temperature_corrects_probabilities_that_are_too_high_or_too_low(distortion: float) -> None:
    generator = np.random.default_rng(1)
    calibrated = generator.dirichlet((1, 1, 1), 20_000)
    truth = (generator.random((20_000, 1)) > calibrated[:, :2].cumsum(axis=1)).sum(axis=1)
    distorted = calibrated ** (1 / distortion)
    distorted /= distorted.sum(axis=1, keepdims=True)
    temperature = choose_temperature(np.eye(3)[truth], distorted.astype(np.float32))
    assert temperature == pytest.approx(1 / distortion, rel=0.05)


def test_the_temperature_makes_probabilities_as_spread_as_the_votes() -> None:
    votes = np.random.default_rng(1).dirichlet((1, 1, 1), 2000)
    overconfident = votes**3 / (votes**3).sum(axis=1, keepdims=True)
    assert choose_temperature(votes, overconfident.astype(np.float32)) == pytest.approx(3, rel=0.05)


def test_the_threshold_by_people_reaches_the_target_with_other_people_too() -> None:
    generator = np.random.default_rng(1)
    people = np.repeat(np.arange(200), 2)
    confidence = generator.uniform(0, 1, 400)
    hit = generator.uniform(0, 1, 400) < confidence  # calibrated: right as often as it is sure
    chosen = choose_threshold_by_people(hit, confidence, people, 0.8)
    named = confidence >= chosen.value
    assert chosen.coverage == named.mean()
    assert chosen.precision == hit[named].mean() > 0.8
    # The lowest with a precision of .8 on these very people would be lower.
    assert hit[confidence >= chosen.value - 0.05].mean() > 0.8
    # If all photos of a wrong answer show few people, one of them may be missing in another sample.
    of_few = np.where(hit, people, people % 4)
    assert choose_threshold_by_people(hit, confidence, of_few, 0.8).value > chosen.value


def test_a_precision_that_is_not_sure_with_any_threshold_is_refused() -> None:
    hit = np.arange(100) % 2 == 0
    with pytest.raises(RunError, match="90 % of the moods named on the photos surely right, at most 4"):
        choose_threshold_by_people(hit, np.full(100, 0.95), np.arange(100), 0.9)
    with pytest.raises(RunError, match="fewer than 30 faces were found on the photos"):
        choose_threshold_by_people(hit, np.full(100, -1.0), np.arange(100), 0.9)
