"""Saved models are restored, averaged and used as a start."""

from __future__ import annotations

from pathlib import Path

import keras
import numpy as np
import pytest

from converter.errors import RunError
from converter.networks.architectures import NETWORKS, predict, training_network
from converter.networks.outputs import as_input
from converter.networks.saved_models import ensemble, initialize, load, restore
from tests.converter import small_network

FACES = np.random.default_rng(2).integers(0, 256, (5, 48, 48)).astype(np.uint8)


def test_a_network_trained_in_mixed_precision_is_restored_in_float32(run: Path) -> None:
    restored = restore(run / "best.keras")
    assert {layer.dtype_policy.name for layer in restored.layers} == {"float32"}
    saved = keras.saving.load_model(run / "best.keras", compile=False)
    assert {layer.dtype_policy.name for layer in saved.layers} == {"mixed_bfloat16", "float32"}
    for first, second in zip(restored.get_weights(), saved.get_weights(), strict=True):
        assert np.array_equal(first, second)


@pytest.mark.parametrize("content", [None, b"no model"])
def test_a_file_that_is_no_model_is_reported(content: bytes | None, tmp_path: Path) -> None:
    path = tmp_path / "best.keras"
    if content:
        path.write_bytes(content)
    with pytest.raises(
        RunError, match=r"best\.keras: cannot be loaded .*; expected a model that `train` saved"
    ):
        restore(path)


def test_a_network_of_another_name_is_refused(tmp_path: Path) -> None:
    other = keras.Sequential([keras.Input((48, 48, 1)), keras.layers.Flatten()], name="mine")
    other.save(tmp_path / "best.keras")
    with pytest.raises(RunError, match="contains a network 'mine'; known are paper"):
        restore(tmp_path / "best.keras")


@pytest.fixture(scope="module")
def saved_with_votes(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A saved network for three moods with both outputs and random weights."""
    folder = tmp_path_factory.mktemp("networks")
    model = training_network(small_network.NAME, 3, (48,), votes=True)
    generator = np.random.default_rng(1)
    model.set_weights([generator.normal(0, 0.5, w.shape) ** 2 + 0.01 for w in model.get_weights()])
    model.save(folder / "best.keras")
    return folder / "best.keras"


def test_labels_and_votes_are_mixed_before_the_softmax(saved_with_votes: Path) -> None:
    labels, votes, mixed = (
        np.log(predict(restore(saved_with_votes, votes_share=v), FACES)) for v in (0, 1, 0.3)
    )
    expected = 0.7 * labels + 0.3 * votes
    expected -= np.log(np.exp(expected).sum(axis=1, keepdims=True))
    assert np.abs(labels - votes).max() > 0.01
    assert mixed == pytest.approx(expected, abs=1e-3)


def test_a_temperature_divides_before_the_softmax(saved_with_votes: Path) -> None:
    cold, warm = (predict(restore(saved_with_votes, temperature=t), FACES) for t in (1.0, 2.0))
    expected = np.sqrt(cold)
    assert warm == pytest.approx(expected / expected.sum(axis=1, keepdims=True), abs=1e-4)


def test_a_votes_share_of_a_network_without_votes_is_refused(run: Path) -> None:
    with pytest.raises(RunError, match="was trained without votes; leave out --votes-share"):
        restore(run / "best.keras", votes_share=0.5)


def test_a_network_can_be_restricted_to_some_of_its_moods(saved_with_votes: Path) -> None:
    restricted = predict(restore(saved_with_votes, mood_indices=[2, 0], votes_share=0.3), FACES)
    whole = predict(restore(saved_with_votes, votes_share=0.3), FACES)[:, [2, 0]]
    assert restricted == pytest.approx(whole / whole.sum(axis=1, keepdims=True), abs=1e-5)


def test_an_ensemble_answers_with_the_mean_of_its_members_before_the_softmax(saved_with_votes: Path) -> None:
    first = restore(saved_with_votes, votes_share=0.3)
    second = NETWORKS["slim"](3)
    generator = np.random.default_rng(3)
    second.set_weights([generator.normal(0, 0.05, w.shape) ** 2 + 0.01 for w in second.get_weights()])
    both = ensemble([first, second])
    answers = [np.log(predict(network, FACES)) for network in (first, second)]
    expected = np.exp(np.mean(answers, axis=0))
    assert np.abs(answers[0] - answers[1]).max() > 0.01
    assert predict(both, FACES) == pytest.approx(expected / expected.sum(axis=1, keepdims=True), abs=1e-4)
    assert ensemble([first]) is first


def test_initial_weights_are_those_of_the_body_and_of_the_wanted_moods(saved_with_votes: Path) -> None:
    model = training_network(small_network.NAME, 2, (48,), votes=True)
    initialize(model, {saved_with_votes: [2, 0]})
    before = predict(restore(saved_with_votes), FACES)[:, [2, 0]]
    after = np.asarray(model.predict(as_input(FACES), verbose=0)["moods"])
    assert after == pytest.approx(before / before.sum(axis=1, keepdims=True), abs=1e-4)


def test_initial_weights_from_several_models_are_their_mean(saved_with_votes: Path, tmp_path: Path) -> None:
    other = load(saved_with_votes)
    other.set_weights([3 * weight for weight in other.get_weights()])
    other.save(tmp_path / "other.keras")
    model = training_network(small_network.NAME, 3, (48,), votes=True)
    initialize(model, {saved_with_votes: [0, 1, 2], tmp_path / "other.keras": [0, 1, 2]})
    for mean, weight in zip(model.get_weights(), load(saved_with_votes).get_weights(), strict=True):
        assert np.allclose(mean, 2 * weight, rtol=1e-5)


def test_initial_weights_from_another_network_are_refused(run: Path) -> None:
    model = training_network("residual", 3, (48,), votes=False)
    with pytest.raises(RunError, match="contains a network 'small', but the run trains 'residual'"):
        initialize(model, {run / "best.keras": [0, 1, 2]})
