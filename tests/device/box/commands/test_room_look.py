"""A press in another room: the music answers as to a press here, and what was pressed last counts."""

from __future__ import annotations

from dataclasses import replace
from time import monotonic
from typing import Any

import pytest

from device.box.commands.mood import GivenMood
from device.box.commands.reply import GOING_OFF
from device.box.state import Activity, State, StateHolder
from device.control.room_commands import RoomLook
from device.mood import Mood
from device.mood_estimate import ChosenBy

SAD = {Mood.SAD: 0.7, Mood.HAPPY: 0.3}


class Music:
    """Says what it is asked for; how a real one answers is tested with two boxes in tests/room."""

    def __init__(self) -> None:
        self.asked: list[tuple[str, Any]] = []

    def play(self, estimate: Any) -> None:
        self.asked.append(("play", estimate))

    def steer(self, estimate: Any) -> None:
        self.asked.append(("steer", estimate))

    def go_on(self) -> None:
        self.asked.append(("go on", None))


@pytest.fixture
def music() -> Music:
    return Music()


def follow(music: Music, *looks: RoomLook, **state: Any) -> tuple[StateHolder, list[Any], list[str]]:
    """Give looks to a box in this state; return its state then, the replies, and "rest" if it has rested."""
    holder = StateHolder(replace(State(activity=Activity.RESTING, searching=False), **state))
    rested: list[str] = []
    given = GivenMood(holder, music, lambda: rested.append("rest"))  # type: ignore[arg-type]
    return holder, [given.actions[RoomLook](look) for look in looks], rested


def test_the_music_follows_what_was_found_and_knows_where_it_is_from(music: Music) -> None:
    _, replies, _ = follow(music, RoomLook(probabilities=SAD), RoomLook(probabilities=SAD, steer=True))
    assert replies == [{"ok": True}] * 2
    assert [what for what, _ in music.asked] == ["play", "steer"]
    assert {estimate.chosen_by for _, estimate in music.asked} == {ChosenBy.ROOM}
    assert music.asked[0][1].probabilities == SAD


def test_where_nobody_was_seen_the_music_goes_on(music: Music) -> None:
    follow(music, RoomLook(probabilities={}))
    assert music.asked == [("go on", None)]


def test_probabilities_are_scaled_and_none_at_all_is_an_error(music: Music) -> None:
    looks = [RoomLook(probabilities={Mood.SAD: share}) for share in (0.0, 0.2)]
    _, replies, _ = follow(music, *looks)
    assert "no mood has a probability above 0" in replies[0]["error"]
    assert music.asked[0][1].probabilities == {Mood.SAD: 1.0}


def test_it_ends_a_mood_by_hand_and_a_search_but_no_look_that_somebody_waits_for(music: Music) -> None:
    holder, _, rested = follow(music, RoomLook(probabilities=SAD), by_hand=Mood.HAPPY)
    assert (holder.value.by_hand, rested) == (None, [])
    holder, _, rested = follow(music, RoomLook(probabilities=SAD), searching=True)
    assert (holder.value.searching, rested) == (False, ["rest"])
    _, _, rested = follow(music, RoomLook(probabilities=SAD), activity=Activity.LOOKING)
    assert rested == []


def test_a_press_that_comes_late_counts_no_more(music: Music) -> None:
    follow(
        music, RoomLook(probabilities=SAD, age=5.0), decided=monotonic()
    )  # somebody has pressed here since
    assert music.asked == []
    follow(music, RoomLook(probabilities=SAD), RoomLook(probabilities={}, age=5.0))
    assert [what for what, _ in music.asked] == ["play"]


def test_what_a_box_finds_while_it_searches_is_no_press(music: Music) -> None:
    follow(music, RoomLook(probabilities=SAD, age=0.5), decided=monotonic(), searching=True)
    assert [what for what, _ in music.asked] == ["play"]


def test_a_machine_that_goes_off_begins_no_music(music: Music) -> None:
    _, replies, _ = follow(music, RoomLook(probabilities=SAD), activity=Activity.POWERING_OFF)
    assert replies == [GOING_OFF]
    assert music.asked == []
