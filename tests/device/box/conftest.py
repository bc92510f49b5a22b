"""A box at a real MPD, with gpiozero's mock pins and pictures in place of a camera."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec
import pytest

from device.config.settings import DEFAULT_MODEL, Model, Settings
from device.demo.harness import Harness, harness_for
from device.demo.server import PrivateMpd
from device.panel.lights import Indication, MoodLeds
from tests.device.box.helpers import PictureSequence, Shown
from tests.device.conftest import HAPPY


@pytest.fixture
def wall(tmp_path: Path) -> Path:
    """A picture without a face."""
    import cv2
    import numpy as np

    path = tmp_path / "wall.png"
    path.write_bytes(cv2.imencode(".png", np.full((240, 320), 120, np.uint8))[1].tobytes())
    return path


@pytest.fixture
def camera() -> PictureSequence:
    return PictureSequence(HAPPY)


@pytest.fixture
def harness(settings: Settings, camera: PictureSequence, library: PrivateMpd) -> Iterator[Harness]:
    with harness_for(settings, camera) as made:
        yield made


@pytest.fixture
def shown(monkeypatch: pytest.MonkeyPatch) -> Shown:
    """What the lights show from now on: a test that looks late does not miss what is short."""
    found: Shown = []
    show = MoodLeds.show

    def noted(leds: MoodLeds, indication: Indication, *rest: Any, **named: Any) -> None:
        show(leds, indication, *rest, **named)
        found.append((indication, {mood for mood, led in leds._leds.items() if led.value}))

    monkeypatch.setattr(MoodLeds, "show", noted)
    return found


@pytest.fixture
def unsure(settings: Settings, tmp_path: Path) -> Settings:
    """Settings whose model never reaches its threshold, with looks that last long enough to wait for."""
    path = tmp_path / "unsure.tflite"
    shutil.copy(DEFAULT_MODEL, path)
    card = json.loads(DEFAULT_MODEL.with_suffix(".json").read_text())
    card["threshold"] = 1.0
    path.with_suffix(".json").write_text(json.dumps(card))
    look = msgspec.structs.replace(settings.look, seconds=0.3)
    return msgspec.structs.replace(settings, model=Model(path=str(path)), look=look)
