"""Analyzes the sound of the library's songs, and combines the result with what their tags tell."""

from __future__ import annotations

import logging
import os
from collections.abc import Iterator
from pathlib import Path

from device.library.audio.affect import AudioAffect, audio_affect_of
from device.library.audio.client import AudioClient
from device.library.index import LibraryIndex
from device.library.tag_affect import Affect, Source

log = logging.getLogger(__name__)

BATCH_SIZE = 50  # songs that are looked up at once
MAX_CONFIDENCE = 0.99  # a confidence of 1 would have infinite weight


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
        log.info("%d songs were analyzed, %d of them without a result", analyzed, faults)
    if missing:
        log.info("%d songs are no readable files in %s: they are not analyzed", missing, folder)


def combine_affects(by_tags: Affect, by_audio: AudioAffect) -> Affect:
    """Combine the affect told by a song's tags with that estimated from its sound.

    This is inverse-variance weighting: each estimate counts in proportion to its precision, so the more
    certain one counts more. The precisions add up, so the combined estimate is more certain than either.

    A confidence of s means that the standard deviation of the error is (1 - s) times that of a guess without
    any knowledge. In units of the precision of that guess, an estimate adds 1 / (1 - s)^2 - 1.
    """
    tag_precision = _precision(by_tags.confidence)
    audio_precisions = [_precision(by_audio.valence_confidence), _precision(by_audio.energy_confidence)]
    valence, energy = (
        (tag_precision * tag_value + audio_precision * audio_value) / (tag_precision + audio_precision)
        for tag_value, audio_value, audio_precision in zip(
            (by_tags.valence, by_tags.energy), by_audio[:2], audio_precisions, strict=True
        )
    )
    confidence = sum(1 - (1 + tag_precision + precision) ** -0.5 for precision in audio_precisions) / 2
    source = Source.SOUND if by_tags.source is Source.NOTHING else by_tags.source
    return Affect(round(valence, 3), round(energy, 3), round(confidence, 3), source)


def _precision(confidence: float) -> float:
    return 1 / (1 - min(confidence, MAX_CONFIDENCE)) ** 2 - 1
