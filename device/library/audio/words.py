"""Says in words what was measured in a song: "fast, dense, minor, low"."""

from __future__ import annotations

from device.library.audio.features import Features

CLEAR_PULSE = 0.2  # below this pulse nobody taps along, and the tempo has no word

# Each feature with its two words: the first below the lower value, the second above the higher one.
WORDS = (
    ("tempo", 85.0, "slow", 130.0, "fast"),
    ("onsets", 1.5, "sparse", 4.0, "dense"),
    ("mode", -0.05, "minor", 0.05, "major"),
    ("pitch", 54.0, "low", 68.0, "high"),
    ("brightness", 0.2, "dark", 0.45, "bright"),
    ("loudness", -26.0, "soft", -14.0, "loud"),
)


def descriptive_words(features: Features) -> tuple[str, ...]:
    """Return a word for each feature that stands out; none for one that is in the middle."""
    found = []
    for name, low, below, high, above in WORDS:
        value = getattr(features, name)
        if name == "tempo" and features.pulse < CLEAR_PULSE:
            continue
        if value < low or value > high:
            found.append(below if value < low else above)
    return tuple(found)
