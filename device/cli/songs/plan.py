"""`moodbox songs`: which songs the box would choose, and why; `moodbox forget`: what was learned."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from device.cli.songs.affect import affect_as_object, folder_for_command
from device.cli.songs.estimate import estimate_of
from device.config.settings import Settings
from device.control.client import ask
from device.control.page_commands import Refused
from device.errors import LibraryError, MoodboxError, NoBoxError, PlayerError, SettingsError
from device.health import Part
from device.library.index import DONE, LibraryIndex
from device.library.music_folder import music_folder_if_readable
from device.library.scan import scan
from device.library.spoken_word import LeftOut, why_no_songs
from device.library.table import SongTable
from device.library.tag_affect import read_lexicon
from device.mood_estimate import ChosenBy, MoodEstimate
from device.mpd.connection import Client, connected
from device.mpd.playlists import mood_playlist
from device.mpd.stickers import likes
from device.mpd.titles import is_in_library, is_stream, song_name, titles_of
from device.playback.memory import Memory
from device.printable import printable
from device.recommend.ranking import RankedSong
from device.recommend.song_plan import HISTORY_LENGTH, ListeningContext, plan_songs
from device.recommend.trajectory import Trajectory

SONG_COUNT = 12
BEING_READ = "the box is still reading MPD's library, and knows no song yet: ask again in a moment"


@dataclass(frozen=True)
class Plan:
    """The songs that the box would choose.

    Attributes:
        estimate: what they are chosen for.
        table: all songs that are known, or those of the likely mood's playlist.
        trajectory: the affects that the songs are chosen for.
        choices: the chosen songs, in their order.
        titles: those that MPD knows, by URI.
        left_out: how many songs of the library are left out as spoken word; 0 for a playlist.
        excluded: how many songs of the library or the playlist are never chosen, as somebody has said.
        refused: how many more the running box has set aside, because MPD has refused them.
    """

    estimate: MoodEstimate
    table: SongTable
    trajectory: Trajectory
    choices: tuple[RankedSong, ...]
    titles: Mapping[str, str]
    left_out: int
    excluded: int
    refused: int

    @property
    def known(self) -> int:
        """The number of songs to choose from."""
        return len(self.table)


def plan(settings: Settings, words: str | None, seed: int | None = None) -> Plan:
    """Choose songs as the box would if it had this estimate now.

    Args:
        settings: of the box.
        words: a mood, or probabilities; None for what the running box's music is chosen for.
        seed: of the random choice; None for another choice each time.

    Raises:
        SettingsError: the box does not know this mood, or the settings are wrong.
        ServiceError: the running box does not reply.
        LibraryError: there is no song, or the running box knows none yet.
        PlayerError: MPD cannot be reached, and no song is known yet.
        MemoryFileError: the files of the box cannot be used.
    """
    estimate = estimate_of(settings, words)
    folder = folder_for_command(settings)
    refused = _refused_by_running_box(settings)
    with LibraryIndex.opened_for_command(folder) as index:
        picked, liked = _playlist_and_likes(settings, index, estimate, is_running=refused is not None)
        table, is_read = index.table(), index.progress().position == DONE
    with Memory.opened_for_command(folder) as memory:
        excluded = memory.excluded()
        set_aside = (refused or frozenset()) - excluded
        context = ListeningContext(
            estimate,
            table,
            picked,
            likes=liked,
            own_affects=memory.own_affects(),
            excluded=excluded | set_aside,
            history=memory.played(HISTORY_LENGTH),
            play_statistics=memory.play_statistics(estimate),
        )
    planned = plan_songs(settings.music, context, SONG_COUNT, np.random.default_rng(seed))
    if not planned.songs:
        raise LibraryError(why_no_songs(len(table), settings.music) if is_read else _why_not_read(settings))
    titles = titles_of(settings.music, [song.uri for song in planned.songs])
    source = set(picked) if context.allowed_playlist else set(table.to_choose_from(context.own_affects).uris)
    left_out = 0 if context.allowed_playlist else len(table) - len(source)
    counts = left_out, len(source & excluded), len(source & set_aside)
    return Plan(estimate, planned.table, planned.trajectory, planned.songs, titles, *counts)


def _why_not_read(settings: Settings) -> str:
    """Why the files of a box that runs hold no songs. Raises ServiceError."""
    trouble = ask(settings.service.socket_path(), "status")["trouble"]
    for part in (Part.LIBRARY, Part.LIBRARIAN, Part.STORAGE):
        if problem := trouble.get(str(part)):
            return f"the box has stored no song: {part}: {problem}"
    return BEING_READ


def save_plot(settings: Settings, plan: Plan, path: Path) -> None:
    """Write the plan as an SVG picture.

    Raises:
        SettingsError: the name does not end in .svg.
        MoodboxError: the file cannot be written.
    """
    from device.cli.songs.plot import draw

    if path.suffix.lower() != ".svg":
        raise SettingsError(f"--plot {path}: the plot is an SVG picture: name it {path.stem}.svg")
    songs = plan.choices, plan.titles
    picture = draw(plan.table, plan.estimate, plan.trajectory, *songs, settings.music, settings.panel)
    try:
        path.write_text(picture, encoding="utf-8")
    except OSError as error:
        raise MoodboxError(f"{path}: cannot be written: {error.strerror}") from error


def _playlist_and_likes(
    settings: Settings, index: LibraryIndex, estimate: MoodEstimate, *, is_running: bool
) -> tuple[tuple[str, ...], Mapping[str, bool]]:
    """Return the songs of the likely mood's playlist, and likes; scan the library unless a box is running."""
    lexicon = read_lexicon(settings.music.places)
    try:
        with connected(settings.music) as client:
            if not is_running:
                folder = music_folder_if_readable(client, settings.music)
                rules = LeftOut.of(settings.music)
                for _ in scan(client, index, lexicon, settings.music.address, folder, left_out=rules):
                    pass
            mood = estimate.playlist_mood
            playlist = _available(client, mood_playlist(client, mood) if mood else (), index.table())
            return playlist, likes(client) if settings.music.stickers else {}
    except PlayerError as error:
        if not index.count():
            raise
        print(f"moodbox: {error}; this plan uses what was known before", file=sys.stderr)
        return (), {}


def _available(client: Client, playlist: Iterable[str], table: SongTable) -> tuple[str, ...]:
    """Return a playlist's streams, and those of its songs that MPD has: the box sets the others aside."""
    known = table.rows
    return tuple(uri for uri in playlist if uri in known or is_stream(uri) or is_in_library(client, uri))


def _refused_by_running_box(settings: Settings) -> frozenset[str] | None:
    """Return the songs that the running box has set aside; None if no box is running."""
    try:
        return frozenset(ask(settings.service.socket_path(), Refused())["uris"])
    except NoBoxError:
        return None


def as_table(plan: Plan) -> str:
    """Format a plan for people."""
    not_chosen = {
        "left out as spoken word": plan.left_out,
        "never chosen, as you said": plan.excluded,
        "set aside, since MPD has refused them": plan.refused,
    }
    note = "".join(f"; {why}: {count}" for why, count in not_chosen.items() if count)
    lines = [f"{_reason(plan.estimate)}: {len(plan.choices)} of {plan.known} songs{note}"]
    for number, choice in enumerate(plan.choices, start=1):
        title = plan.titles.get(choice.uri)
        name = [song_name(choice.artist, title, choice.uri)] if title else []
        first, *others = *map(printable, [*name, choice.uri]), choice.why()
        lines += [f"{number:2}  {first}", *(f"    {line}" for line in others)]
    return "\n".join(lines)


def _reason(estimate: MoodEstimate) -> str:
    """What the songs are chosen for, and where that is known from unless it is simply a mood."""
    if estimate.chosen_by is ChosenBy.MOOD:
        return str(estimate)
    return f"{estimate} ({estimate.chosen_by})"


def as_object(plan: Plan) -> dict[str, Any]:
    """Return the plan as the object that `--json` prints."""
    choices = [_choice_as_object(choice, plan.titles.get(choice.uri, "")) for choice in plan.choices]
    estimate = plan.estimate
    return {
        "mood": estimate.mood,
        "chosen_by": estimate.chosen_by,
        "chosen_for": dict(estimate.probabilities),
        "known": plan.known,
        "songs": choices,
        "left_out": plan.left_out,
        "never": plan.excluded,
        "set_aside": plan.refused,
    }


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
        **affect_as_object(choice.affect),
        "target": [round(share, 3) for share in choice.target],
        **{key: round(share, 3) for key, share in shares.items()},
        "score": round(choice.score, 3),
        "again": choice.repeated,
        "why": choice.why(),
    }


def forget(settings: Settings) -> str:
    """Delete what was learned and played; a running box notices it with its next choice.

    Returns:
        What that was, in one line.
    """
    with Memory.opened_for_command(folder_for_command(settings)) as memory:
        songs, *_ = memory.counts()
        memory.forget()
    return (
        f"forgotten: play counts of songs: {songs}, what was learned from corrections, what was played last,"
        " and which faces are furniture"
    )
