"""A run that has learned what is a face becomes a model that tells the device so."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import cv2
import numpy as np
import pytest
from msgspec.structs import replace

from converter.data.dataset import Split
from converter.errors import RunError
from converter.measure import conditions
from converter.measure.conditions import Answers
from converter.measure.photos import Photo, PhotoSet
from converter.networks.outputs import FACE
from converter.networks.saved_models import ensemble, load, restore
from converter.quantize.export import Choices, export
from converter.quantize.golden_vectors import installed_runtimes, outputs, plain_interpreter
from converter.training import trainer
from converter.training.recipes import Recipe
from converter.training.run_folder import BEST, FACE_CANDIDATES, LAST
from device.vision.classifier import Classifier
from device.vision.normalization import normalize_all
from device.vision.observation import FaceAnalyzer
from tests.converter import drawn, small_network

RECIPE = Recipe(network=small_network.NAME, epochs=15, batch=16, learning_rate=0.02, face_weight=1.0)

pytestmark = pytest.mark.training  # it trains a network for fifteen epochs


@pytest.fixture(scope="module")
def walls() -> np.ndarray:  # type: ignore[type-arg]
    """Crops without a face: stripes of all widths and greys."""
    generator = np.random.default_rng(1)
    return np.stack([_stripes(generator) for _ in range(60)])


def _stripes(generator: np.random.Generator) -> np.ndarray:  # type: ignore[type-arg]
    width, first, second = generator.integers((2, 0, 128), (5, 128, 256)).tolist()
    row = np.where(np.arange(48) // width % 2, first, second).astype(np.uint8)
    return np.tile(row, (48, 1))


@pytest.fixture(scope="module")
def run(splits: dict[str, Split], walls: np.ndarray, tmp_path_factory: pytest.TempPathFactory) -> Path:  # type: ignore[type-arg]
    """A finished run. Its candidates are there already, so that no scenes are searched."""
    folder = tmp_path_factory.mktemp("runs") / "faces"
    folder.mkdir()
    faces = splits["Training"].images[:30]
    crops = np.concatenate([faces, walls[:30]])
    np.savez(folder / FACE_CANDIDATES, crops=crops, is_face=np.arange(60) < 30)
    trainer.train(folder, RECIPE, splits["Training"], splits["PublicTest"], resume=False, backgrounds=folder)
    return folder


@pytest.fixture(scope="module")
def model(run: Path, splits: dict[str, Split], tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("models") / "faces.tflite"
    export([run], splits, out, Choices(target_precision=0.3, face_threshold=0.6))
    return out


def test_the_output_for_faces_can_be_trained_alone(
    run: Path,
    splits: dict[str, Split],
    walls: np.ndarray,  # type: ignore[type-arg]
    tmp_path: Path,
) -> None:
    """The last of its epochs is kept, since all agree with the labels equally often."""
    recipe = replace(RECIPE, epochs=3, only_face=True, initial_models=(str(run / BEST),))
    crops = np.concatenate([splits["Training"].images[:30], walls[:30]])
    np.savez(tmp_path / FACE_CANDIDATES, crops=crops, is_face=np.arange(60) < 30)
    trainer.train(
        tmp_path, recipe, splits["Training"], splits["PublicTest"], resume=False, backgrounds=tmp_path
    )
    before, kept, last = load(run / BEST), load(tmp_path / BEST), load(tmp_path / LAST)
    for layer, now in zip(before.layers, kept.layers, strict=True):
        pairs = zip(layer.get_weights(), now.get_weights(), strict=True)
        assert all(np.array_equal(*pair) for pair in pairs) == (layer.name != FACE)
    for pair in zip(kept.get_layer(FACE).get_weights(), last.get_layer(FACE).get_weights(), strict=True):
        assert np.array_equal(*pair)


def test_the_model_tells_faces_from_walls(model: Path, splits: dict[str, Split], walls: np.ndarray) -> None:  # type: ignore[type-arg]
    classifier = Classifier(model)

    def probability(images: np.ndarray) -> float:  # type: ignore[type-arg]
        crops = normalize_all(images, classifier.card.crop.normalization)
        return float(np.mean([classifier.predict(crop).face_probability for crop in crops]))

    assert probability(splits["PrivateTest"].images) > probability(walls[30:]) + 0.1


def test_its_card_has_the_threshold_and_a_format_that_older_boxes_refuse(model: Path) -> None:
    card = Classifier(model).card
    assert (card.face_threshold, card.format) == (0.6, 3)


def test_its_golden_vectors_contain_the_face_after_the_moods(model: Path) -> None:
    with np.load(model.with_suffix(".golden.npz")) as vectors:
        crops, expected = vectors["crops"], vectors["outputs"]
    assert expected.shape[1] == len(drawn.MOODS) + 1
    for runtime in installed_runtimes():
        assert np.array_equal(outputs(plain_interpreter(model, runtime), crops), expected)


def test_an_ensemble_of_such_networks_tells_faces_too(run: Path, splits: dict[str, Split]) -> None:
    member = restore(run / BEST, face=True)
    both = ensemble([member, restore(run / BEST, face=True)])
    images = splits["PublicTest"].images[..., np.newaxis].astype(np.float32)
    assert np.allclose(
        both.predict(images, verbose=0)[FACE], member.predict(images, verbose=0)[FACE], atol=1e-4
    )


def test_the_best_model_keeps_the_output(run: Path) -> None:
    assert FACE in load(run / BEST).output


def photo_folder(folder: Path, count: int) -> Path:
    """Write drawn faces as photos; returns their folder."""
    for number in range(count):
        mood = drawn.MOODS[number % 3]
        (folder / "photos" / mood).mkdir(parents=True, exist_ok=True)
        face = cv2.resize(drawn.face(mood, np.random.default_rng(number)), (200, 200))
        cv2.imwrite(str(folder / "photos" / mood / f"{number}.png"), face)
    return folder / "photos"


def test_the_threshold_can_be_chosen_on_photos_of_people(
    run: Path, splits: dict[str, Split], tmp_path: Path
) -> None:
    choices = Choices(target_precision=0.99, photos=photo_folder(tmp_path, 40))
    with pytest.raises(
        RunError, match="no threshold makes 99 % of the moods named on the photos surely right, at most "
    ):
        export([run], dict(splits), tmp_path / "x.tflite", choices)
    assert not (tmp_path / "x.tflite").exists()


def test_the_threshold_holds_in_all_conditions_and_not_in_good_light_alone(
    run: Path, splits: dict[str, Split], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    people = np.arange(100)
    truth = np.zeros(100, dtype=np.int64)

    def answers_on(analyzer: FaceAnalyzer, photos: Sequence[Photo], condition: str) -> Answers:
        right = people < (100 if condition == "clean" else 50)  # of those with most confidence
        return Answers(
            analyzer.card.labels, 0.0, truth, 1 - right, 1 - people / 200, np.ones(100, dtype=bool), people
        )

    monkeypatch.setattr(conditions, "answers_on", answers_on)
    monkeypatch.setattr(PhotoSet, "half", lambda photos, name: [])
    card = export([run], dict(splits), tmp_path / "x.tflite", Choices(photos=photo_folder(tmp_path, 3)))
    assert 0.7 < card.threshold < 0.76
