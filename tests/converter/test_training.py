from __future__ import annotations

import dataclasses
import json
import shutil
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import keras
import numpy as np
import pytest

from converter import cli, data, networks, training
from converter.augmentation import Augmentation
from converter.data import Split
from converter.errors import RunError
from converter.training import Batches, Recipe
from device.eyes.card import Light
from device.eyes.light import all_evened
from tests.converter import drawn, small
from tests.converter.conftest import Refusal

pytestmark = pytest.mark.xdist_group("tensorflow")

STILL = Augmentation(degrees=0, scale=0, shift=0, flip=False)


def options(fer2013: Path, out: Path, *more: str) -> list[str]:
    asked = f"train --data {fer2013} --out {out} --network {small.NAME} --epochs 3 --batch 32"
    return [*asked.split(), *more]


@pytest.fixture(scope="module")
def uninterrupted(fer2013: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("runs") / "whole"
    assert cli.main(options(fer2013, folder)) == 0
    return folder


def test_a_run_leaves_its_recipe_history_models_and_picture(run: Path) -> None:
    assert {path.name for path in run.iterdir()} == {
        "run.json",
        "history.json",
        "history.png",
        "best.keras",
        "last.keras",
    }
    assert training.read_recipe(run) == Recipe(epochs=8, batch=8, precision="mixed_bfloat16")
    assert [entry["epoch"] for entry in training.read_history(run)] == [1, 2, 3, 4, 5, 6, 7, 8]


def test_a_run_learns(run: Path) -> None:
    assert training.read_history(run)[-1]["val_accuracy"] > 0.8


def test_the_best_model_is_that_of_the_best_epoch(uninterrupted: Path, splits: dict[str, Split]) -> None:
    best = max(entry["val_accuracy"] for entry in training.read_history(uninterrupted))
    test = splits["PublicTest"]
    answers = networks.restore(uninterrupted / "best.keras").predict(
        networks.as_input(test.images), verbose=0
    )
    assert np.mean(answers.argmax(axis=1) == test.labels) == pytest.approx(best, abs=1e-6)


def test_the_same_seed_gives_the_same_run(fer2013: Path, uninterrupted: Path, tmp_path: Path) -> None:
    assert cli.main(options(fer2013, tmp_path / "again")) == 0
    assert training.read_history(tmp_path / "again") == training.read_history(uninterrupted)


def test_another_seed_gives_another_run(fer2013: Path, uninterrupted: Path, tmp_path: Path) -> None:
    assert cli.main(options(fer2013, tmp_path / "other", "--seed", "2")) == 0
    assert training.read_history(tmp_path / "other") != training.read_history(uninterrupted)


@pytest.fixture(scope="module")
def killed(fer2013: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of the same run, killed in its second epoch."""
    folder = tmp_path_factory.mktemp("runs") / "killed"
    is_killed(folder, "-m", "tests.converter.killed", *options(fer2013, folder))
    return folder


def is_killed(folder: Path, *program: str) -> None:
    """Runs this Python, on a program that imports tests.converter.killed and trains into `folder`."""
    done = subprocess.run([sys.executable, *program], capture_output=True, text=True, check=False)
    assert done.returncode == -signal.SIGKILL, done.stderr
    assert (folder / training.LAST).exists()


def test_a_run_that_was_killed_goes_on_as_if_it_had_not_been(
    fer2013: Path, killed: Path, uninterrupted: Path, tmp_path: Path
) -> None:
    folder = Path(shutil.copytree(killed, tmp_path / "run"))
    whole = training.read_history(uninterrupted)
    assert training.read_history(folder) == whole[:1]

    assert cli.main(options(fer2013, folder, "--resume")) == 0
    assert training.read_history(folder) == whole


def test_a_stop_between_history_and_last_model_repeats_that_epoch(
    fer2013: Path, killed: Path, uninterrupted: Path, tmp_path: Path
) -> None:
    folder = Path(shutil.copytree(killed, tmp_path / "run"))
    whole = training.read_history(uninterrupted)
    (folder / "history.json").write_text(json.dumps(whole[:2]))

    assert cli.main(options(fer2013, folder, "--resume")) == 0
    assert training.read_history(folder) == whole


def test_going_on_with_a_finished_run_changes_nothing(fer2013: Path, uninterrupted: Path) -> None:
    before = (uninterrupted / "history.json").read_bytes()
    assert cli.main(options(fer2013, uninterrupted, "--resume")) == 0
    assert (uninterrupted / "history.json").read_bytes() == before


def test_going_on_with_other_options_is_refused(fer2013: Path, uninterrupted: Path, refusal: Refusal) -> None:
    line = refusal(*options(fer2013, uninterrupted, "--resume", "--seed", "5", "--batch", "64"), code=2)
    assert line.endswith(
        "--resume needs the options of the first start: batch was 32, now 64; seed was 1, now 5"
    )


def test_a_folder_that_holds_a_run_is_not_begun_again(
    fer2013: Path, uninterrupted: Path, refusal: Refusal
) -> None:
    line = refusal(*options(fer2013, uninterrupted), code=2)
    assert "holds a run already; go on with --resume, or name another --out" in line


def test_a_folder_without_a_run_is_not_gone_on_with(fer2013: Path, tmp_path: Path, refusal: Refusal) -> None:
    line = refusal(*options(fer2013, tmp_path, "--resume"), code=2)
    assert "holds no run to go on with; leave out --resume to begin one" in line


def test_a_network_that_is_not_known_is_refused(fer2013: Path, tmp_path: Path, refusal: Refusal) -> None:
    line = refusal(*options(fer2013, tmp_path / "x", "--network", "papr"), code=2)
    assert "--network papr: not known; there are paper" in line
    assert not (tmp_path / "x").exists()


@pytest.mark.parametrize("epochs", [1, 2])
def test_a_run_that_would_end_before_it_is_warm_is_refused(
    epochs: int, fer2013: Path, votes: Path, tmp_path: Path, refusal: Refusal
) -> None:
    asked = options(
        fer2013, tmp_path / "x", "--votes", str(votes), "--recipe", "box", "--epochs", str(epochs)
    )
    line = refusal(*asked, code=2)
    assert f"--epochs {epochs}: this recipe takes 2 to warm up; ask for 3 or more" in line
    assert not (tmp_path / "x").exists()


@pytest.mark.parametrize("content", [None, "[]", '{"epochs": "many"}'])
def test_a_recipe_that_cannot_be_read_is_named(content: str | None, tmp_path: Path) -> None:
    if content:
        (tmp_path / "run.json").write_text(content)
    with pytest.raises(
        RunError, match=r"run\.json: cannot be read .*; expected the folder of a training run"
    ):
        training.read_recipe(tmp_path)


def test_batches_hold_each_face_once_an_epoch_in_an_order_of_their_own(splits: dict[str, Split]) -> None:
    training_split = splits["Training"]
    batches = Batches(training_split, Recipe(batch=40, augmentation=STILL), epoch=0)
    assert len(batches) == 3

    def epoch() -> list[bytes]:
        return [image.tobytes() for i in range(3) for image in batches[i][0]]

    faces = sorted(image.tobytes() for image in networks.as_input(training_split.images))
    first = epoch()
    batches.on_epoch_end()
    second = epoch()
    assert sorted(first) == sorted(second) == faces
    assert first != second


def test_an_epochs_batches_are_the_same_however_the_run_came_there(splits: dict[str, Split]) -> None:
    recipe = Recipe(batch=40)
    through = Batches(splits["Training"], recipe, epoch=0)
    through.on_epoch_end()
    begun = Batches(splits["Training"], recipe, epoch=1)
    assert np.array_equal(through[2][0], begun[2][0])
    assert np.array_equal(through[2][1]["moods"], begun[2][1]["moods"])


def test_mixed_precision_keeps_the_answers_in_float32(run: Path) -> None:
    saved = keras.saving.load_model(run / "best.keras", compile=False)
    assert saved.layers[-1].compute_dtype == "float32"
    assert saved.layers[1].compute_dtype == "bfloat16"


def test_the_recipe_is_written_for_people_too(run: Path) -> None:
    assert json.loads((run / "run.json").read_text())["moods"] == ["happy", "neutral", "sad"]


BOX = Recipe(
    network=small.NAME,
    epochs=3,
    batch=32,
    optimizer="sgd",
    learning_rate=0.05,
    warmup=1,
    weight_decay=4e-3,
    smoothing=0.1,
    votes=0.5,
    average=0.9,
    sides=(16, 24, 48),
    augmentation=Augmentation(framed=0.5, contrast=0.2, dim=0.3, blur=0.5, erase=0.2, light=Light.STRETCHED),
)


@pytest.fixture(scope="module")
def voted(fer2013: Path, votes: Path) -> dict[str, Split]:
    return data.read(fer2013, data.SPLITS, drawn.MOODS, votes=votes)


def train(folder: Path, recipe: Recipe, voted: dict[str, Split], **options: Any) -> Path:
    options = {"resume": False} | options
    training.train(folder, recipe, voted["Training"], voted["PublicTest"], **options)
    return folder


@pytest.fixture(scope="module")
def box(voted: dict[str, Split], tmp_path_factory: pytest.TempPathFactory) -> Path:
    return train(tmp_path_factory.mktemp("runs") / "box", BOX, voted)


def test_everything_that_a_recipe_can_ask_for_goes_together(box: Path) -> None:
    assert training.read_recipe(box) == BOX
    history = training.read_history(box)
    assert [entry["epoch"] for entry in history] == [1, 2, 3]
    assert {"accuracy", "val_accuracy", "votes_accuracy", "val_votes_accuracy"} <= history[0].keys()
    assert history[-1]["loss"] < history[0]["loss"]


def test_a_stopped_run_with_growing_pictures_and_a_mean_of_weights_goes_on_as_if_it_had_not_been(
    box: Path, voted: dict[str, Split], tmp_path: Path
) -> None:
    program = (
        "import sys, pathlib; from tests.converter import drawn, killed, test_training as t;"
        "from converter import data; p = [pathlib.Path(a) for a in sys.argv[1:]];"
        "t.train(p[0], t.BOX, data.read(p[1], data.SPLITS, drawn.MOODS, votes=p[2]))"
    )
    table = drawn.write_csv(tmp_path / "fer2013.csv", drawn.rows())
    votes = drawn.write_csv(tmp_path / "votes.csv", drawn.votes())
    folder = tmp_path / "run"
    is_killed(folder, "-c", program, str(folder), str(table), str(votes))

    whole = training.read_history(box)
    assert len(training.read_history(folder)) == 1
    assert training.read_history(train(folder, BOX, voted, resume=True)) == whole


def test_the_best_model_holds_the_mean_of_the_weights(box: Path, voted: dict[str, Split]) -> None:
    test = voted["PublicTest"]
    best = max(entry["val_accuracy"] for entry in training.read_history(box))
    answers = networks.predict(networks.restore(box / "best.keras"), all_evened(test.images, Light.STRETCHED))
    assert np.mean(answers.argmax(axis=1) == test.labels) == pytest.approx(best, abs=0.03)


def test_a_run_may_start_where_another_ended(box: Path, voted: dict[str, Split], tmp_path: Path) -> None:
    recipe = dataclasses.replace(
        BOX, epochs=1, learning_rate=1e-9, warmup=0, sides=(48,), start=(str(box / "best.keras"),)
    )
    folder = train(tmp_path / "again", recipe, voted)
    ended, again = training.read_history(box)[-1], training.read_history(folder)[0]
    assert again["val_loss"] == pytest.approx(ended["val_loss"], rel=0.2)


def with_start(recipe: Recipe, model: str) -> Recipe:
    return dataclasses.replace(recipe, start=(model,))


def with_teacher(recipe: Recipe, model: str) -> Recipe:
    return dataclasses.replace(recipe, teachers=(model,))


@pytest.mark.parametrize("using", [with_start, with_teacher])
def test_a_start_or_a_teacher_that_lacks_a_mood_is_refused(
    using: Callable[[Recipe, str], Recipe], box: Path, voted: dict[str, Split], tmp_path: Path
) -> None:
    asked = dataclasses.replace(BOX, moods=("happy", "neutral", "angry"))
    recipe = using(asked, str(box / "best.keras"))
    with pytest.raises(RunError, match=r"best\.keras: does not know angry"):
        train(tmp_path / "angry", recipe, voted)
    assert not (tmp_path / "angry").exists()


def test_votes_are_asked_for_where_the_recipe_wants_them(splits: dict[str, Split], tmp_path: Path) -> None:
    with pytest.raises(RunError, match=r"wants FER\+'s votes: name fer2013new\.csv with --votes"):
        train(tmp_path / "run", BOX, splits)
    assert not (tmp_path / "run").exists()


def test_pictures_grow_in_equal_parts_of_the_epochs() -> None:
    recipe = Recipe(epochs=7, sides=(32, 40, 48))
    assert [recipe.side(epoch) for epoch in range(7)] == [32, 32, 32, 40, 40, 48, 48]


def test_a_teachers_answers_are_the_part_of_the_targets_that_the_recipe_says(voted: dict[str, Split]) -> None:
    split = voted["Training"]
    given = np.full((len(split), 3), 1 / 3, np.float32)
    recipe = Recipe(votes=0.5, taught=0.25)
    taught = Batches(split, recipe, epoch=0, taught={"moods": given, "votes": given})[0][1]
    alone = Batches(split, recipe, epoch=0)[0][1]
    assert np.allclose(taught["moods"], 0.75 * alone["moods"] + 0.25 / 3)
    # A face that nobody voted on teaches nothing about votes, whatever a teacher thinks of it.
    voted_on = alone["votes"].any(axis=1, keepdims=True)
    assert np.allclose(taught["votes"], voted_on * (0.75 * alone["votes"] + 0.25 / 3))


def test_a_run_learns_from_the_teacher_that_it_was_given(
    box: Path, voted: dict[str, Split], tmp_path: Path
) -> None:
    alone = dataclasses.replace(BOX, epochs=1, warmup=0, sides=(16,))
    taught = with_teacher(alone, str(box / "best.keras"))
    one, other = (
        training.read_history(train(tmp_path / name, recipe, voted))[0]["loss"]
        for name, recipe in (("alone", alone), ("taught", taught))
    )
    assert one != pytest.approx(other, rel=1e-3)


def test_faces_and_their_targets_are_mixed_alike() -> None:
    labels = np.arange(60) % 3
    greys = np.array([0, 100, 200], np.uint8)
    split = Split("Training", drawn.MOODS, np.tile(greys[labels, None, None], (1, 48, 48)), labels)
    images, targets = Batches(split, Recipe(batch=60, mixup=0.4, augmentation=STILL), epoch=0)[0]

    shares = targets["moods"]
    assert np.allclose(shares.sum(axis=1), 1)
    assert np.sum(shares.max(axis=1) < 0.99) > 10
    assert np.allclose(images[:, 0, 0, 0], shares @ greys, atol=0.01)
