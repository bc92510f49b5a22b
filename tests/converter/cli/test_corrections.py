"""`moodbox-converter corrections` runs the model and the run's network, and prints what corrections bring."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import Any

import pytest

from converter.cli import main as cli
from converter.data.labels import EMOTIONS
from converter.measure import corrections
from device.mood import Mood
from tests.converter import drawn
from tests.converter.conftest import Refusal


@pytest.fixture
def options(model: Path, run: Path, tmp_path: Path) -> list[str]:
    """The command's options, with drawn faces; of each other mood one in which nobody saw a face."""
    others = [mood for mood in Mood if mood not in drawn.VOTE]
    rows = drawn.rows()
    rows += [rows[0] | {"emotion": str(EMOTIONS.index(mood)), "Usage": "PublicTest"} for mood in others]
    nobody = {"Usage": "PublicTest", "Image name": ""} | dict.fromkeys(drawn.FERPLUS, "0") | {"NF": "10"}
    data = drawn.write_csv(tmp_path / "fer2013.csv", rows)
    votes = drawn.write_csv(tmp_path / "fer2013new.csv", drawn.votes() + [nobody] * len(others))
    return ["corrections", *map(str, (model, "--run", run, "--data", data, "--votes", votes))]


def test_the_tables_are_printed(
    options: list[str], model: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Of four people with nine faces each: there are too few drawn faces for clusters."""

    def four_people(features: Any, truth: Any, probabilities: Any) -> list[corrections.Person]:
        assert len(features) == 36
        assert features.std() > 0
        assert probabilities.sum(axis=1) == pytest.approx(1)
        return [corrections.Person(truth[n::4], probabilities[n::4]) for n in range(4)]

    monkeypatch.setattr(corrections, "people", four_people)
    monkeypatch.setattr(corrections, "report", partial(corrections.report, trials=1))
    capsys.readouterr()
    assert cli.main(options) == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[0] == f"{model} on 36 faces of PublicTest, in clusters that stand for people"
    assert [line for line in lines if line.startswith("30, 10 wrong, 10 right")]


def test_too_few_faces_are_refused_in_one_line(options: list[str], refusal: Refusal) -> None:
    assert "PublicTest has too few faces for clusters" in refusal(*options, code=2)


def test_a_folder_without_a_run_is_refused_in_one_line(
    options: list[str], tmp_path: Path, refusal: Refusal
) -> None:
    options[options.index("--run") + 1] = str(tmp_path)
    assert "expected the folder of a training run" in refusal(*options, code=2)
