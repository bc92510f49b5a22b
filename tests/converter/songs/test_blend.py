"""The blend of tags and sound, held against people."""

from __future__ import annotations

import numpy as np

from converter.songs.blend import measure
from converter.songs.fitting import Agreement
from device.library.audio.affect import shipped_model

RNG = np.random.default_rng(5)


def agreement(noise: float) -> Agreement:
    people = RNG.normal(0.5, 0.2, 100)
    predicted = 0.5 + 0.5 * (people - 0.5) + RNG.normal(0, noise, 100)
    return Agreement(
        predicted,
        people,
        as_written=0.7,
        arranged=0.7,
        by_arrangement=0.7,
        before_mp3=0.7,
        by_version={},
        r_squared=0.5,
    )


def test_with_a_quarter_of_the_genres_wrong_both_together_are_nearer_than_either_alone() -> None:
    by_share = {
        each.wrong: each
        for each in measure({"valence": agreement(0.1), "energy": agreement(0.1)}, shipped_model())
    }
    right, some, wrong = (by_share[share] for share in (0.0, 0.25, 1.0))
    assert some.both < some.tags
    assert some.both < some.sound
    assert right.tags < right.sound
    assert wrong.both < wrong.tags
