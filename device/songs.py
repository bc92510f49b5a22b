"""The verbs about songs: `moodbox songs` shows what would play and why, `moodbox mood` takes a word on it,
`moodbox forget` begins afresh.
"""

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

from device.errors import LibraryError, MemoryFileError, MoodboxError, NoBoxError, PlayerError, SettingsError
from device.memory import Memory
from device.mood import Mood
from device.music.catalogue import Catalogue
from device.music.chooser import Choice, Wish, choose
from device.music.course import Course, course_for
from device.music.jukebox import EMPTY
from device.music.librarian import fill
from device.music.link import connected
from device.music.places import Atlas, Place, Word, read_atlas
from device.music.playlists import songs_of
from device.music.selection import REMEMBERED
from device.music.shelf import Shelf
from device.music.stickers import likes
from device.music.taste import with_likes
from device.service import ask
from device.settings import Settings
from device.sound.features import Features
from device.sqlite import is_read_only

COUNT = 12


@dataclass(frozen=True)
class Plan:
    """What would play next if somebody were seen in this mood now. shelf: all songs that are known."""

    mood: Mood
    shelf: Shelf
    course: Course
    choices: tuple[Choice, ...]

    @property
    def known(self) -> int:
        return len(self.shelf)


def plan(settings: Settings, word: str, seed: int | None = None) -> Plan:
    """word: a mood. Raises LibraryError, PlayerError, MemoryFileError or SettingsError."""
    mood = _mood(read_atlas(settings.music.places), word)
    folder = _folder(settings)
    with Catalogue.at_hand(folder) as catalogue:
        picked, liked = _brought_up(settings, catalogue, mood)
        shelf = catalogue.shelf()
    with Memory.at_hand(folder) as memory:
        words, played, taste = memory.words(), memory.played(REMEMBERED), memory.taste(mood)
    if picked:
        shelf = shelf.only(picked)
    course = course_for(mood, settings.music)
    wish = Wish(course, COUNT, before=played, fresh=settings.music.no_repeat, taste=with_likes(taste, liked))
    shelf = shelf.with_words(words)
    choices = choose(shelf, wish, np.random.default_rng(seed), anywhere=bool(picked))
    if not choices:
        raise LibraryError(EMPTY)
    return Plan(mood, shelf, course, choices)


def _mood(atlas: Atlas, word: str) -> Mood:
    """Raises SettingsError with the nearest mood, by its letters or by what it means."""
    with contextlib.suppress(ValueError):
        return Mood(word.casefold())
    near: Sequence[str] = difflib.get_close_matches(word.casefold(), list(Mood), n=1)
    if not near and (meant := atlas.mood(word)):
        places = {mood: atlas.moods[mood] for mood in Mood}
        near = [min(Mood, key=lambda mood: _apart(places[mood], meant))]
    hint = f"did you mean {str(near[0])!r}?" if near else f"known are {', '.join(Mood)}"
    raise SettingsError(f"--mood {word}: no mood that the box sees; {hint}")


def _apart(one: Word, other: Word) -> float:
    return math.dist((one.valence, one.energy), (other.valence, other.energy))


def save_plot(settings: Settings, plan: Plan, path: Path) -> None:
    """Raises SettingsError or MoodboxError."""
    from device.plot import draw

    if path.suffix.lower() != ".svg":
        raise SettingsError(f"--plot {path}: it is an SVG picture, for any browser: name it {path.stem}.svg")
    picture = draw(plan.shelf, plan.mood, plan.course, plan.choices, settings.music, settings.panel)
    try:
        path.write_text(picture, encoding="utf-8")
    except OSError as error:
        raise MoodboxError(f"{path}: cannot be written: {error.strerror}") from error


def _brought_up(
    settings: Settings, catalogue: Catalogue, mood: Mood
) -> tuple[tuple[str, ...], Mapping[str, bool]]:
    """The songs of the mood's playlist, and likes. Without a running box it reads the library first."""
    atlas = read_atlas(settings.music.places)
    try:
        with connected(settings.music) as client:
            if not _runs(settings):
                for _ in fill(client, catalogue, atlas, settings.music.address):
                    pass
            return songs_of(client, mood), likes(client) if settings.music.stickers else {}
    except PlayerError as error:
        if not catalogue.count():
            raise
        print(f"moodbox: {error}; this is by what was known before", file=sys.stderr)
        return (), {}


def _folder(settings: Settings) -> Path:
    """Where the box remembers. Raises MemoryFileError if it is another user's, or on a read-only disk."""
    folder = settings.service.state_path()
    if folder.is_dir() and is_read_only(folder):
        raise MemoryFileError(
            f"{folder}: its disk is read-only; `sudo dmesg` says why, if nobody wanted it so"
        )
    if folder.is_dir() and not os.access(folder, os.W_OK):
        owner = f"#{folder.stat().st_uid}"
        with contextlib.suppress(KeyError):
            owner = folder.owner()
        raise MemoryFileError(f"{folder}: may not be written by this user: sudo -u {owner} moodbox ...")
    return folder


def _runs(settings: Settings) -> bool:
    try:
        ask(settings.service.socket_path(), "status")
    except NoBoxError:
        return False
    return True


def as_table(plan: Plan) -> str:
    lines = [f"{plan.mood}: {len(plan.choices)} of {plan.known} songs"]
    for number, choice in enumerate(plan.choices, start=1):
        lines += [f"{number:2}  {_printable(choice.uri)}", f"    {choice.why()}"]
    return "\n".join(lines)


def _printable(name: str) -> str:
    """A file's name may hold what a terminal would obey."""
    return "".join(letter if letter.isprintable() else "\ufffd" for letter in name)


def as_object(plan: Plan) -> dict[str, Any]:
    return {"mood": plan.mood, "known": plan.known, "songs": [_choice(choice) for choice in plan.choices]}


def _choice(choice: Choice) -> dict[str, Any]:
    shares = {name: round(getattr(choice, name), 3) for name in ("fit", "liking", "rested", "artist_rested")}
    return {
        "uri": choice.uri,
        "artist": choice.artist,
        "genre": choice.genre,
        **_place(choice.place),
        "target": [round(share, 3) for share in choice.target],
        **shares,
        "score": round(choice.score, 3),
        "again": choice.again,
        "why": choice.why(),
    }


def _place(place: Place) -> dict[str, Any]:
    return {
        "valence": place.valence,
        "energy": place.energy,
        "sure": place.sure,
        "source": str(place.source),
    }


def known(settings: Settings, uri: str) -> dict[str, Any]:
    """What the box knows of a song. Raises LibraryError."""
    folder = _folder(settings)
    with Catalogue.at_hand(folder) as catalogue:
        shelf = catalogue.shelf()
        row = _row(shelf, uri)
        sound = catalogue.sound(uri)
    with Memory.at_hand(folder) as memory:
        shelf = shelf.with_words(memory.words())
    song = shelf.song(row)
    return {
        "uri": uri,
        "artist": song.artist,
        "genre": song.genre,
        **_place(song.place),
        "sound": _sound(sound) if isinstance(sound, Features) else None,
        "fault": sound if isinstance(sound, str) else None,
    }


def _sound(sound: Features) -> dict[str, float]:
    return {name: round(value, 3) for name, value in dataclasses.asdict(sound).items()}


def as_words(known: Mapping[str, Any]) -> str:
    """What `known` says, for people."""
    lines = ["{uri}: valence {valence:.2f}, energy {energy:.2f} ({source})".format(**known)]
    if known["sound"]:
        lines.append(
            "heard: {loudness:.0f} LUFS, {tempo:.0f} beats a minute, {onsets:.1f} onsets a second,"
            " brightness {brightness:.2f}, mode {mode:+.2f}".format(**known["sound"])
        )
    if known["fault"]:
        lines.append(f"nothing is heard in it: {known['fault']}")
    return "\n".join(lines)


def say(settings: Settings, uri: str, words: Sequence[str]) -> None:
    """Keeps the user's own word: a mood, or a valence and an energy. Raises SettingsError or LibraryError."""
    valence, energy = _spot(read_atlas(settings.music.places), words)
    folder = _folder(settings)
    with Catalogue.at_hand(folder) as catalogue:
        _row(catalogue.shelf(), uri)
    with Memory.at_hand(folder) as memory:
        memory.keep_word(uri, valence, energy)


def unsay(settings: Settings, uri: str) -> None:
    """What the tags say counts again."""
    with Memory.at_hand(_folder(settings)) as memory:
        memory.drop_word(uri.encode("utf-8", "replace").decode())


def forget(settings: Settings) -> None:
    """What was learned and played. A running box sees it at its next choice."""
    with Memory.at_hand(_folder(settings)) as memory:
        memory.forget()


def _row(shelf: Shelf, uri: str) -> int:
    """Raises LibraryError with the nearest name if there is no such song."""
    row = shelf.rows.get(uri)
    if row is not None:
        return row
    if not shelf:
        raise LibraryError("no song is known yet: `moodbox songs --mood happy` reads MPD's library")
    typed = uri.casefold().strip("/")  # of tens of thousands, no more than a part of the name is looked for
    near = next((other for other in shelf.uris if typed in other.casefold()), None)
    hint = f"did you mean {near!r}?" if near else "`mpc listall` names them all"
    raise LibraryError(f"{uri}: no such song in MPD's library; {hint}")


def _spot(atlas: Atlas, words: Sequence[str]) -> tuple[float, float]:
    if len(words) == 1 and (word := atlas.mood(words[0])):
        return word.valence, word.energy
    try:
        valence, energy = map(float, words)
    except ValueError:
        near = difflib.get_close_matches(words[0].casefold(), atlas.words(), n=1)
        hint = f"did you mean {near[0]!r}?" if near else f"known are {', '.join(atlas.words())}"
        raise SettingsError(
            f"{' '.join(words)}: expected a mood, or a valence and an energy (0.7 0.6); {hint}"
        ) from None
    if not (0 <= valence <= 1 and 0 <= energy <= 1):
        raise SettingsError(f"{' '.join(words)}: valence and energy go from 0 to 1")
    return valence, energy
