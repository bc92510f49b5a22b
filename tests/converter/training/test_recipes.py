"""All that a recipe can ask for: votes, averaged weights, growing images, initial weights, teachers."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from msgspec.structs import replace

from converter.data.dataset import Split
from converter.errors import RunError
from converter.networks.architectures import predict
from converter.networks.saved_models import restore
from converter.training import trainer
from converter.training.checkpoints import Checkpoints
from converter.training.recipes import Recipe
from converter.training.run_folder import read_history, read_recipe
from device.vision.normalization import Normalization, normalize_all
from tests.converter import drawn
from tests.converter.training.runs import EVERYTHING, run_until_killed, train


def test_images_grow_in_equal_parts_of_the_epochs() -> None:
    recipe = Recipe(epochs=7, progressive_sizes=(32, 40, 48))
    assert [recipe.image_side(epoch) for epoch in range(7)] == [32, 32, 32, 40, 40, 48, 48]


@pytest.fixture(scope="module")
def finished(splits_with_votes: dict[str, Split], tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of a finished run with EVERYTHING."""
    return train(tmp_path_factory.mktemp("runs") / "finished", EVERYTHING, splits_with_votes)


def test_all_that_a_recipe_can_ask_for_works_together(finished: Path) -> None:
    assert read_recipe(finished) == EVERYTHING
    history = read_history(finished)
    assert [entry["epoch"] for entry in history] == [1, 2, 3]
    assert {"accuracy", "val_accuracy", "votes_accuracy", "val_votes_accuracy"} <= history[0].keys()
    assert history[-1]["loss"] < history[0]["loss"]


def test_a_killed_run_with_growing_images_and_averaged_weights_resumes_as_if_it_had_not_been_killed(
    finished: Path, splits_with_votes: dict[str, Split], tmp_path: Path
) -> None:
    program = (
        "import sys, pathlib; from tests.converter.training import killed, runs\n"
        "from converter.data.dataset import read; from converter.data.labels import SPLITS\n"
        "from tests.converter import drawn; folder, table, votes = map(pathlib.Path, sys.argv[1:])\n"
        "runs.train(folder, runs.EVERYTHING, read(table, SPLITS, drawn.MOODS, votes=votes))"
    )
    table = drawn.write_csv(tmp_path / "fer2013.csv", drawn.rows())
    votes = drawn.write_csv(tmp_path / "votes.csv", drawn.votes())
    folder = tmp_path / "run"
    run_until_killed(folder, "-c", program, str(folder), str(table), str(votes))

    whole = read_history(finished)
    assert len(read_history(folder)) == 1
    assert read_history(train(folder, EVERYTHING, splits_with_votes, resume=True)) == whole


def test_a_run_that_was_stopped_after_its_images_grew_resumes_as_if_it_had_not_been_stopped(
    splits_with_votes: dict[str, Split], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    recipe = replace(EVERYTHING, epochs=4, progressive_sizes=(16, 24))
    whole = read_history(train(tmp_path / "whole", recipe, splits_with_votes))

    class StopAfterThirdEpoch(Checkpoints):
        def on_epoch_end(self, epoch: int, logs: Mapping[str, Any] | None = None) -> None:
            super().on_epoch_end(epoch, logs)
            if epoch == 2:
                raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(trainer, "Checkpoints", StopAfterThirdEpoch)
        with pytest.raises(KeyboardInterrupt):
            train(tmp_path / "stopped", recipe, splits_with_votes)
    assert read_history(tmp_path / "stopped") == whole[:3]
    assert read_history(train(tmp_path / "stopped", recipe, splits_with_votes, resume=True)) == whole


def test_the_best_model_has_the_averaged_weights(finished: Path, splits_with_votes: dict[str, Split]) -> None:
    test = splits_with_votes["PublicTest"]
    best = max(entry["val_accuracy"] for entry in read_history(finished))
    answers = predict(
        restore(finished / "best.keras"), normalize_all(test.images, Normalization.STANDARDIZED)
    )
    assert np.mean(answers.argmax(axis=1) == test.labels) == pytest.approx(best, abs=0.03)


def test_a_run_can_start_from_the_weights_of_another(
    finished: Path, splits_with_votes: dict[str, Split], tmp_path: Path
) -> None:
    recipe = replace(
        EVERYTHING,
        epochs=1,
        learning_rate=1e-9,
        warmup_epochs=0,
        progressive_sizes=(48,),
        initial_models=(str(finished / "best.keras"),),
    )
    folder = train(tmp_path / "second", recipe, splits_with_votes)
    last, first = read_history(finished)[-1], read_history(folder)[0]
    assert first["val_loss"] == pytest.approx(last["val_loss"], rel=0.2)


def with_initial_model(recipe: Recipe, model: str) -> Recipe:
    """Return `recipe` with the weights of `model` as a start."""
    return replace(recipe, initial_models=(model,))


def with_teacher(recipe: Recipe, model: str) -> Recipe:
    """Return `recipe` with `model` as the teacher."""
    return replace(recipe, teachers=(model,))


@pytest.mark.parametrize("use", [with_initial_model, with_teacher])
def test_an_initial_model_or_a_teacher_that_lacks_a_mood_is_refused(
    use: Callable[[Recipe, str], Recipe],
    finished: Path,
    splits_with_votes: dict[str, Split],
    tmp_path: Path,
) -> None:
    recipe = use(replace(EVERYTHING, moods=("happy", "neutral", "angry")), str(finished / "best.keras"))
    with pytest.raises(RunError, match=r"best\.keras: does not know angry"):
        train(tmp_path / "angry", recipe, splits_with_votes)
    assert not (tmp_path / "angry").exists()


def test_a_recipe_with_votes_is_refused_without_them(splits: dict[str, Split], tmp_path: Path) -> None:
    with pytest.raises(RunError, match=r"needs FER\+'s votes; name fer2013new\.csv with --votes"):
        train(tmp_path / "run", EVERYTHING, splits)
    assert not (tmp_path / "run").exists()


def test_a_run_learns_from_its_teacher(
    finished: Path, splits_with_votes: dict[str, Split], tmp_path: Path
) -> None:
    alone = replace(EVERYTHING, epochs=1, warmup_epochs=0, progressive_sizes=(16,))
    distilled = with_teacher(alone, str(finished / "best.keras"))
    first, second = (
        read_history(train(tmp_path / name, recipe, splits_with_votes))[0]["loss"]
        for name, recipe in (("alone", alone), ("distilled", distilled))
    )
    assert first != pytest.approx(second, rel=1e-3)
