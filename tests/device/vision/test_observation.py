from __future__ import annotations

from pathlib import Path

from device.config.settings import Look as Rules
from device.config.settings import Model
from device.mood import Face, Mood, Outcome, Probabilities
from device.vision.camera import PictureCamera
from device.vision.observation import FaceAnalyzer, FrameResult, Observation, observe
from device.vision.pictures import read_picture
from tests.device.conftest import HAPPY, NEUTRAL

FACE = Face(1, 2, 3, 4)
NOBODY = FrameResult(None, None, 0.01, 0)


def result(mood: Mood, share: float = 0.8) -> FrameResult:
    reading: Probabilities = {
        m: share if m is mood else (1 - share) / 2 for m in (Mood.HAPPY, Mood.NEUTRAL, Mood.SAD)
    }
    return FrameResult(FACE, reading, 0.01, 0.01)


def look(*results: FrameResult) -> Observation:
    return Observation(Rules(readings=5, seconds=3), threshold=0.5, started=100.0, results=list(results))


def test_by_default_a_look_takes_at_least_five_readings_and_at_most_three_seconds() -> None:
    assert (Rules().readings, Rules().seconds) == (5, 3.0)


def test_a_look_is_decided_when_its_readings_agree() -> None:
    assert not look(*[result(Mood.SAD)] * 4).decided()
    assert look(*[result(Mood.SAD)] * 5).decided()


def test_readings_that_disagree_need_more_of_them() -> None:
    mixed = look(*[result(Mood.SAD)] * 4, result(Mood.HAPPY))
    assert not mixed.decided()
    assert mixed.decision().mood is Mood.SAD


def test_frames_without_a_face_do_not_count() -> None:
    assert not look(*[result(Mood.SAD)] * 4, NOBODY).decided()
    assert look(NOBODY, *[result(Mood.SAD)] * 5).decision().readings == 5


def test_its_time_is_up_after_the_seconds_of_the_settings() -> None:
    assert look().ends == 103.0


def test_nobody_there_is_no_face() -> None:
    assert look(NOBODY, NOBODY).decision().outcome is Outcome.NO_FACE


def test_readings_below_the_cards_threshold_are_unsure() -> None:
    assert look(*[result(Mood.SAD, 0.45)] * 5).decision().outcome is Outcome.UNSURE


def test_real_faces_get_the_mood_that_a_person_sees_in_them() -> None:
    analyzer = FaceAnalyzer(Model(), Rules())
    for path, mood in ((HAPPY, Mood.HAPPY), (NEUTRAL, Mood.NEUTRAL)):
        decision = observe(analyzer, PictureCamera([path]), Rules())
        assert decision.mood is mood
        assert decision.readings == 1


def test_every_second_reading_is_of_the_mirror_image() -> None:
    analyzer, frame = FaceAnalyzer(Model(), Rules()), read_picture(NEUTRAL)
    look = Observation(Rules(), threshold=0.5, started=0.0)
    taken = [look.take(analyzer, frame) for _ in range(3)]
    before = [None, taken[0].face, taken[1].face]
    plain = [analyzer.analyze(frame, face).reading for face in before]
    mirror = [analyzer.analyze(frame, face, mirrored=True).reading for face in before]

    assert [result.reading for result in taken] == [plain[0], mirror[1], plain[2]]
    assert plain[1] != mirror[1]


def test_a_look_ends_early_once_decided() -> None:
    analyzer = FaceAnalyzer(Model(), Rules())
    paths: list[Path] = [HAPPY] * 20
    assert observe(analyzer, PictureCamera(paths), Rules(seconds=30)).readings == 5
