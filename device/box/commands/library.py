"""What programs that show the box ask of its songs: which come next, and where they lie."""

from __future__ import annotations

from bisect import bisect_right
from functools import partial
from typing import Any

from device.box.commands.reply import NO_MPD, OK, Actions, DeferredReply, Reply
from device.control import page_commands as page
from device.library.table import SongTable
from device.library.tag_affect import Source
from device.mpd import responses
from device.mpd.playlists import stored_playlists
from device.mpd.queue_mirror import QueueMirror
from device.mpd.responses import QueuedSong, tag_values
from device.mpd.titles import title_in_library, title_of
from device.playback.controller import PlaybackController
from device.playback.guarded_memory import GuardedMemory
from device.playback.memory import Memory
from device.playback.planner import Choice

SONGS_A_REPLY = 200
COMING = 10  # songs after the one that plays
NOT_KEPT = "the box cannot remember where the song belongs: `moodbox status` says why"


class LibraryRequests:
    """Carries out the requests about the queue and the library. Used by the loop's thread alone."""

    def __init__(self, playback: PlaybackController, memory: GuardedMemory) -> None:
        self._playback = playback
        self._memory = memory

    @property
    def actions(self) -> Actions:
        """What it does for which command."""
        return {
            page.Queue: self._queue,
            page.Library: self._library,
            page.Refused: lambda _: {"uris": sorted(self._playback.planner.refused)},
            page.Song: self._song,
            page.Titles: self._titles,
            page.Playlists: self._playlists,
            page.SetAffect: self._set_affect,
        }

    def _queue(self, _: page.Queue) -> Reply | DeferredReply:
        if self._playback.snapshot is None:
            return {"error": NO_MPD}
        chosen = self._playback.planner.chosen

        def read(mirror: QueueMirror) -> Reply:
            snapshot = mirror.refresh()
            if snapshot.current is None:
                return {"playing": None, "next": []}
            first = snapshot.positions[snapshot.current]
            with mirror.tags():
                songs = responses.queue_window(mirror.client, first, first + 1 + COMING)
            times = {"elapsed": round(snapshot.elapsed, 1), "duration": round(snapshot.duration, 1)}
            playing = [_described(song) | times for song in songs[:1]]  # none if the queue was just cleared
            coming = [_described(song) | _explained(chosen.get(song.file)) for song in songs[1:]]
            return {"playing": playing[0] if playing else None, "next": coming}

        return partial(self._playback.controls.ask, read)

    def _library(self, command: page.Library) -> Reply:
        """Return the songs whose URIs follow `after`, sorted, so that a change meanwhile loses none."""
        table, excluded = self._table, self._excluded
        uris = sorted(table.uris)
        first = 0 if command.after is None else bisect_right(uris, command.after)
        chosen = uris[first : first + SONGS_A_REPLY]
        songs = [_row(table, table.rows[uri], excluded) for uri in chosen]
        more = first + len(chosen) < len(uris)
        return {"songs": songs, "next": chosen[-1] if more else None}

    def _song(self, command: page.Song) -> Reply | DeferredReply:
        table = self._table
        row = table.rows.get(command.uri)
        if row is None:
            return _unknown(command.uri)
        song = _row(table, row, self._excluded)
        if self._playback.snapshot is None:
            return {"song": song | {"title": ""}}

        def read(mirror: QueueMirror) -> Reply:
            with mirror.tags():
                title = title_of(mirror.client, command.uri)
            return {"song": song | {"title": title}}

        return partial(self._playback.controls.ask, read)

    def _titles(self, command: page.Titles) -> Reply | DeferredReply:
        if self._playback.snapshot is None:
            return {"error": NO_MPD}
        known = [
            uri for uri in command.uris if uri in self._playback.table.rows
        ]  # MPD would open other files

        def read(mirror: QueueMirror) -> Reply:
            with mirror.tags():
                titles = {uri: title_in_library(mirror.client, uri) for uri in known}
            return {"titles": {uri: title for uri, title in titles.items() if title}}

        return partial(self._playback.controls.ask, read)

    def _playlists(self, _: page.Playlists) -> Reply | DeferredReply:
        if self._playback.snapshot is None:
            return {"error": NO_MPD}
        return partial(self._playback.controls.ask, _playlists)

    def _set_affect(self, command: page.SetAffect) -> Reply:
        """Keep where the owner says that a song belongs, or forget all that the owner has said of it."""
        uri, valence, energy = command.uri, command.valence, command.energy
        if uri not in self._playback.table.rows:
            return _unknown(uri)
        if valence is None or energy is None:
            kept = self._memory.keep(lambda memory: _forget_what_was_said(memory, uri))
        else:
            kept = self._memory.keep(lambda memory: memory.keep_own_affect(uri, valence, energy))
        return OK if kept else {"error": NOT_KEPT}

    @property
    def _table(self) -> SongTable:
        return self._playback.table.with_own_affects(self._memory.recall(Memory.own_affects) or {})

    @property
    def _excluded(self) -> frozenset[str]:
        return self._memory.recall(Memory.excluded) or frozenset()


def _playlists(mirror: QueueMirror) -> Reply:
    return {"playlists": [playlist._asdict() for playlist in stored_playlists(mirror.client)]}


def _forget_what_was_said(memory: Memory, uri: str) -> None:
    memory.remove_own_affect(uri)
    memory.include(uri)


def _unknown(uri: str) -> Reply:
    return {"error": f"{uri}: no such song in MPD's library"}


def _described(song: QueuedSong) -> dict[str, Any]:
    return {
        "artist": ", ".join(tag_values(song.artist)),
        "title": ", ".join(tag_values(song.title)),
        "uri": song.file,
    }


def _explained(choice: Choice | None) -> dict[str, Any]:
    """Say why the box has chosen a song; somebody else may have queued it."""
    if choice is None:
        return {"why": "", "reasons": None}
    song = choice.song
    shares = {
        "fit": song.fit,
        "liking": song.completion_probability,
        "rested": song.song_cooldown,
        "artist_rested": song.artist_cooldown,
    }
    reasons = {
        "source": str(song.affect.source),
        "genre": song.genre,
        **{key: round(share, 3) for key, share in shares.items()},
        "genre_heard": round(song.genre_completed, 1),
        "genre_plays": round(song.genre_plays, 1),
        "again": song.repeated,
        "playlist": choice.from_playlist,
    }
    return {"why": song.why(), "reasons": reasons}


def _row(table: SongTable, row: int, excluded: frozenset[str]) -> dict[str, Any]:
    song = table.song(row)
    affect = song.affect
    return {
        "uri": song.uri,
        "artist": song.artist,
        "genre": song.genre,
        "valence": affect.valence,
        "energy": affect.energy,
        "sure": affect.confidence,
        "source": str(affect.source),
        "left_out": song.uri in table.left_out and affect.source is not Source.OWN,
        "never": song.uri in excluded,
    }
