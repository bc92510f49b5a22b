"""All that a recipe can ask for: votes, averaged weights, growing images, initial weights, teachers."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from msgspec.structs import replace

from converter.data.dataset import Split
from converter.errors import RunError
from converter.networks.architectures import predict
from converter.networks.saved_models import restore
from converter.training import trainer
from converter.training.recipes import Recipe
from converter.training.run_folder import epoch_score, read_history, read_recipe
from device.vision.normalization import Normalization, normalize_all
from tests.converter.training.runs import EVERYTHING, stopping, train

GOLDEN_LOSSES = (
    (1.303289, 1.395523, 1.107725, 1.140756),
    (1.226088, 1.296874, 1.106662, 1.136992),
    (1.196359, 1.301658, 1.105703, 1.133945),
    (1.108340, 1.185356, 1.103443, 1.120664),
)


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
    assert [entry["epoch"] for entry in history] == [1, 2, 3, 4]
    assert {"accuracy", "val_accuracy", "votes_accuracy", "val_votes_accuracy"} <= history[0].keys()
    assert history[-1]["loss"] < history[0]["loss"]


def test_each_epoch_is_counted_in_one_line_whatever_the_images_size(
    splits_with_votes: dict[str, Split], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    capsys.readouterr()
    train(tmp_path / "run", EVERYTHING, splits_with_votes)
    lines = capsys.readouterr().out.splitlines()
    assert [line.partition(":")[0] for line in lines] == [f"epoch {number} of 4" for number in (1, 2, 3, 4)]
    best = max(entry["val_votes_accuracy"] for entry in read_history(tmp_path / "run"))
    kept = [line for line in lines if "the best so far, kept in best.keras" in line]
    assert f"agrees with FER+'s majority on {100 * best:.1f} % of PublicTest" in kept[-1]


def test_training_is_repeatable(finished: Path) -> None:
    """These losses come from the program as it was before it had other backends, workers and devices."""
    losses = [
        (entry["loss"], entry["votes_loss"], entry["val_loss"], entry["val_votes_loss"])
        for entry in read_history(finished)
    ]
    assert losses == [pytest.approx(expected, rel=2e-3) for expected in GOLDEN_LOSSES]


@pytest.mark.training
def test_a_run_that_was_stopped_and_resumed_gives_the_same_history(
    finished: Path, splits_with_votes: dict[str, Split], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """First in the middle of an epoch, then after the images have grown."""
    whole = read_history(finished)
    for resume, when, kept in ((False, (2, 1), 1), (True, (3, None), 3)):
        with monkeypatch.context() as patch:
            patch.setattr(trainer, "Checkpoints", stopping(*when))
            with pytest.raises(KeyboardInterrupt):
                train(tmp_path / "run", EVERYTHING, splits_with_votes, resume=resume)
        assert read_history(tmp_path / "run") == whole[:kept]
    assert read_history(train(tmp_path / "run", EVERYTHING, splits_with_votes, resume=True)) == whole


def test_the_best_model_has_the_averaged_weights(finished: Path, splits_with_votes: dict[str, Split]) -> None:
    test = splits_with_votes["PublicTest"]
    best = max(reversed(read_history(finished)), key=epoch_score)["val_accuracy"]  # of equals the last
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


@pytest.mark.training
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
