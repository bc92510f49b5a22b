"""Analyzes the sound of the library's songs, and combines the result with what their tags tell."""

from __future__ import annotations

import logging
import math
import os
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

from device.library.audio.affect import AudioAffect, audio_affect_of
from device.library.audio.client import AudioClient
from device.library.index import LibraryIndex
from device.library.tag_affect import Affect, Source

log = logging.getLogger(__name__)

BATCH_SIZE = 50  # songs that are looked up at once
MAX_CONFIDENCE = 0.99  # a confidence of 1 would have infinite weight
MAX_LOG_ODDS = 700.0  # e to a higher power would overflow
# Mean and standard deviation of songs in the plane, for valence and for energy.
MIDDLE, PLANE_DEVIATION = 0.5, 0.2
# How many genres say nothing of their song, which is our judgement. A MOOD tag was given to this very song.
WRONG_SHARE = {Source.GENRE: 0.1}


def analyze_songs(index: LibraryIndex, folder: Path, client: AudioClient) -> Iterator[bool]:
    """Analyze the songs that were not analyzed yet, and yield after each, so that the caller can pause.

    Songs whose tags tell nothing come first. A file that cannot be read at present is tried again next time.

    Yields:
        True after a song; False after a batch that was looked up, which is all there is if a disk is away.

    Raises:
        SoundError: no song can be analyzed.
    """
    analyzed = faults = missing = 0
    for known in (False, True):
        last = ""
        while songs := index.unanalyzed(last, BATCH_SIZE, known=known):
            last = songs[-1].uri
            for song in songs:
                path = folder / song.uri
                # Path.is_file raises an error for a name that is too long; os.path.isfile does not.
                if not (os.path.isfile(path) and os.access(path, os.R_OK)):  # noqa: PTH113
                    missing += 1
                    continue
                analysis = client.analyze(path)
                affect = song.affect
                if isinstance(analysis, str):
                    faults += 1
                else:
                    affect = combine_affects(affect, audio_affect_of(analysis))
                index.keep_analysis(song, analysis, affect)
                analyzed += 1
                yield True
            yield False
    if analyzed:
        log.info("songs analyzed: %d%s", analyzed, f"; without a result: {faults}" if faults else "")
    if missing:
        log.info("%d songs are not readable files in %s: they are not analyzed", missing, folder)


def combine_affects(by_tags: Affect, by_audio: AudioAffect) -> Affect:
    """Combine the affect told by a song's tags with that estimated from its sound.

    A tag is right, or it says nothing of the song: "Classical" is on laments and on battles. If it is
    right, both are weighted by their inverse variance; if not, the sound alone counts. How likely it is right
    follows from how well both agree (Bayes' theorem).

    A confidence of s means that the standard deviation of the error is 1 - s times that of a guess without
    any knowledge.
    """
    valence, energy, valence_confidence, energy_confidence = by_audio
    if by_tags.source is Source.NOTHING:
        confidence = (valence_confidence + energy_confidence) / 2
        return Affect(round(valence, 3), round(energy, 3), round(confidence, 3), Source.SOUND)
    tag_variance = _variance(by_tags.confidence)
    both_sides = [
        _Side(by_tags.valence, valence, tag_variance, _variance(valence_confidence)),
        _Side(by_tags.energy, energy, tag_variance, _variance(energy_confidence)),
    ]
    right = _probability_right(both_sides, WRONG_SHARE.get(by_tags.source, 0.0))
    (valence, valence_variance), (energy, energy_variance) = (side.combined(right) for side in both_sides)
    confidence = 1 - (min(1.0, valence_variance) ** 0.5 + min(1.0, energy_variance) ** 0.5) / 2
    return Affect(round(valence, 3), round(energy, 3), round(confidence, 3), by_tags.source)


class _Side(NamedTuple):
    """Valence or energy by both sources, and their errors' variances in units of PLANE_DEVIATION squared."""

    tagged: float
    heard: float
    tag_variance: float
    audio_variance: float

    def combined(self, right: float) -> tuple[float, float]:
        """Return the mean and the variance, if the tag is right with this probability."""
        # What is known of any song is in both errors, but counts once.
        tag_precision = 1 / self.tag_variance - 1
        precision = 1 / self.audio_variance + tag_precision
        both = (self.heard / self.audio_variance + tag_precision * self.tagged) / precision
        mean = right * both + (1 - right) * self.heard
        disagreement = right * (1 - right) * ((both - self.heard) / PLANE_DEVIATION) ** 2
        return mean, right / precision + (1 - right) * self.audio_variance + disagreement


def _probability_right(both_sides: Sequence[_Side], wrong_share: float) -> float:
    """Return how likely the tag says something of this song."""
    if not wrong_share:
        return 1.0
    log_odds = math.log(wrong_share / (1 - wrong_share))
    for side in both_sides:
        # A right tag lies about the sound's estimate; one that says nothing lies anywhere in the plane.
        log_odds += _log_density(side.tagged - MIDDLE, 1.0)
        log_odds -= _log_density(side.tagged - side.heard, side.tag_variance + side.audio_variance)
    return 1 / (1 + math.exp(min(log_odds, MAX_LOG_ODDS)))


def _log_density(distance: float, variance: float) -> float:
    return -((distance / PLANE_DEVIATION) ** 2) / (2 * variance) - math.log(variance) / 2


def _variance(confidence: float) -> float:
    return (1 - min(confidence, MAX_CONFIDENCE)) ** 2
