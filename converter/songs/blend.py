"""Measures whether tags and sound together are nearer to people than either alone, where genres are wrong.

The library is made of the judged pieces. Each piece gets a genre of the box's lexicon: the one nearest to
what people said about it, or, for a share of the pieces, one drawn by chance. Of the sound, the predictions
count that a model made for games that it was not fitted to.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from converter.songs.fitting import Agreement
from device.library.audio.affect import AudioAffect, SongAffectModel
from device.library.audio_affect import combine_affects
from device.library.tag_affect import Affect, Source, read_lexicon

WRONG_SHARES = (0.0, 0.25, 0.5, 0.75, 1.0)
REPETITIONS = 5  # of all sounds, each with other genres


@dataclass(frozen=True)
class Distances:
    """Root mean square distances from people in the plane, if `wrong` is the share of genres by chance."""

    wrong: float
    tags: float
    sound: float
    both: float


def measure(agreement: dict[str, Agreement], model: SongAffectModel, seed: int = 1) -> list[Distances]:
    """Measure the distances for each of WRONG_SHARES."""
    rng = np.random.default_rng(seed)
    genres = [
        Affect(term.valence, term.energy, term.confidence, Source.GENRE)
        for term in sorted({term.name: term for term in read_lexicon().genres.values()}.values(), key=str)
    ]
    places = np.array([(genre.valence, genre.energy) for genre in genres])
    both_agreements = [agreement["valence"], agreement["energy"]]
    people = np.tile(np.stack([side.people for side in both_agreements], axis=1), (REPETITIONS, 1))
    heard = np.clip(
        np.tile(np.stack([side.predicted for side in both_agreements], axis=1), (REPETITIONS, 1)), 0, 1
    )
    nearest = np.square(people[:, None] - places).sum(2).argmin(1)
    found = []
    for wrong in WRONG_SHARES:
        by_chance = rng.random(len(people)) < wrong
        chosen = [
            genres[row] for row in np.where(by_chance, rng.integers(len(genres), size=len(people)), nearest)
        ]
        tags = np.array([(each.valence, each.energy) for each in chosen])
        both = [
            combine_affects(
                tag,
                AudioAffect(
                    float(sound[0]), float(sound[1]), model.valence.confidence, model.energy.confidence
                ),
            )
            for tag, sound in zip(chosen, heard, strict=True)
        ]
        blend = np.array([(each.valence, each.energy) for each in both])
        distances = [float(np.sqrt(np.square(each - people).sum(1).mean())) for each in (tags, heard, blend)]
        found.append(Distances(wrong, *distances))
    return found
