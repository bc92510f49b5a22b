"""The runs that become one model, and what they have in common."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import keras
import msgspec

from converter.errors import RunError
from converter.networks.saved_models import ensemble, restore
from converter.training.recipes import Recipe
from converter.training.run_folder import BEST, epoch_score, read_history, read_recipe
from device.mood import Mood
from device.vision.normalization import Normalization


@dataclass(frozen=True)
class Sources:
    """Runs that become one model.

    Attributes:
        recipes: by the folder of each run.
        moods: those of the model, which every run knows.
        normalization: of the crops, the same for all runs.
    """

    recipes: Mapping[Path, Recipe]
    moods: tuple[Mood, ...]
    normalization: Normalization

    def network(self, votes_share: float, temperature: float = 1.0, *, face: bool = False) -> keras.Model:
        """Load the best model of each run as one float32 network; `restore` explains the arguments."""
        return ensemble(
            [
                restore(
                    folder / BEST,
                    mood_indices=[recipe.moods.index(mood) for mood in self.moods],
                    votes_share=votes_share,
                    temperature=temperature,
                    face=face,
                )
                for folder, recipe in self.recipes.items()
            ]
        )

    def know_faces(self) -> bool:
        """Whether all runs have learned what is a face."""
        return all(recipe.face_weight for recipe in self.recipes.values())

    def histories(self) -> list[list[dict[str, float]]]:
        """Read the history of each run."""
        return [read_history(folder) for folder in self.recipes]

    def card_entries(self) -> list[dict[str, Any]]:
        """Return for each run what the model card says of it: its recipe, and which epoch is used."""
        return [
            msgspec.to_builtins(recipe) | _best_epoch(history)
            for recipe, history in zip(self.recipes.values(), self.histories(), strict=True)
        ]


def read_sources(folders: Sequence[Path], moods: Sequence[Mood] | None, prior: Collection[Mood]) -> Sources:
    """Read the runs in `folders`.

    Args:
        folders: of the runs.
        moods: those of the model; all that the first run knows if None.
        prior: moods that a prior is asked for.

    Raises:
        RunError: a folder is not that of a run, a run does not know a mood, or the runs normalize crops
            differently.
    """
    recipes = {folder: read_recipe(folder) for folder in folders}
    moods = tuple(Mood(mood) for mood in moods or recipes[folders[0]].moods)
    for folder, recipe in recipes.items():
        if unknown := {*prior, *moods} - set(recipe.moods):
            raise RunError(
                f"{folder}: does not know {', '.join(sorted(unknown))}; it knows {', '.join(recipe.moods)}"
            )
    normalizations = {recipe.augmentation.normalization for recipe in recipes.values()}
    if len(normalizations) > 1:
        raise RunError(
            f"{', '.join(map(str, folders))}: normalize their crops differently; quantize each alone"
        )
    return Sources(recipes, moods, normalizations.pop())


def _best_epoch(history: Sequence[Mapping[str, float]]) -> dict[str, int]:
    best = max(reversed(history), key=epoch_score)  # of equals the last, like `train`
    return {"epochs_done": int(history[-1]["epoch"]), "best_epoch": int(best["epoch"])}
