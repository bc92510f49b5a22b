"""For what `moodbox songs` plans: the mood that is named, or what the running box's music was chosen for."""

from __future__ import annotations

import contextlib
import math
from collections.abc import Sequence

from device.config.settings import Settings
from device.control.client import ask
from device.errors import NoBoxError, SettingsError, misspelled
from device.library.tag_affect import AffectLexicon, Term, read_lexicon
from device.mood import Mood
from device.mood_estimate import ChosenBy, MoodEstimate

EXAMPLE = "--mood happy=0.45,neutral=0.40,sad=0.15"


def estimate_of(settings: Settings, words: str | None) -> MoodEstimate:
    """Return the estimate for the words after `--mood`; without any, that of the running box.

    Raises:
        SettingsError: The words are no mood and no probabilities, or there is no box to ask.
        ServiceError: The running box does not reply.
    """
    if words is None:
        return _of_running_box(settings)
    if "=" in words:
        try:
            return MoodEstimate.parse(words)
        except ValueError as error:
            raise SettingsError(f"--mood {words}: {error}; expected moods as in {EXAMPLE}") from error
    with contextlib.suppress(ValueError):
        return MoodEstimate.parse(words)
    raise SettingsError(f"--mood {words}: this mood is not known; {mood_hint(settings, words)}")


def _of_running_box(settings: Settings) -> MoodEstimate:
    hint = f"name a mood, as in --mood sad, or several, as in {EXAMPLE}"
    try:
        status = ask(settings.service.socket_path(), "status")
    except NoBoxError as error:
        raise SettingsError(f"no box is running that could say what it plays for; {hint}") from error
    if not status.get("chosen_for"):
        raise SettingsError(f"the box has not chosen any music yet; press its button, or {hint}")
    probabilities = {Mood(mood): float(p) for mood, p in status["chosen_for"].items()}
    return MoodEstimate(probabilities, ChosenBy(status["chosen_by"]))


def mood_hint(settings: Settings, word: str, told: Sequence[Mood] | None = None) -> str:
    """Name the mood that was meant, by its spelling or its meaning, or all of them.

    Args:
        settings: Of the box, whose lexicon has words that mean a mood.
        word: What was typed.
        told: The moods that the model tells, where the box learns from the answer: then only the spelling
            counts. What means none of them must not be taught as the nearest one.
    """
    near = misspelled(word.casefold(), told or Mood)
    if told is not None:
        return f"did you mean {str(near)!r}?" if near else f"the model tells {', '.join(told)}"
    lexicon: AffectLexicon = read_lexicon(settings.music.places)
    if not near and (meant := lexicon.mood(word)):
        near = min(Mood, key=lambda mood: _distance(lexicon.moods[mood], meant))
    return f"did you mean {str(near)!r}?" if near else f"known are {', '.join(Mood)}"


def _distance(first: Term, second: Term) -> float:
    return math.dist((first.valence, first.energy), (second.valence, second.energy))
