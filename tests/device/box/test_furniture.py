"""A poster that is in view all day is no longer taken for a person; with a real model and real pictures."""

from __future__ import annotations

import logging
import time
from contextlib import closing
from pathlib import Path

import msgspec
import numpy as np
import pytest

from device.box.furniture import FurnitureLearner, SightedFaces
from device.box.state import State, StateHolder
from device.cli.main import main
from device.config.settings import Look, Model, Settings
from device.demo.harness import harness_for
from device.demo.server import PrivateMpd
from device.health import Health
from device.panel.lights import Indication
from device.playback.guarded_memory import GuardedMemory
from device.playback.memory import Memory
from device.vision.frame import Frame
from device.vision.furniture import Box, FaceLocation, box_of
from device.vision.observation import FaceAnalyzer
from device.vision.pictures import read_picture
from tests.device.box.helpers import PictureSequence, plays, shows
from tests.device.conftest import HAPPY, NEUTRAL

HOUR = 3600.0
WALL = np.full((240, 320), 120, np.uint8)


@pytest.fixture(scope="module")
def analyzer() -> FaceAnalyzer:
    return FaceAnalyzer(Model(), Look())


def face_in(picture: Frame, analyzer: FaceAnalyzer) -> Box:
    """The place of the face in the picture."""
    face = analyzer.analyze(picture).face
    assert face
    return box_of(face, picture.shape[1])


def test_furniture_is_no_face(analyzer: FaceAnalyzer) -> None:
    picture = read_picture(HAPPY)
    poster = face_in(picture, analyzer)
    faces = SightedFaces(analyzer, (poster,))
    assert faces.analyze(picture).face is None
    assert (faces.person, faces.seen) == (None, {poster})


def test_somebody_beside_furniture_is_found(analyzer: FaceAnalyzer) -> None:
    left, right = (read_picture(path)[:500, :500] for path in (HAPPY, NEUTRAL))
    both = np.hstack([left, right])
    first = face_in(both, analyzer)
    faces = SightedFaces(analyzer, (first,))
    face = faces.analyze(both).face
    assert face
    assert not box_of(face, both.shape[1]).is_at(first)
    assert (faces.person, faces.seen) == (box_of(face, both.shape[1]), {first})


def test_a_face_elsewhere_is_no_furniture(analyzer: FaceAnalyzer) -> None:
    picture = read_picture(HAPPY)
    poster = face_in(picture, analyzer)
    faces = SightedFaces(analyzer, (Box(poster.x + 0.2 * poster.width, poster.y, poster.width),))
    assert faces.analyze(picture).face
    assert faces.seen == set()


def test_a_poster_is_learned_by_the_looks_of_a_day_and_forgotten_when_it_is_gone(
    analyzer: FaceAnalyzer, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    now = 0.0
    monkeypatch.setattr(time, "time", lambda: now)
    memory, state = Memory.in_memory(), StateHolder(State())
    learner = FurnitureLearner(GuardedMemory(memory, Health()), state)
    random = np.random.default_rng(1)

    def look(picture: Frame) -> bool:
        """Whether somebody is seen."""
        faces = learner.sighted(analyzer)
        for _ in range(3):
            noise = random.integers(-4, 4, picture.shape, endpoint=True)
            faces.analyze(np.clip(picture + noise, 0, 255).astype(np.uint8))
        learner.learn(faces)
        return faces.person is not None

    seen = []
    for hour in range(0, 27, 2):
        now = hour * HOUR
        seen.append(look(read_picture(HAPPY)))
    assert seen == [True] * 13 + [False]
    assert state.value.furniture == 1
    assert "a face has not moved for a day: it is furniture now" in caplog.text
    for hour in range(28, 56, 2):
        now = hour * HOUR
        look(WALL)
    assert state.value.furniture == 0
    assert "a face that was furniture has been gone for a day" in caplog.text


def test_a_look_in_which_nothing_was_searched_teaches_nothing() -> None:
    memory = Memory.in_memory()
    locations = (FaceLocation(Box(0.5, 0.5, 0.2), 0.0, 0.0, 0.0, is_furniture=True),)
    memory.keep_face_locations(locations)
    learner = FurnitureLearner(GuardedMemory(memory, Health()), StateHolder(State()))
    learner.learn(SightedFaces(None, ()))  # type: ignore[arg-type]
    assert memory.face_locations() == locations


def test_the_box_waits_for_a_person_beside_furniture_until_it_is_told_to_forget_it(
    settings: Settings, library: PrivateMpd, settings_file: Path, analyzer: FaceAnalyzer
) -> None:
    poster = FaceLocation(face_in(read_picture(HAPPY), analyzer), 0.0, 0.0, 0.0, is_furniture=True)
    settings.service.state_path().mkdir(parents=True)
    with closing(Memory.open(settings.service.state_path())) as memory:
        memory.keep_face_locations((poster,))
    quick = msgspec.structs.replace(settings, look=msgspec.structs.replace(settings.look, seconds=0.2))
    with harness_for(quick, PictureSequence(HAPPY)) as harness:
        shows(harness, Indication.NO_FACE)
        assert harness.status()["furniture"] == 1
        assert main(["forget", "--settings", str(settings_file)]) == 0
        harness.press()
        plays(harness, "Disco")
        assert harness.status()["furniture"] == 0
