"""The command `conditions` observes photos as the box does, and reports what it measured."""

from __future__ import annotations

import json
from pathlib import Path

import cv2
import pytest

from converter.cli import main as cli
from tests.converter.conftest import Refusal

MODEL = Path(__file__).parents[3] / "models" / "mood3.tflite"


def test_the_command_prints_and_plots_what_it_measured(
    photo_folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    capsys.readouterr()
    out = tmp_path / "measured"
    command = f"conditions {MODEL} --photos {photo_folder} --condition clean --condition dark --out {out}"
    assert cli.main([*command.split(), "--json"]) == 0
    lines = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert [(line["condition"], line["photos"]) for line in lines] == [("clean", 2), ("dark", 2)]
    for line in lines:
        assert line["recall"].keys() == {"happy", "neutral"}
        assert line["balanced_accuracy"] == pytest.approx(sum(line["recall"].values()) / 2)
    table = out.with_suffix(".md").read_text()
    assert f"| clean | **{lines[0]['balanced_accuracy']:.3f}** |" in table
    assert cv2.imread(str(out.with_suffix(".png"))) is not None


def test_a_folder_without_photos_is_refused(tmp_path: Path, refusal: Refusal) -> None:
    line = refusal("conditions", MODEL, "--photos", tmp_path, code=2)
    assert "no photos; expected folders named angry, disgust" in line
