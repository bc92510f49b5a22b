"""What it brings that the box hears songs better: listeners as in `listeners.py`, in a library without tags.

The box knows each song's place by its sound alone; its genre counts only in what is learned. The estimates
of valence and of energy correlate with the song's true affect as what the box hears correlates with people:
before song affect was fitted to people, after (on a piano, and on other instruments), and perfectly. An
estimate is a regression's, so the less it knows, the nearer it is to the middle.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from device.library.audio.affect import shipped_model
from device.library.table import Song, SongTable, song_table
from device.library.tag_affect import Affect, Source
from tests.simulation.listeners import FIRST_SEED, LAST, by_box, by_fit, library, simulate

# Correlations of valence and energy with people, for the judged pieces on a piano: before, by `moodbox hear`;
# now, and for all other instruments together, as models/song_affect.json has them.
NOW: dict[str, dict[str, float]] = shipped_model().about["correlation"]
HEARD = {
    "as before the fit": (0.19, 0.53),
    "as fitted": (NOW["valence"]["piano"], NOW["energy"]["piano"]),
    "other instruments": (NOW["valence"]["other instruments"], NOW["energy"]["other instruments"]),
    "as people do": (1.0, 1.0),
}


def by_sound(
    correlations: tuple[float, float], rng: np.random.Generator
) -> tuple[SongTable, NDArray[np.float64]]:
    """Make the library of `listeners.py`, known by sound alone."""
    table, affects = library(rng)
    mean, deviation = affects.mean(0), affects.std(0)
    r = np.array(correlations)
    noise = rng.normal(size=affects.shape)
    estimates = np.clip(
        mean + deviation * r * (r * (affects - mean) / deviation + np.sqrt(1 - r**2) * noise), 0, 1
    )
    confidence = float(1 - np.sqrt(1 - np.minimum(r, 0.99) ** 2).mean())
    songs = [
        Song(
            song.uri,
            song.artist,
            song.genre,
            Affect(float(valence), float(energy), confidence, Source.SOUND),
        )
        for song, (valence, energy) in zip(map(table.song, range(len(table))), estimates, strict=True)
    ]
    return song_table(songs), affects


def report(count: int) -> None:
    print(f"\n{count} listeners, songs known by sound alone")
    print(f"{'':20} by fit alone  by what was learned, last {LAST}")
    for name, correlations in HEARD.items():

        def make_library(
            rng: np.random.Generator, correlations: tuple[float, float] = correlations
        ) -> tuple[SongTable, NDArray[np.float64]]:
            return by_sound(correlations, rng)

        by_strategy = [
            [np.mean(simulate(strategy, FIRST_SEED + seed, make_library)[-LAST:]) for seed in range(count)]
            for strategy in (by_fit, by_box)
        ]
        fit, learned = map(np.mean, by_strategy)
        print(f"{name:20} {fit:12.3f} {learned:20.3f}", flush=True)
