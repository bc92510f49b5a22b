"""A run's folder is read back as it was written."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from converter.cli import main as cli
from converter.errors import RunError
from converter.training.recipes import RECIPES
from converter.training.run_folder import claim, epoch_score, epochs_done, is_finished, read_recipe

RUNS = Path(__file__).parents[3] / "models" / "runs"
SHIPPED = RUNS / "box"


@pytest.mark.parametrize("content", ["[]", '{"epochs": "many"}'])
def test_a_recipe_that_cannot_be_read_is_reported(content: str, tmp_path: Path) -> None:
    (tmp_path / "run.json").write_text(content)
    with pytest.raises(
        RunError, match=r"run\.json: cannot be read .*; expected the folder of a training run"
    ):
        read_recipe(tmp_path)


def test_what_is_no_folder_of_a_run_is_reported(tmp_path: Path) -> None:
    with pytest.raises(RunError, match=r"contains no run\.json; expected the folder of a training run"):
        read_recipe(tmp_path)
    with pytest.raises(RunError, match="nope: no such folder; expected the folder of a training run"):
        read_recipe(tmp_path / "nope")


@pytest.mark.parametrize("name", ["box", "student"])
def test_the_runs_that_ship_are_finished(name: str) -> None:
    """The student's history has its last epoch alone."""
    assert is_finished(RUNS / name)
    assert epochs_done(RUNS / name) == read_recipe(RUNS / name).epochs


def test_resuming_the_student_says_that_it_is_finished_without_the_data_that_it_needed(
    fer2013: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert cli.main(["train", "--resume", "--out", str(RUNS / "student"), "--data", str(fer2013)]) == 0
    assert "this run is finished, all 300 epochs" in capsys.readouterr().out


def test_a_recipe_is_written_with_the_keys_of_the_run_that_ships(tmp_path: Path) -> None:
    shipped = json.loads((SHIPPED / "run.json").read_text())
    claim(tmp_path, read_recipe(SHIPPED), resume=False)
    assert json.loads((tmp_path / "run.json").read_text()) == shipped


@pytest.mark.parametrize("name", RECIPES)
def test_a_recipe_is_read_back_as_it_was_written(name: str, tmp_path: Path) -> None:
    claim(tmp_path, RECIPES[name], resume=False)
    assert read_recipe(tmp_path) == RECIPES[name]


def test_the_best_epoch_is_the_one_that_agrees_most_with_people_if_votes_were_learned() -> None:
    assert epoch_score({"val_accuracy": 0.6, "val_votes_accuracy": 0.8}) == 0.8
    assert epoch_score({"val_accuracy": 0.6}) == 0.6
