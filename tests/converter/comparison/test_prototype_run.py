"""A network that answers with the votes of prototypes is made from a trained one, as a run like any other."""

from __future__ import annotations

from pathlib import Path

import keras
import msgspec
import numpy as np
import pytest

from converter.comparison import prototype_run
from converter.comparison.prototype_run import add_prototypes
from converter.data.dataset import Split
from converter.networks.architectures import NETWORKS, predict, softmax
from converter.networks.outputs import MOODS
from converter.networks.prototypes import PrototypeVotes
from converter.networks.saved_models import restore
from converter.training.run_folder import BEST, read_history, read_recipe
from tests.converter import small_network


def with_prototypes(mood_count: int, side: int | None = 48) -> keras.Model:
    body = small_network.small(mood_count, side)
    votes = PrototypeVotes(mood_count)(body.get_layer(MOODS).input)
    return keras.Model(body.inputs, softmax(votes, mood_count, MOODS), name="with_prototypes")


def test_it_answers_with_the_votes_of_near_prototypes(
    second_run: Path, splits: dict[str, Split], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(NETWORKS, "with_prototypes", with_prototypes)
    monkeypatch.setattr(prototype_run, "SHARPNESSES", (2.0**20,))
    recipe = msgspec.structs.replace(read_recipe(second_run), network="with_prototypes")
    folder = tmp_path / "run"
    add_prototypes(second_run, folder, recipe, splits)
    training = splits["Training"]
    answers = predict(restore(folder / BEST, face=True), training.images)  # as `quantize` loads a run
    # With 32 faces of each mood, every one of them is a prototype, and the only one that is near itself.
    assert np.mean(answers.argmax(axis=1) == training.labels) > 0.99
    assert answers.sum(axis=1) == pytest.approx(1, abs=1e-5)
    assert read_recipe(folder) == recipe
    assert read_history(folder) == read_history(second_run)
