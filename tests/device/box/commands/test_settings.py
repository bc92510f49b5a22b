"""Settings that are shown, and set while the box runs."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import pytest

from device.box.commands.settings import SettingsRequests
from device.config.last_good import read_or_last_good
from device.config.overlay import FILE, SettingsOverlay, read_with_overlay
from device.config.reading import read_settings
from device.config.settings import Settings
from device.control import page_commands as page
from device.control import protocol
from device.control.client import ask
from device.control.command import Command
from device.control.protocol import SetMood, parse_request
from device.demo.harness import Harness
from device.mood import Mood
from tests.device.box.helpers import plays
from tests.waiting import eventually


@pytest.fixture
def file(tmp_path: Path) -> Path:
    """A settings file that sets one key, and where the box's own files are."""
    (tmp_path / "state").mkdir()
    path = tmp_path / "moodbox.toml"
    path.write_text(f"[service]\nstate = '{tmp_path}/state'\n[camera]\nrotate = 180\n")
    return path


def do(file: Path, command: Command) -> Any:
    requests = SettingsRequests(SettingsOverlay(file, file.parent / "state"))
    return requests.actions[type(command)](command)


def described(file: Path, key: str) -> dict[str, Any]:
    (found,) = [each for each in do(file, page.Settings())["settings"] if each["key"] == key]
    return dict(found)


def test_every_key_has_its_meaning_its_kind_and_where_it_comes_from(file: Path) -> None:
    described_keys = do(file, page.Settings())["settings"]
    assert all(each["meaning"] for each in described_keys)
    rotate = described(file, "camera.rotate")
    assert (rotate["value"], rotate["default"], rotate["source"]) == (180, 0, "file")
    assert (rotate["kind"], rotate["choices"]) == ("choices", [0, 90, 180, 270])
    width = described(file, "camera.width")
    assert (width["kind"], width["least"], width["most"], width["source"]) == ("int", 64, 1920, "default")
    assert described(file, "panel.leds")["kind"] == "table"


@pytest.mark.parametrize(
    ("key", "value", "read"),
    [
        ("music.style", "match", "match"),
        ("camera.rotate", "90", 90),  # as a browser sends a choice
        ("look.seconds", 2, 2.0),
        ("camera.source", "webcam:/dev/v4l/by-id/usb-a..b-index0", "webcam:/dev/v4l/by-id/usb-a..b-index0"),
        ("panel.leds", {"happy": 17, "sad": 27}, {"happy": 17, "sad": 27}),
        ("music.courses", {"sad": [[0.1, 0.2], [0.3, 0.4]]}, {"sad": ((0.1, 0.2), (0.3, 0.4))}),
        ("music.leave_out_genres", ['Höre "\\', "x\u007f"], ('Höre "\\', "x\u007f")),
    ],
)
def test_what_is_set_counts_before_the_file_from_the_next_start_on(
    file: Path, key: str, value: Any, read: Any
) -> None:
    before = file.read_text()
    assert do(file, page.Set(key=key, value=value)) == {"ok": True}
    settings, problem = read_with_overlay(file)
    assert problem is None
    section, name = key.split(".")
    assert getattr(getattr(settings, section), name) == read
    assert described(file, key)["source"] == "page"
    assert file.read_text() == before
    assert do(file, page.Set(key=key)) == {"ok": True}  # taken back
    assert read_with_overlay(file) == (read_settings(file), None)


@pytest.mark.parametrize(
    ("key", "value", "error"),
    [
        ("camera.rotate", 45, "camera.rotate: expected one of 0, 90, 180, 270; found 45"),
        ("music.stile", "match", "music.stile: unknown key; did you mean 'style'?"),
        ("music", "match", "music: expected a key such as music.style"),
        ("panel.next", 16, "panel.button and panel.next: pin 16 is used twice"),
        ("music.password", "x", "music.password: not to be set here, because it is a secret"),
        ("camera.source", "images:/etc", "camera.source: only a camera can be set here"),
        ("camera.source", "webcam:/dev/../etc/film.mp4", "names no kind of camera"),
        ("camera.source", "webcam:/dev/v4l/../../etc/film.mp4", "names no kind of camera"),
        ("camera.source", "webcam:/dev/..", "names no kind of camera"),
        ("model.path", "/tmp/x.tflite", "model.path: only mood3 or mood7"),
        ("music.places", "\x00", "music.places: not to be set here"),
        ("music.leave_out_genres", ["\x1b"], "control character"),
    ],
)
def test_a_wrong_setting_is_refused_in_one_line_and_nothing_is_written(
    file: Path, key: str, value: Any, error: str
) -> None:
    reply = do(file, page.Set(key=key, value=value))
    assert error in reply["error"]
    assert "\n" not in reply["error"]
    assert not (file.parent / "state" / FILE).exists()


def test_a_setting_that_cannot_be_kept_is_said_in_plain_words(file: Path) -> None:
    (file.parent / "state").rmdir()
    reply = do(file, page.Set(key="music.style", value="match"))
    assert reply["error"].endswith("settings.toml: cannot be written: No such file or directory")


def damage(file: Path, kind: str) -> None:
    """Put something that cannot be read in the place of what was set on the page."""
    overlay = file.parent / "state" / FILE
    if kind == "folder":
        overlay.mkdir()
    elif kind == "pipe":
        os.mkfifo(overlay)
    else:
        contents = {"cut off": b"[music\nstyle =", "no text": b"\xff\x00", "too large": b"#" * 2**21}
        overlay.write_bytes(contents[kind])


DAMAGES = pytest.mark.parametrize("kind", ["cut off", "no text", "too large", "folder", "pipe"])


@DAMAGES
def test_what_was_set_does_not_count_if_it_is_damaged_and_only_the_box_moves_it_away(
    file: Path, kind: str
) -> None:
    damage(file, kind)
    settings, problem = read_or_last_good(file)  # as `moodbox status` does
    assert read_with_overlay(file) == (settings, problem)
    assert settings == read_settings(file)
    assert problem
    assert f"{FILE}: " in problem
    assert "nothing that was set on the page counts: `sudo systemctl restart moodbox`" in problem
    assert not (file.parent / "state" / "settings.toml.damaged").exists()


@DAMAGES
def test_a_box_starts_without_what_was_damaged_and_says_where_it_is_now(file: Path, kind: str) -> None:
    damage(file, kind)
    settings, problem = read_or_last_good(file, is_box=True)
    assert settings == read_settings(file)
    assert problem
    assert f"{FILE}: " in problem
    assert problem.endswith("it was moved to settings.toml.damaged: set on the page again what you need")
    assert (file.parent / "state" / "settings.toml.damaged").exists()
    assert read_or_last_good(file, is_box=True) == (settings, None)


@DAMAGES
def test_the_page_can_set_again_what_was_damaged_while_the_box_runs(file: Path, kind: str) -> None:
    damage(file, kind)
    assert described(file, "music.style")["source"] == "default"
    assert do(file, page.Set(key="music.style", value="match")) == {"ok": True}
    settings, problem = read_with_overlay(file)
    assert (settings.music.style, problem) == ("match", None)


def test_what_was_set_and_contradicts_the_file_now_does_not_count(file: Path) -> None:
    do(file, page.Set(key="panel.next", value=17))
    file.write_text(file.read_text() + "[panel]\nbutton = 17\n")
    settings, problem = read_with_overlay(file)
    assert settings.panel.button == 17
    assert problem
    assert "pin 17 is used twice" in problem


def test_keys_that_are_all_wrong_now_can_be_taken_back_one_by_one(file: Path) -> None:
    """An older version has set them, or the settings file was changed since."""
    (file.parent / "state" / FILE).write_text(
        "[music]\nhandful = 0\nstyle = 'match'\n[look]\nseconds = 9e9\n"
    )
    assert "error" in do(file, page.Set(key="camera.mirror", value=True))
    assert do(file, page.Set(key="music.handful")) == {"ok": True}
    assert do(file, page.Set(key="look.seconds")) == {"ok": True}
    settings, problem = read_with_overlay(file)
    assert problem is None
    assert settings.music.style == "match"


def test_what_a_newer_version_has_set_does_not_count_after_a_rollback_and_is_kept(file: Path) -> None:
    overlay = file.parent / "state" / FILE
    overlay.write_text("[music]\nstyle = 'match'\nof_tomorrow = 1\n[tomorrow]\nkey = 2\n")
    settings, problem = read_with_overlay(file)
    assert (settings.music.style, problem) == ("match", None)
    assert do(file, page.Set(key="camera.mirror", value=True)) == {"ok": True}
    assert "unknown key" in do(file, page.Set(key="music.of_tomorrow", value=3))["error"]
    assert "of_tomorrow = 1" in overlay.read_text()
    assert "[tomorrow]\nkey = 2" in overlay.read_text()
    assert do(file, page.Set(key="music.of_tomorrow")) == {"ok": True}
    assert "of_tomorrow" not in overlay.read_text()


def test_a_key_is_not_taken_back_where_the_others_would_then_not_count(file: Path) -> None:
    do(file, page.Set(key="panel.button", value=17))
    do(file, page.Set(key="panel.next", value=16))  # the button's, unless that is moved
    assert "pin 16 is used twice" in do(file, page.Set(key="panel.button"))["error"]
    assert read_with_overlay(file)[0].panel.button == 17


def test_the_password_is_not_shown(file: Path) -> None:
    file.write_text(file.read_text() + "[music]\npassword = 'secret'\n")
    assert described(file, "music.password")["value"] == ""


def test_another_style_leads_the_songs_that_follow_and_the_present_one_plays_on(
    harness: Harness, settings: Settings
) -> None:
    def request(command: Command) -> Any:
        return ask(settings.service.socket_path(), command)

    def stays_sad() -> bool | None:
        """Of ten songs at most four are sad on the way to a better mood, and six or more otherwise."""
        coming = [song["title"].partition(" ")[0] for song in request(page.Queue())["next"]]
        return coming.count("Blues") >= 5 if len(coming) >= 10 else None

    plays(harness, "Disco")
    request(SetMood(mood=Mood.SAD))
    plays(harness, "Blues")
    eventually(lambda: stays_sad() is False)
    song = harness.status()["song"]
    assert request(page.Set(key="music.style", value="match")) == {"ok": True}
    eventually(stays_sad)
    assert harness.status()["song"] == song
    described = {each["key"]: each for each in request(page.Settings())["settings"]}
    assert (described["music.style"]["value"], described["music.style"]["restart"]) == ("match", False)
    request(protocol.Pause())
    eventually(lambda: harness.status()["playing"] == "pause")
    matching = request(page.Queue())["next"]
    request(page.Set(key="music.style"))
    eventually(lambda: (coming := request(page.Queue())["next"]) and coming != matching)
    assert (harness.status()["song"], harness.status()["playing"]) == (song, "pause")


def test_a_value_that_no_setting_can_have_is_no_request() -> None:
    with pytest.raises(ValueError, match="value"):
        parse_request(b'{"do": "set", "key": "a.b", "value": [[[[1]]]]}')
