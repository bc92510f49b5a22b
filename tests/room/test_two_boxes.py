"""Two real boxes with an MPD each: a press at one moves the music of the other."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import msgspec
import pytest

from device.config.settings import Camera, Music, Room, Service, Settings
from device.control.client import ask
from device.control.protocol import SetMood
from device.demo.harness import Harness, harness_for
from device.demo.server import PrivateMpd
from device.mood import Mood
from tests.device.box.helpers import PictureSequence, lit, plays, shows
from tests.device.conftest import (  # noqa: F401
    HAPPY,
    NEUTRAL,
    folder_with_songs,
    library,
    mpd,
    settings,
    silence,
)
from tests.room.ends import carry, listening
from tests.waiting import eventually


@pytest.fixture
def other(settings: Settings, tmp_path: Path) -> Settings:  # noqa: F811
    """The settings of the box that plays along."""
    folder = tmp_path / "other"
    return msgspec.structs.replace(
        settings,
        camera=Camera(source=f"images:{NEUTRAL}"),
        music=Music(address=str(folder / "mpd.sock"), listen=False),
        service=Service(socket=str(folder / "control.sock"), state=str(folder / "state")),
        room=Room(server="127.0.0.1"),
    )


@pytest.fixture
def own_mpd(tmp_path: Path, library: PrivateMpd) -> Iterator[PrivateMpd]:  # noqa: F811
    """The MPD of the box that plays along, with songs of its own."""
    server = PrivateMpd(tmp_path / "other")
    for song in library.music.rglob("00.ogg"):
        target = server.music / song.relative_to(library.music)
        target.parent.mkdir(exist_ok=True)
        target.hardlink_to(song)
    with server:
        yield server


def nothing_plays(server: PrivateMpd) -> bool:
    status = server.client().status()
    return (status["state"], status["playlistlength"]) == ("stop", "0")


@pytest.mark.usefixtures("library")
def test_a_press_at_one_box_moves_the_music_of_the_other(
    settings: Settings,  # noqa: F811
    other: Settings,
    own_mpd: PrivateMpd,
) -> None:
    camera = PictureSequence(NEUTRAL)
    with (
        harness_for(settings, PictureSequence(HAPPY)) as kitchen,
        listening(settings.service.socket_path()) as address,
    ):
        plays(kitchen, "Disco")
        with harness_for(other, camera) as bedroom:
            assert bedroom.wait_for_decision(60)
            assert kitchen.status()["chosen_by"] == "mood"  # nobody has asked for that look
            carry(other.service.socket_path(), address)
            a_press_moves_the_music(kitchen, bedroom)
            each_box_shows_what_it_has_seen(kitchen, bedroom)
            a_mood_by_hand_does_as_well(kitchen, other)
            a_press_that_sees_nobody_brings_music(kitchen, bedroom, camera)
            assert nothing_plays(own_mpd)
            assert bedroom.status()["trouble"] == {}


def a_press_moves_the_music(kitchen: Harness, bedroom: Harness) -> None:
    bedroom.press()
    plays(kitchen, "Jazz")
    status = kitchen.status()
    assert status["chosen_by"] == "room"
    assert max(status["chosen_for"], key=status["chosen_for"].get) == "neutral"


def each_box_shows_what_it_has_seen(kitchen: Harness, bedroom: Harness) -> None:
    eventually(lambda: lit(kitchen) == {Mood.HAPPY})
    eventually(lambda: lit(bedroom) == {Mood.NEUTRAL})


def a_mood_by_hand_does_as_well(kitchen: Harness, other: Settings) -> None:
    assert ask(other.service.socket_path(), SetMood(mood=Mood.SAD)) == {"ok": True}
    plays(kitchen, "Blues")


def a_press_that_sees_nobody_brings_music(
    kitchen: Harness, bedroom: Harness, camera: PictureSequence
) -> None:
    ask(kitchen._settings.service.socket_path(), "pause")
    eventually(lambda: kitchen.status()["playing"] == "pause")
    camera.missing = True
    bedroom.press()
    plays(kitchen, "Blues")
    camera.missing = False
    bedroom.press()
    shows(bedroom, "mood")  # type: ignore[arg-type]


@pytest.mark.usefixtures("library")
def test_what_it_played_alone_is_stopped_and_a_press_that_nothing_carries_is_trouble(
    settings: Settings,  # noqa: F811
) -> None:
    with harness_for(settings, PictureSequence(HAPPY)) as alone:
        plays(alone, "Disco")
    along = msgspec.structs.replace(settings, room=Room(server="127.0.0.1"))
    with harness_for(along, PictureSequence(HAPPY)) as harness:
        eventually(lambda: harness.status()["playing"] == "stop")
        assert harness.wait_for_decision(60)
        assert harness.status()["trouble"] == {}
        harness.press()
        eventually(lambda: "moodbox-room" in harness.status()["trouble"].get("room", ""))
        with listening(settings.service.socket_path()) as address:
            carry(settings.service.socket_path(), address)
            eventually(lambda: harness.status()["trouble"] == {})
