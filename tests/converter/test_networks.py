from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import keras
import numpy as np
import pytest

from converter import networks
from converter.errors import RunError

pytestmark = pytest.mark.xdist_group("tensorflow")


def test_the_papers_network_layer_by_layer() -> None:
    found = [
        (
            type(layer).__name__,
            *(tuple(weights.shape) for weights in layer.weights[:1]),
            layer.output.shape[1:],
        )
        for layer in networks.paper(3).layers[1:]  # after the input
    ]
    assert found == [
        ("Rescaling", (48, 48, 1)),
        ("Conv2D", (3, 3, 1, 32), (46, 46, 32)),
        ("Conv2D", (3, 3, 32, 64), (44, 44, 64)),
        ("MaxPooling2D", (22, 22, 64)),
        ("Dropout", (22, 22, 64)),
        ("Conv2D", (3, 3, 64, 128), (20, 20, 128)),
        ("MaxPooling2D", (10, 10, 128)),
        ("Conv2D", (3, 3, 128, 128), (8, 8, 128)),
        ("MaxPooling2D", (4, 4, 128)),
        ("Dropout", (4, 4, 128)),
        ("Flatten", (2048,)),
        ("Dense", (2048, 1024), (1024,)),
        ("Dropout", (1024,)),
        ("Dense", (1024, 3), (3,)),
    ]


def test_the_papers_network_drops_a_quarter_a_quarter_and_a_half() -> None:
    rates = [layer.rate for layer in networks.paper(3).layers if isinstance(layer, keras.layers.Dropout)]
    assert rates == [0.25, 0.25, 0.5]


def test_the_papers_network_is_rectified_up_to_a_softmax() -> None:
    layers = [layer for layer in networks.paper(3).layers if hasattr(layer, "activation")]
    assert [layer.activation.__name__ for layer in layers] == ["relu"] * 5 + ["softmax"]


@pytest.mark.parametrize(("moods", "parameters"), [(3, 2_341_507), (7, 2_345_607)])
def test_the_papers_network_has_as_many_parameters_as_the_paper_says(moods: int, parameters: int) -> None:
    assert networks.paper(moods).count_params() == parameters


def test_every_network_takes_grey_values_and_gives_probabilities() -> None:
    images = np.random.default_rng(1).integers(0, 256, (4, 48, 48)).astype(np.uint8)
    for build in networks.NETWORKS.values():
        answers = build(3).predict(networks.as_input(images), verbose=0)
        assert answers.shape == (4, 3)
        assert answers.sum(axis=1) == pytest.approx(1, abs=1e-5)


def test_input_keeps_its_grey_values() -> None:
    images = np.arange(48 * 48, dtype=np.uint16).reshape(1, 48, 48).astype(np.uint8)
    made = networks.as_input(images)
    assert made.shape == (1, 48, 48, 1)
    assert made.dtype == np.float32
    assert np.array_equal(made[..., 0], images)


def test_a_network_trained_in_mixed_precision_is_restored_in_float32(run: Path) -> None:
    restored = networks.restore(run / "best.keras")
    assert {layer.dtype_policy.name for layer in restored.layers} == {"float32"}
    saved = keras.saving.load_model(run / "best.keras", compile=False)
    assert {layer.dtype_policy.name for layer in saved.layers} == {"mixed_bfloat16", "float32"}
    for one, other in zip(restored.get_weights(), saved.get_weights(), strict=True):
        assert np.array_equal(one, other)


@pytest.mark.parametrize("content", [None, b"no model"])
def test_a_file_that_is_no_model_is_named(content: bytes | None, tmp_path: Path) -> None:
    path = tmp_path / "best.keras"
    if content:
        path.write_bytes(content)
    with pytest.raises(
        RunError, match=r"best\.keras: cannot be loaded .*; expected a model that `train` saved"
    ):
        networks.restore(path)


def test_a_network_of_another_name_is_refused(tmp_path: Path) -> None:
    other = keras.Sequential([keras.Input((48, 48, 1)), keras.layers.Flatten()], name="mine")
    other.save(tmp_path / "best.keras")
    with pytest.raises(RunError, match="holds a network 'mine'; known are paper"):
        networks.restore(tmp_path / "best.keras")


def multiply_adds(network: keras.Model) -> int:
    layers = [
        layer for layer in network.layers if isinstance(layer, keras.layers.Conv2D | keras.layers.Dense)
    ]
    return sum(int(np.prod(layer.output.shape[1:-1])) * int(np.prod(layer.kernel.shape)) for layer in layers)


@pytest.mark.parametrize("moods", [3, 7])
def test_the_boxs_networks_are_small_enough_together_for_a_small_processor(moods: int) -> None:
    both = (networks.residual(moods), networks.slim(moods))
    assert sum(network.count_params() for network in both) < 1_250_000
    assert sum(map(multiply_adds, both)) < 80_000_000


@pytest.mark.parametrize("build", [networks.residual, networks.slim])
def test_the_boxs_networks_take_pictures_of_any_side(build: Callable[..., keras.Model]) -> None:
    network = build(3, side=None)
    for side in (32, 40, 48):
        assert network.predict(np.zeros((2, side, side, 1), np.float32), verbose=0).shape == (2, 3)


def test_normalising_in_one_pass_is_normalising() -> None:
    inputs = np.random.default_rng(1).normal(3, 2, (64, 5, 5, 4)).astype(np.float32)
    ours = networks.FusedNormalization(momentum=0.9, epsilon=1e-3)
    keras_own = keras.layers.BatchNormalization(momentum=0.9, epsilon=1e-3)
    for training in (True, True, False):
        one, other = (np.asarray(layer(inputs, training=training)) for layer in (ours, keras_own))
        assert one == pytest.approx(other, abs=3e-3)
    for one, other in zip(ours.get_weights(), keras_own.get_weights(), strict=True):
        assert one == pytest.approx(other, rel=1e-2)  # it divides by n-1 where Keras divides by n


@pytest.fixture
def voted(tmp_path: Path) -> Path:
    """A network of three moods that was saved with both outputs, its weights drawn."""
    model = networks.trainable("residual", 3, (48,), votes=True)
    draw = np.random.default_rng(1)
    model.set_weights([draw.normal(0, 0.05, w.shape) ** 2 + 0.01 for w in model.get_weights()])
    model.save(tmp_path / "best.keras")
    return tmp_path / "best.keras"


FACES = np.random.default_rng(2).integers(0, 256, (5, 48, 48)).astype(np.uint8)


def test_labels_and_votes_are_mixed_before_the_softmax(voted: Path) -> None:
    labels, votes, mixed = (
        np.log(networks.predict(networks.restore(voted, votes=v), FACES)) for v in (0, 1, 0.3)
    )
    expected = 0.7 * labels + 0.3 * votes
    expected -= np.log(np.exp(expected).sum(axis=1, keepdims=True))
    assert np.abs(labels - votes).max() > 0.01
    assert mixed == pytest.approx(expected, abs=1e-3)


def test_a_temperature_divides_before_the_softmax(voted: Path) -> None:
    cold, warm = (networks.predict(networks.restore(voted, temperature=t), FACES) for t in (1.0, 2.0))
    expected = np.sqrt(cold)
    assert warm == pytest.approx(expected / expected.sum(axis=1, keepdims=True), abs=1e-4)


def test_votes_that_were_not_learned_cannot_be_asked_for(run: Path) -> None:
    with pytest.raises(RunError, match="has learned no votes; leave out --votes-share"):
        networks.restore(run / "best.keras", votes=0.5)


def test_a_network_may_be_held_to_some_of_its_moods(voted: Path) -> None:
    held = networks.predict(networks.restore(voted, places=[2, 0], votes=0.3), FACES)
    whole = networks.predict(networks.restore(voted, votes=0.3), FACES)[:, [2, 0]]
    assert held == pytest.approx(whole / whole.sum(axis=1, keepdims=True), abs=1e-5)


def test_networks_that_judge_together_answer_with_their_mean_before_the_softmax(voted: Path) -> None:
    one = networks.restore(voted, votes=0.3)
    other = networks.slim(3)
    draw = np.random.default_rng(3)
    other.set_weights([draw.normal(0, 0.05, w.shape) ** 2 + 0.01 for w in other.get_weights()])
    both = networks.together([one, other])
    answers = [np.log(networks.predict(network, FACES)) for network in (one, other)]
    expected = np.exp(np.mean(answers, axis=0))
    assert np.abs(answers[0] - answers[1]).max() > 0.01
    assert networks.predict(both, FACES) == pytest.approx(
        expected / expected.sum(axis=1, keepdims=True), abs=1e-4
    )
    assert networks.together([one]) is one


def test_a_start_takes_over_the_body_and_the_moods_that_are_wanted(voted: Path) -> None:
    model = networks.trainable("residual", 2, (48,), votes=True)
    networks.start_from(model, {voted: [2, 0]})
    before = networks.predict(networks.restore(voted), FACES)[:, [2, 0]]
    after = np.asarray(model.predict(networks.as_input(FACES), verbose=0)["moods"])
    assert after == pytest.approx(before / before.sum(axis=1, keepdims=True), abs=1e-4)


def test_a_start_from_several_is_the_mean_of_their_weights(voted: Path, tmp_path: Path) -> None:
    other = networks.load(voted)
    other.set_weights([3 * weight for weight in other.get_weights()])
    other.save(tmp_path / "other.keras")
    model = networks.trainable("residual", 3, (48,), votes=True)
    networks.start_from(model, {voted: [0, 1, 2], tmp_path / "other.keras": [0, 1, 2]})
    for mean, weight in zip(model.get_weights(), networks.load(voted).get_weights(), strict=True):
        assert np.allclose(mean, 2 * weight, rtol=1e-5)


def test_a_start_from_another_network_is_refused(run: Path) -> None:
    model = networks.trainable("residual", 3, (48,), votes=False)
    with pytest.raises(RunError, match="holds a network 'paper', the run is to train 'residual'"):
        networks.start_from(model, {run / "best.keras": [0, 1, 2]})
