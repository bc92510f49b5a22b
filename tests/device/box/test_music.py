"""What plays while MPD, its library or another client changes, and what `moodbox status` says of it."""

from __future__ import annotations

import os
import random
import signal
import threading
import time

import pytest
from gpiozero import Device

from device.config.settings import Panel, Settings
from device.demo.harness import Harness, harness_for
from device.demo.server import PrivateMpd
from device.mood import Mood
from device.panel.lights import Indication
from tests.device.box.helpers import PictureSequence, lit, plays, shows
from tests.device.conftest import HAPPY, NEUTRAL, AddSong
from tests.device.fuzzing import FUZZING
from tests.device.library.scanning import without_database
from tests.waiting import eventually


def test_while_somebody_plays_their_own_music_it_shows_the_mood_and_waits_for_a_press(
    settings: Settings, camera: PictureSequence, library: PrivateMpd
) -> None:
    user = library.client()
    user.add("sad/01.ogg")
    user.play()
    with harness_for(settings, camera) as harness:
        shows(harness, Indication.MOOD)
        eventually(lambda: harness.status()["stepped_back"])
        assert lit(harness) == {Mood.HAPPY}
        assert "Blues" in harness.status()["song"]
        harness.press()
        plays(harness, "Disco")
        assert not harness.status()["stepped_back"]
        user.clear()
        eventually(lambda: harness.status()["stepped_back"])
        assert harness.status()["playing"] == "stop"


def test_without_mpd_it_shows_trouble_observes_on_and_plays_once_mpd_is_there(
    settings: Settings, library: PrivateMpd, camera: PictureSequence
) -> None:
    library.stop()
    with harness_for(settings, camera) as harness:
        shows(harness, Indication.TROUBLE)
        assert harness.status()["mood"] == "happy"
        camera.paths = [NEUTRAL]
        harness.press()
        eventually(lambda: harness.status()["mood"] == "neutral")
        library.start()
        plays(harness, "Jazz")
        shows(harness, Indication.MOOD)


def test_an_mpd_that_hangs_is_trouble_and_plays_on_once_it_answers(
    harness: Harness, camera: PictureSequence, library: PrivateMpd
) -> None:
    plays(harness, "Disco")
    os.kill(library.pid, signal.SIGSTOP)
    camera.paths = [NEUTRAL]
    harness.press()
    eventually(lambda: "does not answer" in harness.status()["trouble"].get("player", ""))
    eventually(lambda: harness.status()["mood"] == "neutral")
    os.kill(library.pid, signal.SIGCONT)
    plays(harness, "Jazz")
    shows(harness, Indication.MOOD)


def test_an_empty_library_is_trouble_and_the_first_songs_play_once_mpd_knows_them(
    settings: Settings, camera: PictureSequence, mpd: PrivateMpd, add_song: AddSong
) -> None:
    with harness_for(settings, camera) as harness:
        shows(harness, Indication.TROUBLE)
        assert "has no songs" in harness.status()["trouble"]["library"]
        assert harness.status()["mood"] == "happy"
        add_song("first.ogg", genre="Disco", title="Disco 1")
        mpd.update()
        plays(harness, "Disco")
        shows(harness, Indication.MOOD)


def test_an_mpd_without_a_database_is_trouble_and_plays_once_it_has_one(
    settings: Settings, camera: PictureSequence, library: PrivateMpd
) -> None:
    with without_database(library), harness_for(settings, camera) as harness:
        shows(harness, Indication.TROUBLE)
        assert "MPD's library cannot be read" in harness.status()["trouble"]["library"]
        assert harness.status()["mood"] == "happy"
    with harness_for(settings, camera) as harness:
        plays(harness, "Disco")
        shows(harness, Indication.MOOD)


@pytest.mark.fuzz
def test_killing_mpd_again_and_again_loses_no_observation_and_leaves_it_playing(
    harness: Harness, camera: PictureSequence, library: PrivateMpd
) -> None:
    chance = random.Random(7)
    plays(harness, "Disco")
    for turn in range(100 if FUZZING else 4):
        path, mood, genre = ((NEUTRAL, Mood.NEUTRAL, "Jazz"), (HAPPY, Mood.HAPPY, "Disco"))[turn % 2]
        camera.paths = [path]

        thread = threading.Thread(target=harness.press)
        thread.start()
        time.sleep(chance.uniform(0, 0.8))
        library.kill()
        time.sleep(chance.uniform(0, 0.4))
        library.start()  # not in the thread: from 0.24 on MPD ends with the thread that started it
        thread.join()
        eventually(lambda mood=mood: harness.state.mood is mood)  # type: ignore[misc]
        plays(harness, genre)
    shows(harness, Indication.MOOD)


def test_after_the_end_the_lights_are_out_and_the_music_plays_on(
    settings: Settings, camera: PictureSequence, library: PrivateMpd
) -> None:
    with harness_for(settings, camera) as harness:
        plays(harness, "Disco")
        pins = Device.pin_factory
    assert [float(pins.pin(pin).state) for pin in Panel().leds.values()] == [0, 0, 0]
    assert library.client().status()["state"] == "play"


def test_status_over_the_socket_has_all_the_contracts_keys(harness: Harness) -> None:
    plays(harness, "Disco")
    status = harness.status()
    assert status["state"] == "mood"
    assert status["confidence"] > 0.5
    assert status["trouble"] == {}
    assert status["stepped_back"] is False
    assert status["chosen_by"] == "mood"
    assert sum(status["chosen_for"].values()) == pytest.approx(1)
    assert max(status["chosen_for"], key=status["chosen_for"].get) == status["mood"]
    assert list(status) == [
        *("state", "mood", "confidence", "corrected", "verdict", "probabilities", "by_hand"),
        *("playing", "song", "chosen_by", "chosen_for", "stepped_back"),
        *("volume", "style", "presses", "camera"),
        *("sleep", "sleep_minutes", "wake", "wake_on", "wake_once"),
        *("since", "furniture"),
        *("start", "version", "protocol", "trouble"),
    ]
