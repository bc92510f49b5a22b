"""What the songs' sound adds to their tags: which songs are listened to, and how the two go together."""

from __future__ import annotations

import logging
import os
from collections.abc import Iterator
from pathlib import Path

import mpd

from device.config import settings
from device.errors import SoundError
from device.library.audio.affect import ENERGY_TOLD, VALENCE_TOLD, Feeling, feeling_of
from device.library.audio.client import Listener, check_installed
from device.library.index import Catalogue
from device.library.tag_affect import Place, Source
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


def listen(catalogue: Catalogue, folder: Path, listener: Listener) -> Iterator[None]:
    """Listens to what was not heard yet, and yields after each song.

    Songs of which the tags tell nothing come first. A file that cannot be read now is left for another time.
    Raises SoundError.
    """
    heard = faults = missing = 0
    for known in (False, True):
        last = ""
        while songs := catalogue.unheard(last, BATCH, known=known):
            last = songs[-1].uri
            for song in songs:
                path = folder / song.uri
                if not (os.path.isfile(path) and os.access(path, os.R_OK)):  # noqa: PTH113  (it never raises)
                    missing += 1
                    continue
                sound = listener.hear(path)
                place = song.place
                if isinstance(sound, str):
                    faults += 1
                else:
                    place = with_sound(place, feeling_of(sound))
                catalogue.keep_sound(song, sound, place)
                heard += 1
                yield
    if heard:
        log.info("%d songs were listened to, in %d of them nothing is heard", heard, faults)
    if missing:
        log.info("%d songs are no files in %s that may be read: they are not listened to", missing, folder)


def with_sound(place: Place, feeling: Feeling) -> Place:
    """A place by tags and the one by sound, each side's mean weighed by how much either tells.

    To be sure by s means that of the error of knowing nothing 1 - s is left. That tells 1 / (1 - s)^2 - 1
    (for a share R^2 of the variance: R^2 / (1 - R^2)), and what is told independently adds up.
    """
    by_tags = 1 / (1 - min(place.sure, SUREST)) ** 2 - 1
    by_sound = Feeling(*(told / (1 - told) for told in (VALENCE_TOLD, ENERGY_TOLD)))
    valence, energy = (
        (by_tags * tagged + sounding * felt) / (by_tags + sounding)
        for tagged, felt, sounding in zip((place.valence, place.energy), feeling, by_sound, strict=True)
    )
    sure = sum(1 - (1 + by_tags + sounding) ** -0.5 for sounding in by_sound) / 2
    source = Source.SOUND if place.source is Source.NOTHING else place.source
    return Place(round(valence, 3), round(energy, 3), round(sure, 3), source)
