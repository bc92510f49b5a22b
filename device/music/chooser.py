"""Which songs come next."""

from __future__ import annotations

import random
from collections.abc import Sequence


def choose(songs: Sequence[str], recent: Sequence[str], count: int, chance: random.Random) -> list[str]:
    """At most `count` different songs by URI, shuffled.

    recent: what was played lately, the latest last. Such songs come only where the others do not suffice,
    the one longest ago first.
    """
    age = {uri: when for when, uri in enumerate(recent)}
    fresh = [uri for uri in dict.fromkeys(songs) if uri not in age]
    if len(fresh) >= count:
        return chance.sample(fresh, count)
    chance.shuffle(fresh)
    again = sorted((uri for uri in dict.fromkeys(songs) if uri in age), key=lambda uri: age[uri])
    return fresh + again[: count - len(fresh)]
