"""`moodbox look`, and mistakes on the command line."""

from __future__ import annotations

import json
import os
import re
from pathlib import Path

import numpy as np
import pytest

from tests.device.cli.commands import moodbox, moodbox_process
from tests.device.conftest import HAPPY, PICTURES
from tests.device.vision.odd_pictures import APPLE_DOUBLE, encoded, png_of_zeros


def test_look_in_json_is_one_line_with_the_contracts_keys() -> None:
    result = moodbox_process("look", "--camera", f"images:{HAPPY}", "--json")
    assert result.returncode == 0
    (line,) = result.stdout.splitlines()
    decision = json.loads(line)
    assert list(decision) == ["source", "mood", "verdict", "confidence", "probabilities", "face"]
    assert decision["source"] == f"images:{HAPPY}"
    assert (decision["mood"], decision["verdict"]) == ("happy", "mood")
    assert set(decision["probabilities"]) == {"happy", "neutral", "sad"}
    assert decision["confidence"] == max(decision["probabilities"].values())
    assert len(decision["face"]) == 4


def test_look_each_judges_every_picture_by_itself(tmp_path: Path) -> None:
    (tmp_path / "deep").mkdir()
    for number, source in enumerate(sorted(PICTURES.glob("*.jpg"))):
        (tmp_path / "deep" / f"{number}.jpg").write_bytes(source.read_bytes())
    result = moodbox("look", "--camera", f"images:{tmp_path}", "--each", "--json")
    decisions = [json.loads(line) for line in result.stdout.splitlines()]
    assert [(Path(v["source"]).name, v["mood"]) for v in decisions] == [
        ("0.jpg", "happy"),
        ("1.jpg", "neutral"),
    ]
    assert result.returncode == 0


def test_look_each_names_a_broken_picture_and_judges_the_others(tmp_path: Path) -> None:
    (tmp_path / "1.jpg").write_bytes(b"broken")
    (tmp_path / "2.jpg").write_bytes(HAPPY.read_bytes())
    result = moodbox("look", "--camera", f"images:{tmp_path}", "--each", "--json")
    assert json.loads(result.stdout)["mood"] == "happy"
    assert f"moodbox: {tmp_path}/1.jpg: not a picture that can be read" in result.stderr.splitlines()
    assert result.returncode == 1


def test_look_each_skips_files_that_are_no_pictures_and_judges_odd_ones(tmp_path: Path) -> None:
    (tmp_path / "._happy.jpg").write_bytes(APPLE_DOUBLE)
    for name, content in (
        ("1.jpg", HAPPY.read_bytes()),
        ("2.png", encoded(".png", np.full((3, 1000), 128, np.uint8))),
        ("3.png", encoded(".png", np.full((1, 1), 128, np.uint8))),
        ("4.png", png_of_zeros(20_000, 20_000, rows=1)),
        ("5.png", encoded(".png", np.full((1000, 3), 128, np.uint8))),
    ):
        (tmp_path / name).write_bytes(content)
    result = moodbox_process("look", "--camera", f"images:{tmp_path}", "--each", "--json")
    decisions = [json.loads(line) for line in result.stdout.splitlines()]
    assert [(Path(v["source"]).name, v["verdict"]) for v in decisions] == [
        ("1.jpg", "mood"),
        ("2.png", "no_face"),
        ("3.png", "no_face"),
        ("5.png", "no_face"),
    ]
    assert [line for line in result.stderr.splitlines() if line.startswith("moodbox: ")] == [
        f"moodbox: {tmp_path}/4.png: too large a picture, above 34 megapixels: make it smaller"
    ]
    assert result.returncode == 1


@pytest.mark.parametrize(
    "terminal",
    [
        {"PYTHONIOENCODING": "utf-8"},
        {"PYTHONIOENCODING": "iso8859-15"},
        {"PYTHONIOENCODING": "ascii"},
        {"LC_ALL": "C", "PYTHONCOERCECLOCALE": "0", "PYTHONUTF8": "0"},
    ],
    ids=lambda variables: " ".join(variables.values()),
)
def test_any_name_of_a_file_is_printed_on_any_terminal(tmp_path: Path, terminal: dict[str, str]) -> None:
    names = (b"caf\xe9.jpg", "h\u00e4ppy \u2603.jpg".encode(), b"two\nlines \x1b[2J.jpg", b"z\xff.jpg")
    for name in names[:-1]:
        Path(os.fsdecode(bytes(tmp_path) + b"/" + name)).write_bytes(HAPPY.read_bytes())
    Path(os.fsdecode(bytes(tmp_path) + b"/" + names[-1])).write_bytes(b"broken")
    result = moodbox("look", "--camera", f"images:{tmp_path}", "--each", **terminal)
    assert result.returncode == 1
    lines = result.stdout.splitlines()
    assert len(lines) == 3
    assert all(re.fullmatch(r".*: happy \(\d+ %\)", line) for line in lines)
    assert "\x1b" not in result.stdout
    assert "Traceback" not in result.stderr
    assert "z\\udcff.jpg: not a picture that can be read" in result.stderr
    result = moodbox("look", "--camera", f"images:{tmp_path}", "--each", "--json", **terminal)
    assert result.stdout.isascii()
    sources = [json.loads(line)["source"] for line in result.stdout.splitlines()]
    if "LC_ALL" not in terminal:  # there Python decodes names as ASCII
        assert sorted(os.fsencode(Path(source).name) for source in sources) == sorted(names[:-1])


def test_a_look_at_a_folder_warns_of_what_cannot_be_read_and_skips_it(tmp_path: Path) -> None:
    (tmp_path / "1.jpg").write_bytes(b"broken")
    (tmp_path / "2.jpg").write_bytes(HAPPY.read_bytes())
    result = moodbox("look", "--camera", f"images:{tmp_path}")
    assert result.stdout.startswith(f"images:{tmp_path}: happy (")
    assert f"{tmp_path}/1.jpg: not a picture that can be read; it is skipped" in result.stderr
    assert result.returncode == 0
    (tmp_path / "2.jpg").unlink()
    result = moodbox("look", "--camera", f"images:{tmp_path}")
    assert f"moodbox: {tmp_path}: no picture in it can be read; copy them there again" in result.stderr
    assert result.returncode == 1


def test_look_without_json_is_a_readable_line() -> None:
    result = moodbox("look", "--camera", f"images:{HAPPY}")
    assert result.stdout.startswith(f"images:{HAPPY}: happy (")


@pytest.mark.parametrize(
    ("arguments", "code", "message"),
    [
        (["look", "--camera", "images:~nobody-of-this-name/x", "--each"], 1, "there is no such user"),
        (["look", "--camera", f"images:{'x' * 300}"], 1, "cannot be read: File name too long"),
        (["look", "--camera", "webcam:77"], 1, "no webcam 77 (/dev/video77): plug one in"),
        (["look", "--camera", "image:x"], 2, "did you mean 'images:PATH'?"),
        (["look", "--each", "--camera", "webcam:0"], 2, "--each judges pictures: add --camera images:PATH"),
        (["look", "--camera", "images:/nowhere"], 1, "/nowhere: no such file or folder"),
    ],
)
def test_a_mistake_is_one_line_and_an_exit_code(arguments: list[str], code: int, message: str) -> None:
    result = moodbox(*arguments)
    assert result.returncode == code
    assert result.stdout == ""
    (line,) = result.stderr.splitlines()
    assert line.startswith("moodbox: ")
    assert message in line
