"""The protocol: how each method is trained and made an integer model, whatever network it has."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import msgspec

from converter.comparison.methods import METHODS
from converter.comparison.prototype_run import add_prototypes
from converter.data.augmentation import Augmentation
from converter.data.dataset import Split
from converter.errors import RunError
from converter.quantize.export import Choices, export
from converter.quantize.publish import draft_folder
from converter.training.recipes import Recipe
from converter.training.run_folder import BEST, RECIPE
from converter.training.trainer import train
from device.mood import Mood
from device.vision.model_card import card_path, read_card
from device.vision.normalization import Normalization

# For all: FER2013's labels, Adam down a cosine, small changes to the faces and their light.
PROTOCOL = Recipe(
    moods=tuple(map(str, Mood)),
    epochs=12,
    batch=128,
    augmentation=Augmentation(contrast=0.25, dim=0.15, normalization=Normalization.STANDARDIZED),
    precision="mixed_bfloat16",
)
# Of the threshold in a card, which then is 0: the box always names a mood. A weak method reaches no other
# precision, and nothing that is compared depends on it.
TARGET_PRECISION = 0.0


@dataclass(frozen=True)
class Comparison:
    """What is compared, and where it is kept.

    Attributes:
        recipe: PROTOCOL, or a variant of it.
        models: the folder of the integer models and their cards.
        runs: the folder of the training runs.
    """

    recipe: Recipe
    models: Path
    runs: Path

    def model(self, method: str, seed: int) -> Path:
        """Where the integer model of a method is."""
        return self.models / f"{method}-{seed}.tflite"

    def recipe_of(self, network: str, seed: int) -> Recipe:
        """Return the recipe of one run."""
        precision = METHODS[network].precision or self.recipe.precision
        return msgspec.structs.replace(self.recipe, network=network, seed=seed, precision=precision)

    def is_finished(self, method: str, seed: int) -> bool:
        """Whether the model of a method is there.

        Raises:
            RunError: it is, but was trained in another way.
        """
        model = self.model(method, seed)
        if not card_path(model).exists():
            return False
        stored = read_card(model).about["recipes"][0]
        expected = msgspec.to_builtins(self.recipe_of(method, seed))
        names = ("moods", "epochs", "batch", "learning_rate", "augmentation")
        if changed := [name for name in names if _as_json(stored[name]) != _as_json(expected[name])]:
            raise RunError(
                f"{model}: was trained with another value of {', '.join(changed)}; "
                "name another --out, or the options of before"
            )
        return True

    def make(self, method: str, seed: int, splits: Mapping[str, Split]) -> None:
        """Train a method, or go on with its training, and make its integer model and card.

        Args:
            method: a key of METHODS.
            seed: of the run.
            splits: all three.
        """
        network = METHODS[method].trained or method
        run = self._run(network, seed)
        train(
            run,
            self.recipe_of(network, seed),
            splits["Training"],
            splits["PublicTest"],
            resume=(run / RECIPE).exists(),
        )
        if network != method:
            run, trained = self._run(method, seed), run
            recipe = self.recipe_of(method, seed)
            add_prototypes(
                trained,
                run,
                msgspec.structs.replace(recipe, initial_models=(f"{trained.name}/{BEST}",)),
                splits,
            )
        self._quantize(run, self.model(method, seed), splits)

    def _run(self, network: str, seed: int) -> Path:
        return self.runs / f"{network}-{seed}"

    def _quantize(self, run: Path, model: Path, splits: Mapping[str, Split]) -> None:
        """Make the integer model as `quantize` does, and keep of it what is compared: model and card."""
        with draft_folder(model) as folder:
            draft = folder / model.name
            # A deep network of small layers may differ by more than usual rounding between runtimes. That
            # must not end a comparison; what is measured is measured with the first runtime.
            export([run], splits, draft, Choices(target_precision=TARGET_PRECISION, golden=False))
            draft.replace(model)
            card_path(draft).replace(card_path(model))


def _as_json(value: object) -> object:
    """Return a value with tuples and lists alike, as JSON has them."""
    return msgspec.json.decode(msgspec.json.encode(value))
