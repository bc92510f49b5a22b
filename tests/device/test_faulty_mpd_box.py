"""The whole box and the commands with an MPD whose responses are wrong, and then with a real one."""

from __future__ import annotations

import contextlib
import json
from pathlib import Path
from typing import Any

import pytest

from device.cli.check import CHECKS
from device.config.settings import Settings
from device.control.client import ask
from device.demo.server import PrivateMpd
from device.errors import PlayerError, ServiceError
from device.health import Part
from tests.device.cli.commands import moodbox, running
from tests.device.mpd.faulty_mpd import ROWS, STATUS, FaultyMpd, Raw, Response
from tests.device.playback.test_faulty_mpd import NO_ANSWER, NO_MPD, NOT_REACHABLE, without
from tests.waiting import eventually

BOX_FAULTS: dict[str, tuple[dict[str, Response], str]] = {
    "songs without an id": ({"playlistinfo": without("".join(ROWS), "Id")}, NO_MPD),
    "endless greeting": ({"connect": Raw.endless(b"OK MPD " * 10_000)}, NO_MPD),
    "one byte at a time": ({"status": Raw.endless(b"s", pause=0.5)}, NO_ANSWER),
}
CHECK_FAULTS: dict[str, tuple[dict[str, Response], str]] = {
    "status without a state": ({"status": without(STATUS, "state")}, NO_MPD),
    "stats without uptime": ({"stats": "songs: 2\n"}, NO_MPD),
    "connection closed within a response": ({"status": Raw.of(b"state: pl")}, NOT_REACHABLE),
}


@pytest.fixture
def address(library: PrivateMpd) -> Path:
    """Return the address of the real MPD, which is stopped and can be started again."""
    library.stop()
    Path(library.address).unlink(missing_ok=True)
    return Path(library.address)


def status(settings: Settings) -> dict[str, Any]:
    with contextlib.suppress(ServiceError):
        return ask(settings.service.socket_path(), "status")
    return {"trouble": {}, "playing": None}


@pytest.mark.parametrize("fault", BOX_FAULTS)
def test_the_box_reports_wrong_responses_and_plays_after_a_correct_mpd_starts(
    fault: str, address: Path, settings: Settings, settings_file: Path, library: PrivateMpd
) -> None:
    responses, message = BOX_FAULTS[fault]
    with running(settings_file) as box:
        with FaultyMpd(address, responses):
            eventually(lambda: message in status(settings)["trouble"].get("player", ""))
            assert box.poll() is None
        library.start()
        eventually(lambda: status(settings)["playing"] == "play" and not status(settings)["trouble"])


@pytest.mark.parametrize("fault", BOX_FAULTS | CHECK_FAULTS)
def test_check_finds_the_same_faults_as_the_box(fault: str, address: Path, settings: Settings) -> None:
    responses, message = (BOX_FAULTS | CHECK_FAULTS)[fault]
    with FaultyMpd(address, responses), pytest.raises(PlayerError, match=message) as caught:
        CHECKS[Part.PLAYER](settings)
    assert len(str(caught.value).splitlines()) == 1


def test_check_and_songs_report_wrong_responses_in_one_line(address: Path, settings_file: Path) -> None:
    responses: dict[str, Response] = {"playlistinfo": "", "find": "Artist: Somebody\n"}
    with FaultyMpd(address, responses):
        checked = moodbox("check", "--json", "--settings", settings_file)
        listed = moodbox("songs", "--mood", "happy", "--settings", settings_file)
    (player,) = [part for part in json.loads(checked.stdout) if part["part"] == "player"]
    assert (checked.returncode, player["well"]) == (1, False)
    assert NO_MPD in player["what"]
    assert listed.returncode == 1
    assert NO_MPD in listed.stderr
    assert len(listed.stderr.splitlines()) == 1
