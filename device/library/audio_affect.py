"""What the songs' sound adds to their tags: which songs are listened to, and how the two go together."""

from __future__ import annotations

import logging
import os
from collections.abc import Iterator
from pathlib import Path

import mpd

from device.config import settings
from device.errors import SoundError
from device.library.audio.affect import ENERGY_TOLD, VALENCE_TOLD, AudioAffect, audio_affect_of
from device.library.audio.client import AudioClient, check_installed
from device.library.index import LibraryIndex
from device.library.tag_affect import Affect, Source
from device.mpd import responses as answers
from device.mpd.connection import Client

log = logging.getLogger(__name__)

BATCH = 50  # songs that are looked up at once
SUREST = 0.99  # so that nobody's word weighs endlessly


def music_folder(client: Client, music: settings.Music) -> Path:
    """Where the files of MPD's library are. Raises SoundError if none of them can be listened to."""
    check_installed()
    name = music.folder
    if not name:
        try:
            name = answers.configuration(client).music_directory
        except mpd.CommandError as error:
            raise SoundError(
                "MPD says only over its Unix socket where its music is: set music.folder"
            ) from error
    folder = Path(name).expanduser()
    if not (name and folder.is_absolute()):
        raise SoundError(f"MPD's music is in {name or 'no folder'}: if it is in one here, set music.folder")
    if not os.access(folder, os.R_OK | os.X_OK):
        raise SoundError(
            f"{folder} is not there, or may not be read by this user: mend it, or set music.folder"
        )
    return folder


def listen(index: LibraryIndex, folder: Path, client_: AudioClient) -> Iterator[None]:
    """Listens to what was not heard yet, and yields after each song.

    Songs of which the tags tell nothing come first. A file that cannot be read now is left for another time.
    Raises SoundError.
    """
    heard = faults = missing = 0
    for known in (False, True):
        last = ""
        while songs := index.not_analyzed(last, BATCH, known=known):
            last = songs[-1].uri
            for song in songs:
                path = folder / song.uri
                if not (os.path.isfile(path) and os.access(path, os.R_OK)):  # noqa: PTH113  (it never raises)
                    missing += 1
                    continue
                sound = client_.hear(path)
                affect = song.affect
                if isinstance(sound, str):
                    faults += 1
                else:
                    affect = blended(affect, audio_affect_of(sound))
                index.keep_sound(song, sound, affect)
                heard += 1
                yield
    if heard:
        log.info("%d songs were listened to, in %d of them nothing is heard", heard, faults)
    if missing:
        log.info("%d songs are no files in %s that may be read: they are not listened to", missing, folder)


def blended(affect: Affect, feeling: AudioAffect) -> Affect:
    """A place by tags and the one by sound, each side's mean weighed by how much either tells.

    To be sure by s means that of the error of knowing nothing 1 - s is left. That tells 1 / (1 - s)^2 - 1
    (for a share R^2 of the variance: R^2 / (1 - R^2)), and what is told independently adds up.
    """
    by_tags = 1 / (1 - min(affect.confidence, SUREST)) ** 2 - 1
    by_sound = AudioAffect(*(told / (1 - told) for told in (VALENCE_TOLD, ENERGY_TOLD)))
    valence, energy = (
        (by_tags * tagged + sounding * felt) / (by_tags + sounding)
        for tagged, felt, sounding in zip((affect.valence, affect.energy), feeling, by_sound, strict=True)
    )
    confidence = sum(1 - (1 + by_tags + sounding) ** -0.5 for sounding in by_sound) / 2
    source = Source.SOUND if affect.source is Source.NOTHING else affect.source
    return Affect(round(valence, 3), round(energy, 3), round(confidence, 3), source)
