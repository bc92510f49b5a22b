"""A whole box, and the verbs, at an MPD that speaks wrongly, and then at a real one."""

from __future__ import annotations

import contextlib
import json
from pathlib import Path
from typing import Any

import pytest

from device.check import PARTS
from device.demo.server import PrivateMpd
from device.errors import PlayerError, ServiceError
from device.service import ask
from device.settings import Settings
from tests.device.music.lying import ROWS, STATUS, Answer, LyingMpd, Raw
from tests.device.music.test_lies import GONE, SLOW, WRONG, without
from tests.device.test_cli import moodbox, running
from tests.waiting import eventually

LIES: dict[str, tuple[dict[str, Answer], str]] = {
    "rows without an id": ({"playlistinfo": without("".join(ROWS), "Id")}, WRONG),
    "a greeting without an end": ({"connect": Raw.endless(b"OK MPD " * 10_000)}, WRONG),
    "byte by byte": ({"status": Raw.endless(b"s", pause=0.5)}, SLOW),
}
OTHERS: dict[str, tuple[dict[str, Answer], str]] = {
    "status without a state": ({"status": without(STATUS, "state")}, WRONG),
    "stats without uptime": ({"stats": "songs: 2\n"}, WRONG),
    "the end in the middle": ({"status": Raw.of(b"state: pl")}, GONE),
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
        with LyingMpd(address, lies):
            eventually(lambda: word in status(settings)["trouble"].get("player", ""), 30)
            assert box.poll() is None
        library.start()
        eventually(lambda: status(settings)["playing"] == "play" and not status(settings)["trouble"], 30)


@pytest.mark.parametrize("lie", LIES | OTHERS)
def test_check_finds_what_the_box_would_find(lie: str, address: Path, settings: Settings) -> None:
    lies, word = (LIES | OTHERS)[lie]
    with LyingMpd(address, lies), pytest.raises(PlayerError, match=word) as caught:
        PARTS["player"](settings)
    assert len(str(caught.value).splitlines()) == 1


def test_check_and_songs_end_with_a_word_on_an_mpd_that_lies(address: Path, settings_file: Path) -> None:
    lies: dict[str, Answer] = {"playlistinfo": "", "find": "Artist: Somebody\n"}
    with LyingMpd(address, lies):
        checked = moodbox("check", "--json", "--settings", settings_file)
        asked = moodbox("songs", "--mood", "happy", "--settings", settings_file)
    (player,) = [part for part in json.loads(checked.stdout) if part["part"] == "player"]
    assert (checked.returncode, player["well"]) == (1, False)
    assert WRONG in player["what"]
    assert asked.returncode == 1
    assert WRONG in asked.stderr
    assert len(asked.stderr.splitlines()) == 1
