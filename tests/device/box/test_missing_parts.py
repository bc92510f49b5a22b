"""The box runs without its panel, model or lexicon, and shows trouble."""

from __future__ import annotations

import contextlib
import shutil
import threading
from pathlib import Path
from queue import SimpleQueue
from typing import Any

import msgspec
import pytest
from gpiozero import Device

from device.assembly import open_box
from device.box.loop import Stop
from device.config.settings import DEFAULT_MODEL, Model, Panel, Settings
from device.control.client import ask
from device.demo.harness import Harness, harness_for
from device.demo.server import PrivateMpd
from device.errors import ServiceError
from device.mood import Mood
from device.panel.lights import Indication
from tests.device.box.helpers import PictureSequence, plays, shows
from tests.waiting import eventually


def test_a_panel_that_is_not_reachable_costs_the_lights_and_not_the_music(
    settings: Settings, camera: PictureSequence, library: PrivateMpd, monkeypatch: pytest.MonkeyPatch
) -> None:
    Device.pin_factory = None
    monkeypatch.setenv("GPIOZERO_PIN_FACTORY", "lgpio")
    events: SimpleQueue[Any] = SimpleQueue()

    def run() -> None:
        with open_box(settings, events, lambda _: camera) as box:
            box.run()

    thread = threading.Thread(target=run)
    thread.start()
    socket = settings.service.socket_path()

    def status() -> dict[str, Any]:
        with contextlib.suppress(ServiceError):
            return ask(socket, "status")
        return {"playing": None}

    eventually(lambda: status()["playing"] == "play")
    assert "no GPIO pins" in status()["trouble"]["panel"]
    events.put(Stop())
    thread.join()


@pytest.mark.parametrize("left", [0, 1000, 100_000, None], ids=str)
def test_a_model_that_is_truncated_or_missing_is_trouble_and_the_music_can_be_paused(
    settings: Settings, camera: PictureSequence, library: PrivateMpd, tmp_path: Path, left: int | None
) -> None:
    path = tmp_path / "mine.tflite"
    shutil.copy(DEFAULT_MODEL.with_suffix(".json"), path.with_suffix(".json"))
    if left is not None:
        path.write_bytes(DEFAULT_MODEL.read_bytes()[:left])
    mpd = library.client()
    mpd.add("sad/01.ogg")
    mpd.play()
    with harness_for(msgspec.structs.replace(settings, model=Model(path=str(path))), camera) as harness:
        shows(harness, Indication.TROUBLE)
        assert harness.status()["trouble"].keys() == {"model"}
        assert str(path) in harness.status()["trouble"]["model"]
        harness.press()
        harness.press(settings.panel.hold + 0.3)
        eventually(lambda: harness.status()["playing"] == "pause")
        shows(harness, Indication.TROUBLE)
        assert camera.opened == 0


def test_a_mood_without_a_light_is_trouble_on_all_lights(
    settings: Settings, camera: PictureSequence, library: PrivateMpd
) -> None:
    panel = Panel(leds={Mood.NEUTRAL: 5, Mood.SAD: 6})  # nothing that is like happy
    with harness_for(msgspec.structs.replace(settings, panel=panel), camera) as harness:
        plays(harness, "Disco")
        shows(harness, Indication.TROUBLE)
        assert "panel.leds: the model also tells happy" in harness.status()["trouble"]["settings"]


def test_a_lexicon_that_is_broken_is_trouble_and_the_music_plays_by_the_boxs_own(
    settings: Settings, camera: PictureSequence, library: PrivateMpd, tmp_path: Path
) -> None:
    (tmp_path / "places.toml").write_text("[genres\n")
    music = msgspec.structs.replace(settings.music, places=str(tmp_path / "places.toml"))
    with harness_for(msgspec.structs.replace(settings, music=music), camera) as harness:
        plays(harness, "Disco")
        assert "places.toml: not valid TOML" in harness.status()["trouble"]["settings"]


def test_a_second_box_ends_at_once_and_the_first_runs_on(harness: Harness, settings: Settings) -> None:
    with pytest.raises(ServiceError, match="a box runs already"), open_box(settings, SimpleQueue()):
        pass
    assert harness.status()["version"]
