"""A whole box, and the verbs, at an MPD that speaks wrongly, and then at a real one."""

from __future__ import annotations

import contextlib
import json
from pathlib import Path
from typing import Any

import pytest

from device.cli.check import CHECKS
from device.config.settings import Settings
from device.demo.server import PrivateMpd
from device.errors import PlayerError, ServiceError
from device.health import Part
from device.system.control_client import ask
from tests.device.cli.commands import moodbox, running
from tests.device.mpd.faulty_mpd import ROWS, STATUS, FaultyMpd, Raw, Response
from tests.device.playback.test_faulty_mpd import NO_ANSWER, NO_MPD, NOT_REACHABLE, without
from tests.waiting import eventually

LIES: dict[str, tuple[dict[str, Response], str]] = {
    "rows without an id": ({"playlistinfo": without("".join(ROWS), "Id")}, NO_MPD),
    "a greeting without an end": ({"connect": Raw.endless(b"OK MPD " * 10_000)}, NO_MPD),
    "byte by byte": ({"status": Raw.endless(b"s", pause=0.5)}, NO_ANSWER),
}
OTHERS: dict[str, tuple[dict[str, Response], str]] = {
    "status without a state": ({"status": without(STATUS, "state")}, NO_MPD),
    "stats without uptime": ({"stats": "songs: 2\n"}, NO_MPD),
    "the end in the middle": ({"status": Raw.of(b"state: pl")}, NOT_REACHABLE),
}


@pytest.fixture
def address(library: PrivateMpd) -> Path:
    """Where nobody listens: the real MPD has stopped, and may be started again."""
    library.stop()
    Path(library.address).unlink(missing_ok=True)
    return Path(library.address)


def status(settings: Settings) -> dict[str, Any]:
    with contextlib.suppress(ServiceError):
        return ask(settings.service.socket_path(), "status")
    return {"trouble": {}, "playing": None}


@pytest.mark.parametrize("lie", LIES)
def test_a_box_at_an_mpd_that_lies_says_so_and_plays_once_it_is_a_real_one(
    lie: str, address: Path, settings: Settings, settings_file: Path, library: PrivateMpd
) -> None:
    lies, word = LIES[lie]
    with running(settings_file) as box:
        with FaultyMpd(address, lies):
            eventually(lambda: word in status(settings)["trouble"].get("player", ""), 30)
            assert box.poll() is None
        library.start()
        eventually(lambda: status(settings)["playing"] == "play" and not status(settings)["trouble"], 30)


@pytest.mark.parametrize("lie", LIES | OTHERS)
def test_check_finds_what_the_box_would_find(lie: str, address: Path, settings: Settings) -> None:
    lies, word = (LIES | OTHERS)[lie]
    with FaultyMpd(address, lies), pytest.raises(PlayerError, match=word) as caught:
        CHECKS[Part.PLAYER](settings)
    assert len(str(caught.value).splitlines()) == 1


def test_check_and_songs_end_with_a_word_on_an_mpd_that_lies(address: Path, settings_file: Path) -> None:
    lies: dict[str, Response] = {"playlistinfo": "", "find": "Artist: Somebody\n"}
    with FaultyMpd(address, lies):
        checked = moodbox("check", "--json", "--settings", settings_file)
        asked = moodbox("songs", "--mood", "happy", "--settings", settings_file)
    (player,) = [part for part in json.loads(checked.stdout) if part["part"] == "player"]
    assert (checked.returncode, player["well"]) == (1, False)
    assert NO_MPD in player["what"]
    assert asked.returncode == 1
    assert NO_MPD in asked.stderr
    assert len(asked.stderr.splitlines()) == 1
