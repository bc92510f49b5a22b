"""The demo's screen: it has exactly the terminal's size, and nothing moves while lines come and go."""

from __future__ import annotations

import io
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from device.config.settings import Panel
from device.mood import Decision, Mood, Outcome

pytest.importorskip("rich")  # the box alone does not need it
from rich.console import Console

from device.demo.screen import KEYS, Scene, screen

SIZES = [(60, 15), (80, 24), (200, 50)]
PICTURE_ABOVE = [(60, 30), (40, 24)]  # the facts are below it there
WITH_ROOM = [(60, 20), (60, 30), (80, 24), (100, 30), (132, 43)]
SONG = "The Quite Long Orchestra of the Northern Coast - " + "a title of eighty characters " * 3
JAPANESE_SONG = "長い名前の楽団 - " + "窓際の席で聞く歌" * 5
PROBLEM = "the folder of the songs cannot be read; " * 5
COMMAND = "/tmp/moodbox-demo-a1b2c3d4/moodbox status"
PAGE = "http://127.0.0.1:54321/open/" + "a" * 32
STATUS: dict[str, Any] = {
    "state": "mood",
    "mood": "happy",
    "confidence": 0.96,
    "corrected": False,
    "playing": "play",
    "song": "The Solder Joints - Window Seat",
    "trouble": {},
}
SCENE = Scene(
    status=STATUS,
    lights={Mood.HAPPY: 1.0, Mood.NEUTRAL: 0.0, Mood.SAD: 0.0},
    colours=Panel().colours,
    decision=None,
    frame=np.full((240, 320), 128, np.uint8),
    frame_number=1,
    log=("12:00:00 ready", "12:00:01 song: Window Seat"),
    held_s=None,
    hold=3.0,
    command=COMMAND,
)


def drawn(scene: Scene, columns: int, rows: int) -> list[str]:
    """Return the screen's lines."""
    console = Console(width=columns, height=rows, file=io.StringIO(), force_terminal=False)
    with console.capture() as capture:
        console.print(screen(scene, columns, rows), end="")
    return capture.get().removesuffix("\n").split("\n")


def with_status(**changes: Any) -> Scene:
    return replace(SCENE, status=STATUS | changes)


def all_text(lines: list[str]) -> str:
    """All that is written within the border, without spaces, since each line's end is one."""
    return "".join(char for line in lines[1:-1] for char in line if char not in "│▀ ")


@pytest.mark.parametrize("size", [*SIZES, *PICTURE_ABOVE])
def test_the_screen_fills_the_terminal_with_a_closed_border(size: tuple[int, int]) -> None:
    lines = drawn(SCENE, *size)
    assert {len(line) for line in lines} == {size[0]}
    assert len(lines) == size[1]
    assert all(line[0] + line[-1] == "││" for line in lines[1:-1])


@pytest.mark.parametrize("size", SIZES)
def test_keys_command_song_and_moods_are_there_in_full(size: tuple[int, int]) -> None:
    text = "\n".join(drawn(SCENE, *size))
    for part in (COMMAND, "q: quit", "h: hold", "happy (96 %)", "● neutral", "● sad"):
        assert part in text
    assert "Window Seat" in text


@pytest.mark.parametrize("size", [*SIZES, *PICTURE_ABOVE, (36, 9), (44, 12), (30, 8), (12, 3), (5, 1)])
def test_nothing_moves_whatever_is_said(size: tuple[int, int]) -> None:
    long = "x" * 500
    scenes = [
        SCENE,
        replace(SCENE, log=(), frame=None),
        replace(SCENE, log=tuple(f"{n} {long}" for n in range(60))),
        replace(SCENE, frame=np.zeros((600, 100), np.uint8)),
        replace(SCENE, frame=np.zeros((40, 1000), np.uint8)),
        replace(SCENE, held_s=2.0),
        replace(SCENE, page=PAGE),
        with_status(song=f"窓際の席 {long}\n\x1b[2J", playing="pause"),
        with_status(trouble={"player": f"{long} {long}", "camera": "no camera"}, state="trouble", mood=None),
    ]
    pictures = [drawn(scene, *size) for scene in scenes]
    rows = size[1]
    assert {len(lines) for lines in pictures} <= set(range(1, rows + 1))
    if size in [*SIZES, *PICTURE_ABOVE]:
        assert {len(lines) for lines in pictures} == {rows}
        borders = {(lines[0], lines[-1]) for lines in pictures}
        assert len(borders) == 1
        moods = {next(n for n, line in enumerate(lines) if "● sad" in line) for lines in pictures}
        assert len(moods) == 1
    for lines in pictures:
        assert "\x1b" not in "".join(lines)


def test_the_address_of_the_page_stays_on_the_screen_in_full_whatever_is_logged() -> None:
    scene = replace(SCENE, page=PAGE, log=tuple(f"{n} a line" for n in range(60)))
    for size in SIZES[1:]:
        assert f"its page: {PAGE} " in drawn(scene, *size)[-3]
    assert "make this window wider" in drawn(scene, *SIZES[0])[-3]
    assert drawn(scene, 40, 24)[-4].startswith("│ its page: make this window wider  ")
    assert "/moodbox …" in drawn(scene, 44, 10)[-2], "where there is one row, it is the command's"


@pytest.mark.parametrize("title", ["a long title " * 8 + "with its end", "長い題名" * 25 + "終"])
def test_a_message_of_the_log_is_wrapped_and_keeps_its_end(title: str) -> None:
    scene = replace(SCENE, log=("12:00:00 older", f"12:00:01 song: {title}"))
    below = "".join(line.strip("│ ") for line in drawn(scene, 80, 24)[-6:-1])
    assert title.replace(" ", "") in below.replace(" ", "")
    full = replace(SCENE, log=(*(f"{n} {'word ' * 30}" for n in range(9)), "12:00:02 the newest"))
    assert "12:00:02 the newest" in "".join(drawn(full, 80, 24))


@pytest.mark.parametrize("name", ["a_long_name_" * 5 + "end", "長い名前" * 12 + "終"])
def test_a_problem_beside_the_picture_is_wrapped_and_keeps_its_end(name: str) -> None:
    scene = with_status(trouble={"player": f"{name} is missing"}, state="trouble", mood=None)
    beside = "".join(line.rpartition("▀")[2].strip("│ ") for line in drawn(scene, 80, 24))
    assert name in beside


@pytest.mark.parametrize("size", WITH_ROOM)
@pytest.mark.parametrize("song", [SONG, JAPANESE_SONG])
def test_a_long_song_and_a_long_problem_are_there_in_full(song: str, size: tuple[int, int]) -> None:
    scene = replace(with_status(song=song, trouble={"player": PROBLEM}), page=PAGE)
    assert f"{song}player:{PROBLEM}".replace(" ", "") in all_text(drawn(scene, *size))


def test_where_not_all_has_room_the_song_is_there_in_full_and_what_is_cut_off_ends_in_dots() -> None:
    scene = replace(with_status(song=SONG, trouble={"player": PROBLEM}), page=PAGE)
    text = all_text(drawn(scene, 40, 24))
    assert f"{SONG}player:thefolder".replace(" ", "") in text
    assert text.endswith("…" + COMMAND.replace(" ", "")), "the log and the page give way to the problem"


@pytest.mark.parametrize(("size", "columns"), [((60, 20), 26), ((60, 30), 37), ((40, 24), 24)])
def test_the_picture_is_above_the_facts_where_it_is_larger_there(size: tuple[int, int], columns: int) -> None:
    lines = drawn(SCENE, *size)
    assert lines[1].count("▀") == columns
    assert ("happy" in lines[1]) == (size not in PICTURE_ABOVE)


@pytest.mark.parametrize("columns", range(36, 100))
def test_the_keys_and_the_command_are_there_in_full_at_every_width(columns: int) -> None:
    lines = drawn(SCENE, columns, 24)
    assert any(f"─ {keys} ─" in lines[-1] for keys in KEYS)
    assert all_text(lines).endswith(COMMAND.replace(" ", ""))


def test_what_letting_the_button_go_would_do_is_there_in_full_in_a_narrow_terminal() -> None:
    text = all_text(drawn(replace(SCENE, held_s=3.1), 40, 24))
    assert text.endswith("ifyouletgo,itpausesorresumes")


def test_the_song_comes_before_the_last_of_seven_moods_where_rows_are_few() -> None:
    decision = Decision(Outcome.UNSURE, None, 0.2, dict.fromkeys(Mood, 1 / 7))
    assert "The Solder Joints - Window" in "".join(drawn(replace(SCENE, decision=decision), 36, 9))


def test_seven_moods_fit_the_smallest_of_the_usual_sizes() -> None:
    decision = Decision(Outcome.UNSURE, None, 0.2, dict.fromkeys(Mood, 1 / 7))
    text = "\n".join(drawn(replace(SCENE, decision=decision), 60, 15))
    assert all(str(mood) in text for mood in Mood)


@pytest.mark.parametrize(("held_s", "what"), [(1.4, "it looks again"), (3.1, "it pauses or resumes")])
@pytest.mark.parametrize("size", SIZES)
def test_the_last_line_says_what_letting_the_button_go_would_do(
    held_s: float, what: str, size: tuple[int, int]
) -> None:
    line = drawn(replace(SCENE, held_s=held_s), *size)[-2]
    assert line.startswith("│ button █")
    assert f"{held_s} s of 3; if you let go, {what}" in line


@pytest.mark.parametrize("size", SIZES)
def test_a_hold_that_would_switch_a_pi_off_says_that_the_demo_does_not(size: tuple[int, int]) -> None:
    line = drawn(replace(SCENE, held_s=8.2), *size)[-2]
    assert "8.2 s: it pauses or resumes (a Pi: goes off)" in line


def test_a_tiny_terminal_shows_state_and_song() -> None:
    assert drawn(SCENE, 24, 3) == ["happy (96 %)", "The Solder Joints -…", "space s h q"]
    assert drawn(SCENE, 24, 8) == ["happy (96 %)", "The Solder Joints -", "Window Seat", "space s h q"]


def test_a_mood_that_somebody_has_named_is_not_the_boxs_own() -> None:
    corrected = replace(SCENE, status=STATUS | {"mood": "sad", "corrected": True})
    assert drawn(corrected, 24, 4)[0] == "sad (corrected)"


def test_a_mood_that_was_chosen_by_hand_is_not_what_was_seen() -> None:
    by_hand = {"state": "by_hand", "mood": "happy", "chosen_by": "hand", "chosen_for": {"sad": 1.0}}
    assert drawn(replace(SCENE, status=STATUS | by_hand), 24, 4)[0] == "sad (by hand)"
