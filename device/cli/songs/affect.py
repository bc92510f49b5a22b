"""`moodbox mood`: what the box knows of a song, and the user's own word on it."""

from __future__ import annotations

import dataclasses
import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from device.config.settings import Settings
from device.errors import LibraryError, MemoryFileError, SettingsError, misspelled
from device.library.audio.features import Features
from device.library.index import LibraryIndex
from device.library.table import SongTable
from device.library.tag_affect import Affect, AffectLexicon, Source, read_lexicon
from device.mpd.connection import connected, mpc
from device.mpd.queue_mirror import read_initial_state
from device.mpd.titles import is_stream
from device.playback.memory import Memory
from device.storage.folder_owner import name_of
from device.storage.sqlite import is_read_only


def describe(settings: Settings, uri: str) -> dict[str, Any]:
    """Return what the box knows of a song, as the object that `--json` prints.

    Raises:
        LibraryError: there is no such song.
        MemoryFileError: the files of the box cannot be used.
    """
    folder = folder_for_command(settings)
    with LibraryIndex.opened_for_command(folder) as index:
        table = index.table()
        row = _row(table, uri, settings)
        analysis = index.analysis(uri)
    with Memory.opened_for_command(folder) as memory:
        table = table.with_own_affects(memory.own_affects())
        excluded = uri in memory.excluded()
    song = table.song(row)
    return {
        "uri": uri,
        "artist": song.artist,
        "genre": song.genre,
        **affect_as_object(song.affect),
        "sound": _rounded(analysis) if isinstance(analysis, Features) else None,
        "fault": analysis if isinstance(analysis, str) else None,
        "left_out": uri in table.left_out and song.affect.source is not Source.OWN,
        "never": excluded,
    }


def _rounded(features: Features) -> dict[str, float]:
    return {name: round(value, 3) for name, value in dataclasses.asdict(features).items()}


def as_text(description: Mapping[str, Any]) -> str:
    """Format the result of `describe` for people."""
    lines = ["{uri}: valence {valence:.2f}, energy {energy:.2f} ({source})".format(**description)]
    if description["sound"]:
        lines.append(
            "sound: {loudness:.0f} LUFS, {tempo:.0f} beats per minute, {onsets:.1f} onsets per second,"
            " brightness {brightness:.2f}, mode {mode:+.2f}".format(**description["sound"])
        )
    if description["fault"]:
        lines.append(f"its sound cannot be analyzed: {description['fault']}")
    if description["left_out"]:
        lines.append(
            "left out as spoken word: it plays only from a stored playlist with a mood's name, or if you say"
            " where it belongs (moodbox mood URI happy)"
        )
    if description["never"]:
        lines.append("never chosen, because you said `moodbox never` (--unsay lets it in again)")
    return "\n".join(lines)


def playing_uri(settings: Settings) -> str:
    """Return the URI of the song that plays or is paused in MPD, whoever has queued it.

    Raises:
        LibraryError: there is none.
        PlayerError: MPD cannot be reached.
    """
    with connected(settings.music) as client:
        snapshot = read_initial_state(client).snapshot
    if snapshot.current is None or snapshot.state == "stop":
        raise LibraryError("no song plays that --playing could mean; name one by its URI")
    return snapshot.current.uri


def set_own_affect(settings: Settings, uri: str, words: Sequence[str]) -> None:
    """Set the affect of a song.

    Args:
        settings: of the box.
        uri: of the song in MPD's library.
        words: a mood of the lexicon, or a valence and an energy from 0 to 1.

    Raises:
        SettingsError: the words are neither.
        LibraryError: there is no such song.
        MemoryFileError: the files of the box cannot be used.
    """
    valence, energy = _valence_and_energy(read_lexicon(settings.music.places), words)
    folder = folder_for_command(settings)
    with LibraryIndex.opened_for_command(folder) as index:
        _row(index.table(), uri, settings)
    with Memory.opened_for_command(folder) as memory:
        memory.keep_own_affect(uri, valence, energy)


def unsay(settings: Settings, uri: str) -> None:
    """Delete what the user has said of a song: where it belongs, and that it must never be chosen."""
    uri = uri.encode("utf-8", "replace").decode()
    with Memory.opened_for_command(folder_for_command(settings)) as memory:
        memory.remove_own_affect(uri)
        memory.include(uri)


def _row(table: SongTable, uri: str, settings: Settings) -> int:
    """Return the row of a song; a LibraryError names a song with a similar URI."""
    row = table.rows.get(uri)
    if row is not None:
        return row
    if is_stream(uri):
        raise LibraryError(f"{uri}: a stream: only songs of MPD's library have a valence and an energy")
    if not table:
        raise LibraryError("no song is known yet: `moodbox songs --mood happy` reads MPD's library")
    typed_name = uri.casefold().strip("/")  # a closer comparison with tens of thousands would be slow
    near = next((other for other in table.uris if typed_name in other.casefold()), None)
    hint = f"did you mean {near!r}?" if near else f"`{mpc(settings.music, 'listall')}` lists all"
    raise LibraryError(f"{uri}: no such song in MPD's library; {hint}")


def _valence_and_energy(lexicon: AffectLexicon, words: Sequence[str]) -> tuple[float, float]:
    if len(words) == 1 and (term := lexicon.mood(words[0])):
        return term.valence, term.energy
    try:
        valence, energy = map(float, words)
    except ValueError:
        near = misspelled(words[0].casefold(), lexicon.mood_names())
        hint = f"did you mean {near!r}?" if near else f"the moods are {', '.join(lexicon.mood_names())}"
        raise SettingsError(
            f"{' '.join(words)}: expected a mood, or a valence and an energy (0.7 0.6); {hint}"
        ) from None
    if not (0 <= valence <= 1 and 0 <= energy <= 1):
        raise SettingsError(f"{' '.join(words)}: valence and energy must be from 0 to 1")
    return valence, energy


def folder_for_command(settings: Settings) -> Path:
    """Return the folder of the box's files. Raises MemoryFileError if they cannot be written."""
    folder = settings.service.state_path()
    if folder.is_dir() and is_read_only(folder):
        raise MemoryFileError(
            f"{folder}: its disk is read-only; if that is not intended, `sudo dmesg` says why"
        )
    if folder.is_dir() and not os.access(folder, os.W_OK):
        owner = name_of(folder.stat())
        raise MemoryFileError(f"{folder}: may not be written by this user: sudo -u {owner} moodbox ...")
    return folder


def affect_as_object(affect: Affect) -> dict[str, Any]:
    """Return an affect with the keys that `--json` prints."""
    return {
        "valence": affect.valence,
        "energy": affect.energy,
        "sure": affect.confidence,
        "source": str(affect.source),
    }
