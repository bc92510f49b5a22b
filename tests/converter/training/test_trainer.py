"""A run gives the same history however often it was stopped, and refuses to mix with another one."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import keras
import numpy as np
import pytest

from converter.cli import main as cli
from converter.data.dataset import Split
from converter.networks.outputs import as_input
from converter.networks.saved_models import restore
from converter.training.recipes import Recipe
from converter.training.run_folder import read_history, read_recipe
from tests.converter.conftest import Refusal
from tests.converter.training.runs import run_until_killed, train_command


@pytest.fixture(scope="module")
def uninterrupted(fer2013: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("runs") / "whole"
    assert cli.main(train_command(fer2013, folder)) == 0
    return folder


def test_a_run_leaves_its_recipe_history_models_and_plot(run: Path) -> None:
    assert {path.name for path in run.iterdir()} == {
        "run.json",
        "history.json",
        "history.png",
        "best.keras",
        "last.keras",
    }
    assert read_recipe(run) == Recipe(
        network="small", epochs=8, batch=8, learning_rate=0.03, precision="mixed_bfloat16"
    )
    assert [entry["epoch"] for entry in read_history(run)] == [1, 2, 3, 4, 5, 6, 7, 8]


def test_a_recipe_that_learns_what_is_a_face_needs_pictures_without_people(
    fer2013: Path, votes: Path, tmp_path: Path, refusal: Refusal
) -> None:
    command = ["train", "--data", fer2013, "--votes", votes, "--out", tmp_path / "run", "--recipe", "faces"]
    line = refusal(*command, "--moods", "happy,neutral,sad", code=2)
    assert line.endswith("the recipe needs pictures without people; name their folder with --backgrounds")
    assert not (tmp_path / "run").exists()


def test_a_run_learns(run: Path) -> None:
    assert read_history(run)[-1]["val_accuracy"] > 0.8


def test_the_best_model_is_that_of_the_best_epoch(uninterrupted: Path, splits: dict[str, Split]) -> None:
    best = max(entry["val_accuracy"] for entry in read_history(uninterrupted))
    test = splits["PublicTest"]
    answers = restore(uninterrupted / "best.keras").predict(as_input(test.images), verbose=0)
    assert np.mean(answers.argmax(axis=1) == test.labels) == pytest.approx(best, abs=1e-6)


@pytest.mark.training
def test_the_same_seed_gives_the_same_run_with_any_number_of_workers(
    fer2013: Path, uninterrupted: Path, tmp_path: Path
) -> None:
    assert cli.main(train_command(fer2013, tmp_path / "same", "--workers", "2")) == 0
    assert read_history(tmp_path / "same") == read_history(uninterrupted)


def test_another_seed_gives_another_run(second_run: Path, uninterrupted: Path) -> None:
    assert read_history(second_run) != read_history(uninterrupted)


@pytest.fixture(scope="module")
def killed(fer2013: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of the same run, killed in its second epoch."""
    folder = tmp_path_factory.mktemp("runs") / "killed"
    return run_until_killed(folder, "-m", "tests.converter.training.killed", *train_command(fer2013, folder))


def test_a_killed_run_resumes_as_if_it_had_not_been_killed(
    fer2013: Path, killed: Path, uninterrupted: Path, tmp_path: Path
) -> None:
    folder = Path(shutil.copytree(killed, tmp_path / "run"))
    whole = read_history(uninterrupted)
    assert read_history(folder) == whole[:1]

    assert cli.main(train_command(fer2013, folder, "--resume")) == 0
    assert read_history(folder) == whole


def test_a_stop_between_writing_history_and_last_model_repeats_that_epoch(
    fer2013: Path, killed: Path, uninterrupted: Path, tmp_path: Path
) -> None:
    folder = Path(shutil.copytree(killed, tmp_path / "run"))
    whole = read_history(uninterrupted)
    (folder / "history.json").write_text(json.dumps(whole[:2]))

    assert cli.main(train_command(fer2013, folder, "--resume")) == 0
    assert read_history(folder) == whole


def test_resuming_a_finished_run_changes_nothing(fer2013: Path, uninterrupted: Path) -> None:
    before = (uninterrupted / "history.json").read_bytes()
    assert cli.main(train_command(fer2013, uninterrupted, "--resume")) == 0
    assert (uninterrupted / "history.json").read_bytes() == before


def test_resuming_with_other_options_is_refused(fer2013: Path, uninterrupted: Path, refusal: Refusal) -> None:
    command = train_command(fer2013, uninterrupted, "--resume", "--seed", "5", "--batch", "64")
    line = refusal(*command, code=2)
    assert line.endswith(
        "--resume needs the options of the first start: batch was 32, now 64; seed was 1, now 5"
    )


def test_starting_in_a_folder_that_contains_a_run_is_refused(
    fer2013: Path, uninterrupted: Path, refusal: Refusal
) -> None:
    line = refusal(*train_command(fer2013, uninterrupted), code=2)
    assert "contains a run already; continue it with --resume, or name another --out" in line


def test_resuming_in_a_folder_without_a_run_is_refused(
    fer2013: Path, tmp_path: Path, refusal: Refusal
) -> None:
    line = refusal(*train_command(fer2013, tmp_path, "--resume"), code=2)
    assert "contains no run to resume; leave out --resume to start one" in line


def test_an_unknown_network_is_refused(fer2013: Path, tmp_path: Path, refusal: Refusal) -> None:
    line = refusal(*train_command(fer2013, tmp_path / "x", "--network", "papr"), code=2)
    assert "--network papr: unknown; there are paper" in line
    assert not (tmp_path / "x").exists()


@pytest.mark.parametrize("epochs", [1, 2])
def test_a_run_that_would_end_before_its_warmup_is_refused(
    epochs: int, fer2013: Path, votes: Path, tmp_path: Path, refusal: Refusal
) -> None:
    options = ("--votes", str(votes), "--recipe", "box", "--epochs", str(epochs))
    line = refusal(*train_command(fer2013, tmp_path / "x", *options), code=2)
    assert f"--epochs {epochs}: this recipe needs 2 epochs to warm up; ask for 3 or more" in line
    assert not (tmp_path / "x").exists()


def test_in_mixed_precision_the_output_is_still_float32(run: Path) -> None:
    saved = keras.saving.load_model(run / "best.keras", compile=False)
    assert saved.layers[-1].compute_dtype == "float32"
    assert saved.layers[1].compute_dtype == "bfloat16"


def test_the_recipe_is_stored_as_plain_json(run: Path) -> None:
    assert json.loads((run / "run.json").read_text())["moods"] == ["happy", "neutral", "sad"]
