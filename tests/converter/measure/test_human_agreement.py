"""People are measured against each other by the rules that models are scored by."""

from __future__ import annotations

import numpy as np
import pytest

from converter.data.dataset import Split
from converter.data.ferplus import COLUMNS
from converter.measure.human_agreement import RULES, HumanAgreement, measure
from device.mood import Mood

STRICT, SEVEN, THREE = RULES


def split(*faces: tuple[Mood, dict[str, int]]) -> Split:
    """Return faces with these labels and votes."""
    counts = np.array([[votes.get(name, 0) for name in COLUMNS] for _, votes in faces], np.int64)
    labels = np.array([list(Mood).index(label) for label, _ in faces])
    return Split("Test", tuple(Mood), np.zeros((len(faces), 48, 48), np.uint8), labels, None, counts)


def test_people_who_all_agree_agree_on_everything_even_where_the_label_does_not() -> None:
    found = measure(split((Mood.HAPPY, {"happiness": 10}), (Mood.ANGRY, {"sadness": 10})), STRICT)
    assert found.faces == 2
    assert (found.one.value, found.one_balanced.value, found.five.value) == (1, 1, 1)
    assert found.labels.value == 0.5


def test_one_person_is_compared_with_the_other_nine_and_not_with_all_ten() -> None:
    """Of six who said happy each sees 5 of 9 agree; each of the other four sees 6 of 9 against him."""
    found = measure(split((Mood.HAPPY, {"happiness": 6, "neutral": 4})), STRICT)
    assert found.one.value == pytest.approx(0.6)
    # With 5 to 5 nine people have a strict majority, which is never that of the tenth.
    found = measure(split((Mood.HAPPY, {"happiness": 5, "neutral": 5})), STRICT)
    assert (found.faces, found.one.value) == (0, 0)


def test_a_vote_for_no_class_agrees_with_nobody() -> None:
    found = measure(split((Mood.HAPPY, {"happiness": 8, "unknown": 2})), SEVEN)
    assert found.one.value == pytest.approx(0.8)


def test_balanced_agreement_is_the_mean_of_the_classes() -> None:
    faces = [(Mood.HAPPY, {"happiness": 10})] * 3 + [(Mood.SAD, {"sadness": 6, "neutral": 4})]
    found = measure(split(*faces), THREE)
    assert found.one.value == pytest.approx((30 + 6) / 40)
    assert found.one_balanced.value == pytest.approx((1 + 0.6) / 2)


def test_a_label_that_the_rule_does_not_know_is_not_the_majority() -> None:
    found = measure(split((Mood.FEAR, {"sadness": 10}), (Mood.SAD, {"sadness": 10})), THREE)
    assert (found.faces, found.labels.value) == (2, 0.5)


def test_halves_of_the_ten_disagree_more_the_more_evenly_they_vote() -> None:
    clear = measure(split(*[(Mood.SAD, {"sadness": 9, "fear": 1})] * 50), SEVEN)
    close = measure(split(*[(Mood.SAD, {"sadness": 6, "fear": 4})] * 50), SEVEN)
    assert clear.five.value == 1
    assert 0.1 < close.five.value < 0.9
    assert close.five.error > 0
    assert close == measure(split(*[(Mood.SAD, {"sadness": 6, "fear": 4})] * 50), SEVEN)


def test_the_report_has_a_line_for_each_share() -> None:
    found = measure(split((Mood.SAD, {"sadness": 10})), THREE)
    assert isinstance(found, HumanAgreement)
    assert found.report().splitlines() == [
        "majority: happy, neutral, sad (1 faces)",
        "FER2013's label is what the majority of the ten says: 100.0 ± 0.0 %",
        "one person says what the majority of the other nine says: 100.0 ± 0.0 %, balanced 1.000 ± 0.000",
        "the majority of five says what that of the other five says: 100.0 ± 0.0 %",
    ]
