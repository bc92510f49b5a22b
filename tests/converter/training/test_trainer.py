"""A run gives the same history however often it was stopped, and refuses to mix with another one."""

from __future__ import annotations

import json
import os
import re
import shlex
import shutil
import subprocess
import sys
from pathlib import Path

import keras
import numpy as np
import pytest

from converter.cli import main as cli
from converter.data.dataset import Split
from converter.networks.outputs import as_input
from converter.networks.saved_models import restore
from converter.training.checkpoints import epoch_line
from converter.training.recipes import RECIPES, Recipe
from converter.training.run_folder import read_history, read_recipe
from tests.converter.conftest import Refusal
from tests.converter.training.runs import resume_command, run_until_killed, train_command

ROOT = Path(__file__).parents[3]


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
        recipe="paper", network="small", epochs=8, batch=8, learning_rate=0.03, precision="mixed_bfloat16"
    )
    assert [entry["epoch"] for entry in read_history(run)] == [1, 2, 3, 4, 5, 6, 7, 8]


# By its option what a recipe needs besides the faces, as docs/training.md says, too.
NEEDS = {
    "paper": [],
    "box": ["votes"],
    "box3": ["votes", "start"],
    "again": ["votes", "start", "teacher"],
    "more": ["votes", "start", "teacher"],
    "rest": ["votes", "start", "teacher"],
    "rest3": ["votes", "start", "teacher"],
    "faces": ["votes", "backgrounds", "start", "teacher"],
    "face-output": ["votes", "backgrounds", "start"],
    "slim": ["votes", "teacher"],
}


def test_the_page_says_what_each_recipe_needs() -> None:
    page = (ROOT / "docs/training.md").read_text(encoding="utf-8")
    rows = re.findall(
        r"^\| `([\w-]+)` \| ([^|]*) \| .* \|$", page.split("| recipe (")[1].split("\n\n")[0], re.M
    )
    assert {name: re.findall("--([a-z]+)", needs) for name, needs in rows} == NEEDS
    assert NEEDS.keys() == RECIPES.keys()


@pytest.mark.parametrize("name", [name for name in NEEDS if NEEDS[name]])
def test_a_recipe_without_what_it_needs_is_refused(
    name: str, fer2013: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    capsys.readouterr()
    command = f"train --data {fer2013} --out {tmp_path}/run --recipe {name}"
    assert cli.main(command.split()) == 2
    lines = capsys.readouterr().err.splitlines()
    assert [line.rpartition(" with --")[2] for line in lines] == NEEDS[name]
    assert all(line.startswith(f"moodbox-converter: --recipe {name} needs ") for line in lines)
    assert not (tmp_path / "run").exists()


def test_a_recipe_that_continues_from_a_run_says_so_in_one_line(
    fer2013: Path, votes: Path, uninterrupted: Path, tmp_path: Path, refusal: Refusal
) -> None:
    command = ["train", "--data", fer2013, "--votes", votes, "--out", tmp_path / "run", "--recipe", "again"]
    line = refusal(*command, "--teacher", uninterrupted / "best.keras", code=2)
    assert line.endswith(
        "--recipe again needs a trained network to continue from; name its best.keras with --start"
    )


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

    assert cli.main(resume_command(fer2013, folder)) == 0
    assert read_history(folder) == whole


def test_after_ctrl_c_the_command_that_is_printed_goes_on(
    fer2013: Path, uninterrupted: Path, tmp_path: Path
) -> None:
    folder = tmp_path / "a run"
    begun = train_command(fer2013, Path("OUT"))
    done = subprocess.run(
        [
            sys.executable,
            "-m",
            "tests.converter.training.killed",
            *(str(folder) if w == "OUT" else w for w in begun),
        ],
        env=os.environ | {"SIGNAL": "SIGINT"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 130
    said, _, command = done.stderr.splitlines()[-1].partition("; continue with: ")
    assert said == "moodbox-converter: stopped after 1 of 3 epochs"
    program, *arguments = shlex.split(command)
    assert program == "moodbox-converter"
    assert cli.main(arguments) == 0
    assert read_history(folder) == read_history(uninterrupted)


def test_a_stop_between_writing_history_and_last_model_repeats_that_epoch(
    fer2013: Path, killed: Path, uninterrupted: Path, tmp_path: Path
) -> None:
    folder = Path(shutil.copytree(killed, tmp_path / "run"))
    whole = read_history(uninterrupted)
    (folder / "history.json").write_text(json.dumps(whole[:2]))

    assert cli.main(train_command(fer2013, folder, "--resume")) == 0
    assert read_history(folder) == whole


def test_resuming_a_finished_run_changes_nothing_and_says_so(
    fer2013: Path, uninterrupted: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    before = (uninterrupted / "history.json").read_bytes()
    assert cli.main(train_command(fer2013, uninterrupted, "--resume")) == 0
    assert f"{uninterrupted}: this run is finished, all 3 epochs" in capsys.readouterr().out
    assert (uninterrupted / "history.json").read_bytes() == before


def test_resuming_with_other_options_is_refused(fer2013: Path, uninterrupted: Path, refusal: Refusal) -> None:
    command = train_command(fer2013, uninterrupted, "--resume", "--seed", "5", "--batch", "64")
    line = refusal(*command, code=2)
    assert line.endswith(
        f"{uninterrupted}: was begun with --batch 32, --seed 1; leave out --batch 64 --seed 5"
    )


def test_weights_of_another_network_are_refused_before_the_data_are_read(
    uninterrupted: Path, tmp_path: Path, refusal: Refusal
) -> None:
    (tmp_path / "empty.csv").touch()
    start = ("--start", str(uninterrupted / "best.keras"), "--network", "paper")
    line = refusal(*train_command(tmp_path / "empty.csv", tmp_path / "x", *start), code=2)
    assert line.endswith("best.keras: contains the network small, but this run trains paper")


def test_resuming_with_another_recipe_is_refused(
    fer2013: Path, votes: Path, uninterrupted: Path, refusal: Refusal
) -> None:
    command = resume_command(fer2013, uninterrupted, "--votes", votes, "--recipe")
    line = refusal(*command, "box", code=2)
    assert line.endswith("was begun with --recipe paper; leave out --recipe box")
    assert cli.main([*command, "paper"]) == 0


def test_a_run_of_an_older_version_does_not_say_its_recipes_name_and_goes_on(
    fer2013: Path, votes: Path, uninterrupted: Path, tmp_path: Path, refusal: Refusal
) -> None:
    run = Path(shutil.copytree(uninterrupted, tmp_path / "run"))
    content = json.loads((run / "run.json").read_text())
    assert content.pop("recipe") == "paper"
    (run / "run.json").write_text(json.dumps(content))
    command = resume_command(fer2013, run, "--votes", votes, "--recipe")
    assert refusal(*command, "box", code=2).endswith("was begun with another recipe; leave out --recipe box")
    assert cli.main([*command, "paper"]) == 0


def test_more_epochs_for_a_finished_run_are_refused_with_what_to_do(
    fer2013: Path, uninterrupted: Path, refusal: Refusal
) -> None:
    line = refusal(*resume_command(fer2013, uninterrupted, "--epochs", "9"), code=2)
    assert line.endswith(
        "was begun with --epochs 3; leave out --epochs 9; to train it further, start a new run from it: "
        f"--start {uninterrupted / 'best.keras'} --out FOLDER"
    )


def test_a_run_without_the_state_to_resume_from_is_not_begun_anew(
    fer2013: Path, killed: Path, uninterrupted: Path, tmp_path: Path, refusal: Refusal
) -> None:
    folder = Path(shutil.copytree(killed, tmp_path / "run"))
    (folder / "last.keras").unlink()
    (folder / "history.json").write_text(json.dumps(read_history(uninterrupted)[:2]))
    line = refusal(*resume_command(fer2013, folder), code=2)
    assert line.endswith("has no last.keras, from which a run goes on; start one in another --out")


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


@pytest.mark.parametrize("epochs", [1, 2])
def test_a_run_that_would_end_before_its_warmup_is_refused(
    epochs: int, fer2013: Path, votes: Path, tmp_path: Path, refusal: Refusal
) -> None:
    options = ("--votes", str(votes), "--recipe", "box", "--epochs", str(epochs))
    line = refusal(*train_command(fer2013, tmp_path / "x", *options), code=2)
    assert f"--epochs {epochs}: --recipe box needs 2 epochs to warm up; ask for 3 or more" in line
    assert not (tmp_path / "x").exists()


def test_in_mixed_precision_the_output_is_still_float32(run: Path) -> None:
    saved = keras.saving.load_model(run / "best.keras", compile=False)
    assert saved.layers[-1].compute_dtype == "float32"
    assert saved.layers[1].compute_dtype == "bfloat16"


def test_a_line_says_what_counts_of_an_epoch() -> None:
    entry = {"epoch": 2.0, "loss": 1.23456, "val_accuracy": 0.5}
    assert epoch_line(entry, 9, is_best=True) == (
        "epoch 2 of 9: loss 1.235, agrees with the labels on 50.0 % of PublicTest, the best so far, kept in "
        "best.keras"
    )
    assert epoch_line(entry | {"val_votes_accuracy": 0.25}, 9, is_best=False) == (
        "epoch 2 of 9: loss 1.235, agrees with FER+'s majority on 25.0 % of PublicTest"
    )


def test_the_recipe_is_stored_as_plain_json(run: Path) -> None:
    assert json.loads((run / "run.json").read_text())["moods"] == ["happy", "neutral", "sad"]
