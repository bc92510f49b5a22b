"""`make simulation`: what learning brings, with listeners who are simulated.

A listener comes to the box in some mood, which the box sees rightly, hears six songs, and comes again. Each
song is heard through with a probability of its own, else skipped before half:

    logit = level + taste for the genre in this mood + taste for the song - how far it lies off the mood

- The taste for a genre is drawn once per listener and mood, normal with a spread of 1.2 in logits, of which
  half of the variance is common to all moods. The taste for a song is normal with a spread of 0.7 and the
  same in all moods. Neither has anything to do with where music lies in the plane.
- Songs lie around their genre's place, 0.12 off in valence and in energy. The listener wants a place for each
  mood, drawn around the middle of the box's course for it, 0.1 off; each 0.1 beyond costs 0.25 in logits.
- The level is set for each listener so that of songs picked by chance alone 55 of 100 are heard through.

The library has 2,000 songs of 300 artists in all genres of the table, as often as each other. A listener
hears 300 songs; what counts is the last 100.

Nobody is like this. The listener was written down before the first run, and nothing of it was changed after.
The box brought .73 at first and tried out too much. It was then made to count plays in other moods for a
part, and one of its own numbers was halved, BOLDNESS in device/recommend/preference.py, by looking at
listeners 100 to 123. Those who are printed here are others.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from device.config.settings import Music
from device.library.table import Song, SongTable, song_table
from device.library.tag_affect import Affect, Source, read_lexicon
from device.mood import Mood
from device.playback.memory import Memory
from device.recommend.play_statistics import NO_STATISTICS
from device.recommend.ranking import RankingRequest, rank_songs
from device.recommend.trajectory import trajectory_for

SONGS, ARTISTS = 2000, 300
PLAYS, LAST, VISIT = 300, 100, 6
MOODS = {Mood.HAPPY: 0.4, Mood.NEUTRAL: 0.35, Mood.SAD: 0.25}
BY_CHANCE = 0.55
FIRST = 1000  # the first listener's number


@dataclass(frozen=True, eq=False)
class Listener:
    """How likely each song is heard through, in each mood."""

    likes: dict[Mood, NDArray[np.float64]]


def library(chance: np.random.Generator) -> tuple[SongTable, NDArray[np.float64]]:
    """What the box knows of the songs, and where they really lie."""
    words = sorted({word.name: word for word in read_lexicon().genres.values()}.items())
    songs, affects = [], []
    for number in range(SONGS):
        name, word = words[chance.integers(len(words))]
        known = Affect(word.valence, word.energy, word.confidence, Source.GENRE)
        songs.append(Song(f"{number:04}", f"artist {chance.integers(ARTISTS)}", name, known))
        affects.append(np.clip(chance.normal((word.valence, word.energy), 0.12), 0, 1))
    return song_table(songs), np.array(affects)


def listener(table: SongTable, affects: NDArray[np.float64], chance: np.random.Generator) -> Listener:
    count = len(table.genres)
    always = chance.normal(0, 1.2 / np.sqrt(2), count)
    by_song = chance.normal(0, 0.7, len(table))
    logits = {}
    for mood in MOODS:
        trajectory = trajectory_for(mood, Music())
        middle = (np.array(trajectory.start) + np.array(trajectory.end)) / 2
        off = np.linalg.norm(affects - chance.normal(middle, 0.1), axis=1)
        by_genre = always + chance.normal(0, 1.2 / np.sqrt(2), count)
        logits[mood] = by_genre[table.genre] + by_song - 2.5 * off
    low, high = -20.0, 20.0
    while high - low > 1e-6:
        level = (low + high) / 2
        share = sum(part * sigmoid(level + logits[mood]).mean() for mood, part in MOODS.items())
        low, high = (level, high) if share < BY_CHANCE else (low, level)
    return Listener({mood: sigmoid(level + each) for mood, each in logits.items()})


def sigmoid(logit: NDArray[np.float64]) -> NDArray[np.float64]:
    values: NDArray[np.float64] = 1 / (1 + np.exp(-logit))
    return values


Way = Callable[[SongTable, RankingRequest, np.random.Generator], list[str]]


def by_chance(table: SongTable, request: RankingRequest, chance: np.random.Generator) -> list[str]:
    return [table.uris[row] for row in chance.choice(len(table), request.count, replace=False)]


def by_fit(table: SongTable, request: RankingRequest, chance: np.random.Generator) -> list[str]:
    return by_box(table, replace(request, play_statistics=NO_STATISTICS), chance)


def by_box(table: SongTable, request: RankingRequest, chance: np.random.Generator) -> list[str]:
    return [choice.uri for choice in rank_songs(table, request, chance)]


WAYS: dict[str, Way] = {"by chance": by_chance, "by fit alone": by_fit, "by what was learned": by_box}


def heard_through(way: Way, seed: int) -> list[bool]:
    """Of each song that one listener was played, whether they heard it through."""
    chance = np.random.default_rng(seed)
    table, affects = library(chance)
    person = listener(table, affects, chance)
    played: list[str] = []
    heard: list[bool] = []
    memory = Memory.in_memory()
    while len(played) < PLAYS:
        mood = list(MOODS)[chance.choice(len(MOODS), p=list(MOODS.values()))]
        request = RankingRequest(
            trajectory_for(mood, Music()),
            VISIT,
            before=tuple(played),
            play_statistics=memory.play_statistics(mood),
        )
        for uri in way(table, request, chance):
            row = table.rows[uri]
            through = bool(chance.random() < person.likes[mood][row])
            played.append(uri)
            heard.append(through)
            memory.keep_play(mood, uri, table.song(row).genre, completed=through)
    memory.close()
    return heard[:PLAYS]


def share_at_last(way: Way, listeners: int) -> float:
    """How many of the last songs were heard through, over several listeners."""
    return float(np.mean([heard_through(way, FIRST + number)[-LAST:] for number in range(listeners)]))


def main() -> None:
    listeners = int(sys.argv[1]) if len(sys.argv) > 1 else 40
    print(f"heard through, of {PLAYS} songs each for {listeners} listeners")
    print(f"{'':22}{'first 100':>10}{'next 100':>10}{'last 100':>10}{'least':>8}{'most':>8}")
    for name, way in WAYS.items():
        heard = np.array([heard_through(way, FIRST + number) for number in range(listeners)])
        thirds = [heard[:, start : start + LAST].mean() for start in range(0, PLAYS, LAST)]
        each = heard[:, -LAST:].mean(axis=1)
        print(
            f"{name:22}"
            + "".join(f"{share:10.3f}" for share in thirds)
            + f"{each.min():8.2f}{each.max():8.2f}"
        )


if __name__ == "__main__":
    main()
