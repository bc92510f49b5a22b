from __future__ import annotations

import itertools
import json
import shutil
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from device.config.settings import DEFAULT_MODEL, Model
from device.config.settings import Look as Rules
from device.mood import Face, Mood, Outcome, Probabilities
from device.vision.change import ChangeDetector
from device.vision.frame import Frame
from device.vision.model_card import PLAIN, CropVariation
from device.vision.observation import CROPS, FaceAnalyzer, FrameResult, Observation, observe
from device.vision.pictures import read_picture
from tests.device.conftest import HAPPY, NEUTRAL

FACE = Face(1, 2, 3, 4)
NO_FACE = FrameResult(None, None, 0.01, 0)


EMPTY = np.full((240, 320), 120, np.uint8)


class CountingAnalyzer(FaceAnalyzer):
    """Finds one thing after the other, and counts frames: how often the real one is asked cannot be seen."""

    def __init__(self, *found: FrameResult) -> None:
        self.found = itertools.cycle(found)
        self.numbers: list[int] = []

    @property
    def count(self) -> int:
        return len(self.numbers)

    def analyze(self, frame: Frame, previous: Face | None = None, number: int = 0) -> FrameResult:
        self.numbers.append(number)
        return next(self.found)


def result(mood: Mood, share: float = 0.8) -> FrameResult:
    probabilities: Probabilities = {
        m: share if m is mood else (1 - share) / 2 for m in (Mood.HAPPY, Mood.NEUTRAL, Mood.SAD)
    }
    return FrameResult(FACE, probabilities, 0.01, 0.01)


def observation(*results: FrameResult) -> Observation:
    return Observation(Rules(readings=5, seconds=3), threshold=0.5, started=100.0, results=list(results))


def test_by_default_an_observation_needs_five_predictions_and_takes_at_most_three_seconds() -> None:
    assert (Rules().readings, Rules().seconds) == (5, 3.0)


def test_an_observation_is_finished_when_its_predictions_agree() -> None:
    assert not observation(*[result(Mood.SAD)] * 4).is_finished(now=100.0)
    assert observation(*[result(Mood.SAD)] * 5).is_finished(now=100.0)


def test_predictions_that_disagree_need_more_of_them() -> None:
    mixed = observation(*[result(Mood.SAD)] * 4, result(Mood.HAPPY))
    assert not mixed.is_finished(now=100.0)
    assert mixed.decision().mood is Mood.SAD


def test_frames_without_a_face_do_not_count() -> None:
    assert not observation(*[result(Mood.SAD)] * 4, NO_FACE).is_finished(now=100.0)
    assert observation(NO_FACE, *[result(Mood.SAD)] * 5).decision().prediction_count == 5


def test_an_observation_is_finished_after_the_seconds_of_the_settings() -> None:
    assert observation().deadline == 103.0
    assert not observation(NO_FACE).is_finished(now=102.9)
    assert observation(NO_FACE).is_finished(now=103.0)


def test_frames_without_a_face_alone_are_no_face() -> None:
    assert observation(NO_FACE, NO_FACE).decision().outcome is Outcome.NO_FACE


def test_predictions_below_the_cards_threshold_are_unsure() -> None:
    assert observation(*[result(Mood.SAD, 0.45)] * 5).decision().outcome is Outcome.UNSURE


@pytest.mark.parametrize("rules", [Rules(), Rules(detector="lbp")], ids=["haar", "lbp"])
def test_real_faces_get_the_mood_that_a_person_sees_in_them(rules: Rules) -> None:
    analyzer = FaceAnalyzer(Model(), rules)
    for path, mood in ((HAPPY, Mood.HAPPY), (NEUTRAL, Mood.NEUTRAL)):
        decision = observe(analyzer, [read_picture(path)], rules)
        assert decision.mood is mood
        assert decision.prediction_count == 1


def test_what_the_network_takes_for_no_face_is_none(tmp_path: Path) -> None:
    """By a copy of the shipped model whose card asks for more certainty than an integer output can have."""
    model = Path(shutil.copy(DEFAULT_MODEL, tmp_path / "strict.tflite"))
    card = json.loads(DEFAULT_MODEL.with_suffix(".json").read_text())
    model.with_suffix(".json").write_text(json.dumps(card | {"face_threshold": 0.999}))
    strict, shipped = FaceAnalyzer(Model(path=str(model)), Rules()), FaceAnalyzer(Model(), Rules())
    face = shipped.analyze(read_picture(HAPPY)).face
    assert face is not None
    assert strict.analyze(read_picture(HAPPY)).face is None
    assert strict.analyze(read_picture(HAPPY), previous=face).face is None


def test_each_prediction_of_a_look_is_made_from_another_crop_of_the_face() -> None:
    analyzer, frame = FaceAnalyzer(Model(), Rules()), read_picture(NEUTRAL)
    observed = Observation(Rules(), threshold=0.5, started=0.0)
    results = [observed.add_frame(analyzer, frame) for _ in range(5)]
    previous = [None, *(result.face for result in results)]
    predicted = [result.probabilities for result in results]
    assert predicted == [
        analyzer.analyze(frame, face, number).probabilities
        for number, face in zip(range(5), previous, strict=False)
    ]
    assert len({tuple(found.values()) for found in predicted if found}) == 5


def test_the_crops_of_a_look_are_on_the_whole_where_the_face_is_and_half_of_them_mirrored() -> None:
    assert CROPS[0] == PLAIN
    assert np.mean(CROPS, axis=0) == pytest.approx(CropVariation(mirrored=0.5))  # type: ignore[arg-type]
    assert len(set(CROPS)) == len(CROPS)


def test_a_crop_that_was_not_taken_for_a_face_is_not_tried_again() -> None:
    analyzer = CountingAnalyzer(NO_FACE, NO_FACE, result(Mood.SAD), NO_FACE, NO_FACE, result(Mood.SAD))
    observed = observation()
    for _ in range(6):
        observed.add_frame(analyzer, EMPTY)
    assert analyzer.numbers == [0, 0, 0, 1, 2, 3]


def test_no_frame_is_taken_after_the_predictions_agree() -> None:
    analyzer = FaceAnalyzer(Model(), Rules())
    taken: list[Frame] = []

    def frames() -> Iterator[Frame]:
        while True:
            taken.append(read_picture(HAPPY))
            yield taken[-1]

    assert observe(analyzer, frames(), Rules(seconds=30)).prediction_count == 5
    assert len(taken) == 5


def test_no_frame_is_taken_after_the_time_is_up() -> None:
    analyzer = FaceAnalyzer(Model(), Rules())
    seconds = itertools.count()
    endless = itertools.repeat(read_picture(HAPPY))
    decision = observe(analyzer, endless, Rules(readings=50, seconds=3), clock=lambda: next(seconds))
    assert decision.prediction_count == 3


def test_an_observation_ends_with_its_frames() -> None:
    analyzer = FaceAnalyzer(Model(), Rules())
    assert observe(analyzer, [read_picture(HAPPY)] * 2, Rules(seconds=30)).prediction_count == 2
    assert observe(analyzer, [], Rules()).outcome is Outcome.NO_FACE


def test_while_nobody_is_there_a_frame_without_a_change_is_not_searched() -> None:
    analyzer = CountingAnalyzer(NO_FACE)
    waiting, changes = observation(), ChangeDetector(lambda: 0.0)
    results = [waiting.add_frame(analyzer, EMPTY, changes) for _ in range(5)]
    assert analyzer.count == 1
    assert [result.face for result in results] == [None] * 5
    waiting.add_frame(analyzer, read_picture(HAPPY), changes)
    assert analyzer.count == 2


def test_a_face_is_looked_at_in_every_frame_also_by_the_next_observation() -> None:
    analyzer = CountingAnalyzer(result(Mood.SAD))
    changes = ChangeDetector(lambda: 0.0)
    for waiting in observation(), observation():
        for _ in range(5):
            waiting.add_frame(analyzer, EMPTY, changes)
    assert analyzer.count == 10


def test_without_a_change_detector_every_frame_is_searched() -> None:
    analyzer = CountingAnalyzer(NO_FACE)
    requested = observation()
    for _ in range(5):
        requested.add_frame(analyzer, EMPTY)
    assert analyzer.count == 5
