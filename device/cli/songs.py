"""`moodbox songs`: which songs play next and why; `mood`: a song's affect; `forget`: what was learned."""

from __future__ import annotations

import contextlib
import dataclasses
import difflib
import math
import os
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from device.config.settings import Settings
from device.errors import LibraryError, MemoryFileError, MoodboxError, NoBoxError, PlayerError, SettingsError
from device.library.audio.features import Features
from device.library.index import LibraryIndex
from device.library.music_folder import music_folder_if_readable
from device.library.scan import scan
from device.library.table import SongTable
from device.library.tag_affect import Affect, AffectLexicon, Term, read_lexicon
from device.mood import Mood
from device.mpd.connection import connected
from device.mpd.playlists import mood_playlist
from device.mpd.stickers import likes
from device.mpd.titles import song_name, titles_of
from device.playback.controller import EMPTY_LIBRARY
from device.playback.memory import Memory
from device.printable import printable
from device.recommend.ranking import RankedSong
from device.recommend.song_plan import HISTORY_LENGTH, ListeningContext, plan_songs
from device.recommend.trajectory import Trajectory
from device.storage.sqlite import is_read_only
from device.system.control_client import ask

SONG_COUNT = 12


@dataclass(frozen=True)
class Plan:
    """The songs that would play next in a mood.

    Attributes:
        mood: the mood.
        table: all songs that are known, or those of the mood's playlist.
        trajectory: the affects that the songs are chosen for.
        choices: the chosen songs, in their order.
        titles: those that MPD knows, by URI.
    """

    mood: Mood
    table: SongTable
    trajectory: Trajectory
    choices: tuple[RankedSong, ...]
    titles: Mapping[str, str]

    @property
    def known(self) -> int:
        """The number of songs to choose from."""
        return len(self.table)


def plan(settings: Settings, word: str, seed: int | None = None) -> Plan:
    """Choose the songs that would play next if this mood were detected now.

    Args:
        settings: of the box.
        word: a mood.
        seed: of the random choice; None for another choice each time.

    Raises:
        SettingsError: the box does not know this mood, or the settings are wrong.
        LibraryError: there is no song.
        PlayerError: MPD cannot be reached, and no song is known yet.
        MemoryFileError: the files of the box cannot be used.
    """
    mood = _mood(read_lexicon(settings.music.places), word)
    folder = _folder(settings)
    with LibraryIndex.opened_for_command(folder) as index:
        picked, liked = _playlist_and_likes(settings, index, mood)
        table = index.table()
    with Memory.opened_for_command(folder) as memory:
        context = ListeningContext(
            mood,
            table,
            picked,
            likes=liked,
            own_affects=memory.own_affects(),
            history=memory.played(HISTORY_LENGTH),
            play_statistics=memory.play_statistics(mood),
        )
    planned = plan_songs(settings.music, context, SONG_COUNT, np.random.default_rng(seed))
    if not planned.songs:
        raise LibraryError(EMPTY_LIBRARY)
    titles = titles_of(settings.music, [song.uri for song in planned.songs])
    return Plan(mood, planned.table, planned.trajectory, planned.songs, titles)


def _mood(lexicon: AffectLexicon, word: str) -> Mood:
    """Return the mood; a SettingsError names the nearest one by spelling or by affect."""
    with contextlib.suppress(ValueError):
        return Mood(word.casefold())
    near: Sequence[str] = difflib.get_close_matches(word.casefold(), list(Mood), n=1)
    if not near and (meant := lexicon.mood(word)):
        affects = {mood: lexicon.moods[mood] for mood in Mood}
        near = [min(Mood, key=lambda mood: _distance(affects[mood], meant))]
    hint = f"did you mean {str(near[0])!r}?" if near else f"it detects {', '.join(Mood)}"
    raise SettingsError(f"--mood {word}: the box does not detect this mood; {hint}")


def _distance(first: Term, second: Term) -> float:
    return math.dist((first.valence, first.energy), (second.valence, second.energy))


def save_plot(settings: Settings, plan: Plan, path: Path) -> None:
    """Write the plan as an SVG picture.

    Raises:
        SettingsError: the name does not end in .svg.
        MoodboxError: the file cannot be written.
    """
    from device.cli.songs_plot import draw

    if path.suffix.lower() != ".svg":
        raise SettingsError(f"--plot {path}: the plot is an SVG picture: name it {path.stem}.svg")
    songs = plan.choices, plan.titles
    picture = draw(plan.table, plan.mood, plan.trajectory, *songs, settings.music, settings.panel)
    try:
        path.write_text(picture, encoding="utf-8")
    except OSError as error:
        raise MoodboxError(f"{path}: cannot be written: {error.strerror}") from error


def _playlist_and_likes(
    settings: Settings, index: LibraryIndex, mood: Mood
) -> tuple[tuple[str, ...], Mapping[str, bool]]:
    """Return the songs of the mood's playlist, and likes. Scan the library first unless a box is running."""
    lexicon = read_lexicon(settings.music.places)
    try:
        with connected(settings.music) as client:
            if not _is_running(settings):
                folder = music_folder_if_readable(client, settings.music)
                for _ in scan(client, index, lexicon, settings.music.address, folder):
                    pass
            return mood_playlist(client, mood), likes(client) if settings.music.stickers else {}
    except PlayerError as error:
        if not index.count():
            raise
        print(f"moodbox: {error}; this plan uses what was known before", file=sys.stderr)
        return (), {}


def _folder(settings: Settings) -> Path:
    """Return the folder of the box's files. Raises MemoryFileError if they cannot be written."""
    folder = settings.service.state_path()
    if folder.is_dir() and is_read_only(folder):
        raise MemoryFileError(
            f"{folder}: its disk is read-only; if that is not intended, `sudo dmesg` says why"
        )
    if folder.is_dir() and not os.access(folder, os.W_OK):
        owner = f"#{folder.stat().st_uid}"
        with contextlib.suppress(KeyError):
            owner = folder.owner()
        raise MemoryFileError(f"{folder}: may not be written by this user: sudo -u {owner} moodbox ...")
    return folder


def _is_running(settings: Settings) -> bool:
    try:
        ask(settings.service.socket_path(), "status")
    except NoBoxError:
        return False
    return True


def as_table(plan: Plan) -> str:
    """Format a plan for people."""
    lines = [f"{plan.mood}: {len(plan.choices)} of {plan.known} songs"]
    for number, choice in enumerate(plan.choices, start=1):
        title = plan.titles.get(choice.uri)
        name = [song_name(choice.artist, title, choice.uri)] if title else []
        first, *others = *map(printable, [*name, choice.uri]), choice.why()
        lines += [f"{number:2}  {first}", *(f"    {line}" for line in others)]
    return "\n".join(lines)


def as_object(plan: Plan) -> dict[str, Any]:
    """Return the plan as the object that `--json` prints."""
    choices = [_choice_as_object(choice, plan.titles.get(choice.uri, "")) for choice in plan.choices]
    return {"mood": plan.mood, "known": plan.known, "songs": choices}


def _choice_as_object(choice: RankedSong, title: str) -> dict[str, Any]:
    shares = {
        "fit": choice.fit,
        "liking": choice.completion_probability,
        "rested": choice.song_cooldown,
        "artist_rested": choice.artist_cooldown,
    }
    return {
        "uri": choice.uri,
        "artist": choice.artist,
        "title": title,
        "genre": choice.genre,
        **_affect_as_object(choice.affect),
        "target": [round(share, 3) for share in choice.target],
        **{key: round(share, 3) for key, share in shares.items()},
        "score": round(choice.score, 3),
        "again": choice.repeated,
        "why": choice.why(),
    }


def _affect_as_object(affect: Affect) -> dict[str, Any]:
    return {
        "valence": affect.valence,
        "energy": affect.energy,
        "sure": affect.confidence,
        "source": str(affect.source),
    }


def describe(settings: Settings, uri: str) -> dict[str, Any]:
    """Return what the box knows of a song, as the object that `--json` prints.

    Raises:
        LibraryError: there is no such song.
        MemoryFileError: the files of the box cannot be used.
    """
    folder = _folder(settings)
    with LibraryIndex.opened_for_command(folder) as index:
        table = index.table()
        row = _row(table, uri)
        analysis = index.analysis(uri)
    with Memory.opened_for_command(folder) as memory:
        table = table.with_own_affects(memory.own_affects())
    song = table.song(row)
    return {
        "uri": uri,
        "artist": song.artist,
        "genre": song.genre,
        **_affect_as_object(song.affect),
        "sound": _rounded(analysis) if isinstance(analysis, Features) else None,
        "fault": analysis if isinstance(analysis, str) else None,
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
    return "\n".join(lines)


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
    folder = _folder(settings)
    with LibraryIndex.opened_for_command(folder) as index:
        _row(index.table(), uri)
    with Memory.opened_for_command(folder) as memory:
        memory.keep_own_affect(uri, valence, energy)


def remove_own_affect(settings: Settings, uri: str) -> None:
    """Delete the affect that the user set for a song, so that its tags and its sound count again."""
    with Memory.opened_for_command(_folder(settings)) as memory:
        memory.remove_own_affect(uri.encode("utf-8", "replace").decode())


def forget(settings: Settings) -> None:
    """Delete what was learned and played; a running box notices it with its next choice."""
    with Memory.opened_for_command(_folder(settings)) as memory:
        memory.forget()


def _row(table: SongTable, uri: str) -> int:
    """Return the row of a song; a LibraryError names a song with a similar URI."""
    row = table.rows.get(uri)
    if row is not None:
        return row
    if not table:
        raise LibraryError("no song is known yet: `moodbox songs --mood happy` reads MPD's library")
    typed_name = uri.casefold().strip("/")  # a closer comparison with tens of thousands would be slow
    near = next((other for other in table.uris if typed_name in other.casefold()), None)
    hint = f"did you mean {near!r}?" if near else "`mpc listall` lists all"
    raise LibraryError(f"{uri}: no such song in MPD's library; {hint}")


def _valence_and_energy(lexicon: AffectLexicon, words: Sequence[str]) -> tuple[float, float]:
    if len(words) == 1 and (term := lexicon.mood(words[0])):
        return term.valence, term.energy
    try:
        valence, energy = map(float, words)
    except ValueError:
        near = difflib.get_close_matches(words[0].casefold(), lexicon.mood_names(), n=1)
        hint = f"did you mean {near[0]!r}?" if near else f"the moods are {', '.join(lexicon.mood_names())}"
        raise SettingsError(
            f"{' '.join(words)}: expected a mood, or a valence and an energy (0.7 0.6); {hint}"
        ) from None
    if not (0 <= valence <= 1 and 0 <= energy <= 1):
        raise SettingsError(f"{' '.join(words)}: valence and energy must be from 0 to 1")
    return valence, energy
