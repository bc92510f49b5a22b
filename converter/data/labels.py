"""The names that copies of FER2013 give to its moods and splits."""

from __future__ import annotations

from device.mood import Mood

SPLITS = ("Training", "PublicTest", "PrivateTest")

# The codes of FER2013's column `emotion`.
EMOTIONS = (Mood.ANGRY, Mood.DISGUST, Mood.FEAR, Mood.HAPPY, Mood.SAD, Mood.SURPRISE, Mood.NEUTRAL)

# The usual names of the splits where FER2013 has been unpacked into folders; capitals do not matter.
SPLIT_FOLDERS = {
    "Training": ("Training", "train", "training"),
    "PublicTest": ("PublicTest", "validation", "val", "public", "valid"),
    "PrivateTest": ("PrivateTest", "test", "private"),
}

SYNONYMS = {
    Mood.ANGRY: ("anger",),
    Mood.DISGUST: ("disgusted",),
    Mood.FEAR: ("fearful", "afraid", "scared"),
    Mood.HAPPY: ("happiness", "joy"),
    Mood.SAD: ("sadness",),
    Mood.SURPRISE: ("surprised",),
    Mood.NEUTRAL: ("neutrality",),
}
_MOODS = (
    {str(mood): mood for mood in Mood}
    | {name: mood for mood, names in SYNONYMS.items() for name in names}
    | {str(code): mood for code, mood in enumerate(EMOTIONS)}
)


def mood_of(name: str) -> Mood | None:
    """Return the mood with this name or synonym, or with this code of FER2013; None if there is none."""
    return _MOODS.get(name.strip().casefold())


def split_of(usage: str) -> str | None:
    """Return the split that FER2013's column `Usage` names; None if it names none."""
    return {split.casefold(): split for split in SPLITS}.get(usage.strip().casefold())
