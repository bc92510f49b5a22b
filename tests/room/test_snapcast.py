"""Several rooms with real Snapcast, each room in a network of its own: they play together, and come back."""

from __future__ import annotations

import statistics
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path

import msgspec
import pytest

from device.config.settings import Camera, Music, Room, Service, Settings
from device.demo.harness import harness_for
from device.demo.server import PrivateMpd
from tests.device.box.helpers import PictureSequence, plays
from tests.device.conftest import (  # noqa: F401
    HAPPY,
    NEUTRAL,
    folder_with_songs,
    library,
    mpd,
    settings,
    silence,
)
from tests.room.house import House, Listener, hear, house, offsets, what_is_missing
from tests.waiting import eventually

pytestmark = [
    pytest.mark.rooms,
    pytest.mark.skipif(bool(what_is_missing()), reason=f"no rooms here: {what_is_missing()}"),
]
TONES = 20
MAX_OFFSET_S = 0.1
CABLE_OUT_S = 5


@pytest.fixture
def built(tmp_path: Path) -> Iterator[House]:
    with house(tmp_path / "house") as made:
        yield made


def are_together(listeners: Sequence[Listener], tones: int) -> bool:
    """Listen to so many tones, and compare when the two rooms heard them."""
    hear(listeners, tones)
    one, other = listeners
    found = offsets(one.tones(), other.tones())
    print(f"tones apart by (ms): {' '.join(f'{1000 * difference:.0f}' for difference in found)}")
    return len(found) >= tones and statistics.median(map(abs, found)) < MAX_OFFSET_S


def test_two_rooms_play_together_and_a_room_or_a_server_that_was_away_comes_back(built: House) -> None:
    built.play()
    one, other = listeners = [Listener(room, built.server.address) for room in built.rooms]
    hear(listeners, 1)
    assert are_together(listeners, TONES)

    other.end()  # unplugged; the other room plays on
    hear([one], 2)
    other.begin()
    hear(listeners, 3)
    assert are_together(listeners, 5)

    other.room.connect(connected=False)
    hear([one], CABLE_OUT_S)
    other.room.connect(connected=True)
    hear(listeners, 3)
    assert are_together(listeners, 5)

    built.kill_snapserver()
    built.start_snapserver()
    hear(listeners, 3)
    assert are_together(listeners, 5)


@pytest.mark.usefixtures("library")
def test_a_press_in_one_room_crosses_the_network_to_the_box_that_plays(
    built: House,
    settings: Settings,  # noqa: F811
    tmp_path: Path,
) -> None:
    key = tmp_path / "room.key"
    key.write_text("k" * 64)
    key.chmod(0o600)
    folder = tmp_path / "bedroom"
    along = msgspec.structs.replace(
        settings,
        camera=Camera(source=f"images:{NEUTRAL}"),
        music=Music(address=str(folder / "mpd.sock"), listen=False),
        service=Service(socket=str(folder / "control.sock"), state=str(folder / "state")),
        room=Room(server=built.server.address),
    )
    command = (sys.executable, "-m", "room", "--key", key, "--socket")
    with (
        PrivateMpd(folder),
        harness_for(settings, PictureSequence(HAPPY)) as kitchen,
        harness_for(along, PictureSequence(NEUTRAL)) as bedroom,
    ):
        plays(kitchen, "Disco")
        carrier = built.rooms[0].start(*command, folder / "control.sock", "--server", built.server.address)
        bedroom.press()
        eventually(lambda: "does not answer" in bedroom.status()["trouble"].get("room", ""))
        listener = built.server.start(*command, settings.service.socket_path(), "--listen")
        eventually(lambda: bedroom.status()["trouble"] == {})
        bedroom.press()
        plays(kitchen, "Jazz")
        assert kitchen.status()["chosen_by"] == "room"
        for process in (carrier, listener):
            process.terminate()
            process.wait()
