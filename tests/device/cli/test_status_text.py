"""What `moodbox status` prints for people."""

from __future__ import annotations

from contextlib import closing
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest

from device.cli import status_text
from device.control.server import ControlServer, Request
from device.mood_estimate import ChosenBy
from device.panel.lights import Indication
from tests.device.cli.commands import moodbox

STATUS: dict[str, Any] = {
    "state": "mood", "mood": "happy", "confidence": 0.93, "corrected": False, "verdict": "mood",
    "probabilities": {"happy": 0.93, "neutral": 0.05, "sad": 0.02}, "by_hand": None,
    "playing": "play", "song": "Somebody - Something", "chosen_by": "mood",
    "chosen_for": {"happy": 0.93, "neutral": 0.05, "sad": 0.02}, "stepped_back": False, "style": "lift",
    "volume": 60, "presses": {"short": 1, "double": 0, "long": 0}, "camera": "on",
    "sleep": None, "sleep_minutes": 0, "wake": None, "wake_on": False, "wake_once": False,
    "since": datetime(2026, 11, 23, 4, 16, 51).astimezone().isoformat(), "furniture": 0,
    "start": {"light": 0.12, "rest": 0.03}, "version": "0.1.0", "protocol": 1, "trouble": {},
}  # fmt: skip
WELL = """\
lights     one light: the mood (since 04:16:51 on Monday, 23 November)
mood       happy
seen       happy 93 %, neutral 5 %, sad 2 %
music      plays: Somebody - Something
chosen by  what was seen (happy 93 %, neutral 5 %, sad 2 %)
style      lift
volume     60 %
camera     on
sleep      off
wake       off
version    0.1.0, protocol 1"""

SEEN = "happy 93 %, neutral 5 %, sad 2 %"


def lines(**different: object) -> list[str]:
    return list(status_text.lines(STATUS | different))


def line(label: str, **different: object) -> str:
    """The value behind this label, "" without such a line."""
    return "".join(each[11:] for each in lines(**different) if each[:11].strip() == label)


def test_a_box_that_is_well() -> None:
    assert "\n".join(lines()) == WELL


def test_what_is_wrong_comes_first() -> None:
    first, second, *_ = lines(state="trouble", trouble={"camera": "none", "library": "no songs"})
    assert (first, second) == ("trouble    camera: none", "trouble    library: no songs")


@pytest.mark.parametrize("indication", Indication)
def test_each_indication_of_the_lights_is_in_plain_words(indication: Indication) -> None:
    assert len(line("lights", state=str(indication))) >= len("off")
    assert "_" not in line("lights", state=str(indication))
    assert str(indication) in status_text.LIGHTS


@pytest.mark.parametrize("by", ChosenBy)
def test_what_the_songs_were_chosen_by_is_in_plain_words(by: ChosenBy) -> None:
    assert line("chosen by", chosen_by=str(by)).startswith(status_text.REASONS[by])


@pytest.mark.parametrize(
    ("label", "different", "value"),
    [
        ("mood", {"corrected": True, "mood": "sad"}, "sad, as somebody has said"),
        (
            "mood",
            {"corrected": True, "mood": "sad", "by_hand": "fear"},
            "fear, chosen by hand until the next press",
        ),
        ("seen", {"corrected": True, "mood": "sad"}, f"{SEEN}, before it was corrected to sad"),
        ("mood", {"by_hand": "sad"}, "sad, chosen by hand until the next press"),
        ("mood", {"mood": None, "verdict": "unsure"}, "unsure: a face, but no clear mood"),
        ("mood", {"mood": None, "verdict": "no_face"}, "nobody was seen"),
        ("mood", {"mood": None, "verdict": None}, "not known"),
        ("seen", {"probabilities": None}, ""),
        ("music", {"playing": "pause"}, "is paused: Somebody - Something"),
        ("music", {"playing": "stop", "song": None}, "stopped"),
        ("music", {"playing": None, "song": None}, "MPD does not answer"),
        ("music", {"stepped_back": True}, f"plays: Somebody - Something; {status_text.YIELDED}"),
        ("chosen by", {"chosen_by": None, "chosen_for": None}, ""),
        (
            "chosen by",
            {"stepped_back": True},
            f"what was seen ({SEEN}), for the songs that the box would play",
        ),
        ("volume", {"volume": None}, "MPD has none"),
        ("volume", {"volume": None, "playing": None, "song": None}, ""),
        ("ignored", {"furniture": 1}, "1 face that did not move for a day: furniture"),
        ("ignored", {"furniture": 2}, "2 faces that did not move for a day: furniture"),
        ("wake", {"wake": "07:30", "wake_on": True}, "07:30 every day"),
        ("wake", {"wake": "07:30", "wake_on": True, "wake_once": True}, "07:30 once"),
        ("wake", {"wake": "07:30"}, "off (it was 07:30)"),
    ],
)
def test_what_differs_is_said(label: str, different: dict[str, object], value: str) -> None:
    assert line(label, **different) == value


def test_the_end_of_the_sleep_timer_is_in_local_time() -> None:
    end = datetime(2026, 11, 23, 23, 5).astimezone().isoformat()
    assert line("sleep", sleep=end, sleep_minutes=30) == "the music pauses at 23:05"


def test_a_box_that_plays_along_with_another_says_so_in_place_of_how_its_own_mpd_is(tmp_path: Path) -> None:
    def reply(request: Request) -> None:
        request.reply.put(STATUS | {"playing": "stop", "song": None})

    settings = tmp_path / "moodbox.toml"
    settings.write_text(f'[service]\nsocket = "{tmp_path}/control.sock"\n[room]\nserver = "kitchen.local"\n')
    with closing(ControlServer(tmp_path / "control.sock", reply)):
        said = moodbox("status", "--settings", settings).stdout
    assert "\nmusic      plays along with kitchen.local\n" in said
    assert "\nvolume" not in said


def test_a_box_of_a_version_that_tells_less_or_other_things_is_no_error() -> None:
    assert "lights     dances" in status_text.lines({"state": "dances", "verdict": "bored"})
    for key in STATUS:
        older = {name: value for name, value in STATUS.items() if name != key}
        assert ("None" in "".join(status_text.lines(older))) is (key in ("state", "version", "protocol"))
