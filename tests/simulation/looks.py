"""`make simulation`, second part: what the choice of songs gains by all probabilities of a look.

The listeners and the library are those of `listeners`. But the box does not know the mood. A look
gives a probability for each of the three moods, drawn from a Dirichlet distribution around the moods'
frequencies (sum of its parameters 1.5), and the mood is then drawn by these probabilities: so they are
calibrated. A look whose highest probability is below the threshold of `mood3` is unsure.

A box that knew only the likeliest mood is compared with one that uses all probabilities, for looks that named
a mood and for looks that were unsure. Here, too, no real person is like this.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

import numpy as np

from device.config import settings
from device.config.settings import Music
from device.mood import Mood, Probabilities, most_likely
from device.mood_estimate import ChosenBy, MoodEstimate
from device.playback.memory import Memory
from device.recommend.ranking import RankingRequest, rank_songs
from device.recommend.trajectory import trajectory_for
from device.vision.model_card import read_card
from tests.simulation.listeners import FIRST_SEED, LAST, MOODS, PLAYS, VISIT, library, listener

DIRICHLET_SUM = 1.5
THRESHOLD = read_card(settings.Model().file()).threshold

Policy = Callable[[Probabilities], MoodEstimate]
Outcomes = list[
    tuple[bool, bool]
]  # of each song: whether the look named a mood, whether it was played through

POLICIES: Mapping[str, Policy] = {
    "likeliest mood alone": lambda probabilities: MoodEstimate.certain(most_likely(probabilities)),
    "all probabilities": lambda probabilities: MoodEstimate(probabilities, ChosenBy.UNSURE),
}


def simulate(policy: Policy, seed: int) -> Outcomes:
    rng = np.random.default_rng(seed)
    table, affects = library(rng)
    person = listener(table, affects, rng)
    looks = np.random.default_rng((seed, 1))  # so that both policies see the same
    played: list[str] = []
    outcomes: Outcomes = []
    memory = Memory.in_memory()
    while len(played) < PLAYS:
        drawn = looks.dirichlet(DIRICHLET_SUM * np.array(list(MOODS.values())))
        mood: Mood = list(MOODS)[looks.choice(len(MOODS), p=drawn)]
        estimate = policy({each: float(p) for each, p in zip(MOODS, drawn, strict=True)})
        request = RankingRequest(
            trajectory_for(estimate, Music()),
            VISIT,
            history=tuple(played),
            play_statistics=memory.play_statistics(estimate),
            caution=estimate.uncertainty,
        )
        for song in rank_songs(table, request, rng):
            row = table.rows[song.uri]
            completed = bool(rng.random() < person.probabilities[mood][row])
            played.append(song.uri)
            outcomes.append((bool(drawn.max() >= THRESHOLD), completed))
            memory.keep_play(estimate, song.uri, table.song(row).genre, completed=completed)
    memory.close()
    return outcomes[:PLAYS]


def report(listeners: int) -> None:
    print(f"\nlast {LAST} of {PLAYS} songs for {listeners} listeners whose mood is not certain")
    print(f"{'':22}{'all looks':>10}{'named':>10}{'unsure':>10}{'unsure songs':>14}")
    for name, policy in POLICIES.items():
        runs = [simulate(policy, FIRST_SEED + number)[-LAST:] for number in range(listeners)]
        every = np.array(runs).reshape(-1, 2)
        named, unsure = every[every[:, 0], 1], every[~every[:, 0], 1]
        shares = "".join(f"{part.mean():10.3f}" for part in (every[:, 1], named, unsure))
        print(f"{name:22}{shares}{len(unsure):14}")
