"""Song, volume, next and pause, with a real MPD."""

from __future__ import annotations

from device.config.settings import Settings
from device.demo.harness import harness_for
from device.demo.server import PrivateMpd
from tests.device.conftest import folder_with_songs, library, mpd, settings, silence  # noqa: F401
from tests.home.conftest import Start
from tests.home.mosquitto import HomeAssistant, Mosquitto, needs_mosquitto
from tests.waiting import eventually


@needs_mosquitto
def test_home_assistant_steers_the_music(
    settings: Settings,  # noqa: F811
    library: PrivateMpd,  # noqa: F811
    broker: Mosquitto,
    home_assistant: HomeAssistant,
    start: Start,
) -> None:
    with harness_for(settings):
        start(f"mqtt://127.0.0.1:{broker.port}")
        eventually(lambda: home_assistant.state().get("playing") == "play")
        song = home_assistant.state()["song"]
        topic = home_assistant.topic("/state").removesuffix("/state")
        home_assistant.send(f"{topic}/set/volume", "30")
        eventually(lambda: home_assistant.state()["volume"] == 30)
        home_assistant.send(f"{topic}/set/next", "PRESS")
        eventually(lambda: home_assistant.state()["song"] not in (None, song))
        home_assistant.send(f"{topic}/set/pause", "PRESS")
        eventually(lambda: home_assistant.state()["playing"] == "pause")
        home_assistant.send(f"{topic}/set/pause", "PRESS")
        eventually(lambda: home_assistant.state()["playing"] == "play")
        assert home_assistant.state()["trouble"] == "off"
