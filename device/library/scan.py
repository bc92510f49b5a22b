"""Scans MPD's library into the index, in chunks. An interrupted scan continues where it stopped."""

from __future__ import annotations

import json
import logging
from collections.abc import Iterator, Set
from pathlib import Path

import mpd

from device.library.audio.affect import audio_affect_of, fingerprint
from device.library.audio.features import Features
from device.library.audio_affect import combine_affects
from device.library.chunks import ALL_SONGS, ChunkReader
from device.library.file_tags import mood_in_file
from device.library.index import DONE, LibraryIndex, TaggedSong
from device.library.spoken_word import NOTHING_LEFT_OUT, LeftOut
from device.library.table import Song
from device.library.tag_affect import MAX_TAG_LENGTH, Affect, AffectLexicon, tag_affect_of
from device.mpd import responses
from device.mpd.connection import MPD_ERRORS, Client
from device.mpd.responses import LibrarySong

log = logging.getLogger(__name__)

COMMENT_BATCH_SIZE = 50  # files whose raw comments are read before they are stored
WITH_FILES = "moods in files"  # in the stamp of a scan that reads MOOD tags from files, too


def scan(
    client: Client,
    index: LibraryIndex,
    lexicon: AffectLexicon,
    address: str,
    folder: Path | None = None,
    *,
    left_out: LeftOut = NOTHING_LEFT_OUT,
    rescan: bool = False,
) -> Iterator[None]:
    """Bring the index up to date with MPD's library, and yield after each chunk.

    Args:
        client: connected to MPD.
        index: is changed chunk by chunk, so that an interrupted scan continues where it stopped.
        lexicon: the affects of genres and moods.
        address: of MPD; another server's library is scanned from the start.
        folder: of MPD's music files; None if they cannot be read here.
        left_out: the songs that the box does not choose.
        rescan: read the library even if MPD reports the state of the last scan. MPD counts in seconds, so
            the library may have changed twice within the same state.
    """
    known_tags = responses.tag_types(client)
    # An MPD with the tag Mood gives TMOO itself.
    files = None if "mood" in known_tags else folder
    stamp = _stamp(client, lexicon, address, left_out, with_files=files is not None)
    yield from _read_tags(client, index, lexicon, left_out, stamp, known_tags, rescan)
    yield from _read_comments(client, index, lexicon, files)


def _read_tags(
    client: Client,
    index: LibraryIndex,
    lexicon: AffectLexicon,
    left_out: LeftOut,
    stamp: str,
    known_tags: Set[str],
    rescan: bool,
) -> Iterator[None]:
    progress = index.progress()
    if rescan or progress.stamp != stamp:
        # Songs in which no MOOD was found before are read again once their files can be read, too.
        newly_with_files = WITH_FILES in stamp and WITH_FILES not in progress.stamp
        progress = index.begin(stamp, forget_empty_comments=newly_with_files)
    if progress.position == DONE:
        return
    chunks = ChunkReader(client, known_tags)
    while rows := chunks.read_from(index.progress().position):
        uris = [row.file for row in rows]
        comments, features = index.comments(uris), index.features(uris)
        index.keep([_tagged_song(row, comments, features, lexicon, left_out) for row in rows])
        yield
    index.finish()
    log.info("the index holds %d songs", index.count())
    yield


def _stamp(
    client: Client, lexicon: AffectLexicon, address: str, left_out: LeftOut, *, with_files: bool
) -> str:
    stats = responses.stats(client)
    library = [stats.db_update, str(stats.songs), stats.db_playtime]
    files = [WITH_FILES] if with_files else []
    rules = [ALL_SONGS, lexicon.fingerprint(), fingerprint(), left_out.fingerprint()]
    return json.dumps([address, *rules, *library, *files])


def _tagged_song(
    row: LibrarySong,
    comments: dict[str, tuple[str, str]],
    features: dict[tuple[str, str], Features],
    lexicon: AffectLexicon,
    left_out: LeftOut,
) -> TaggedSong:
    read_at, comment = comments.get(row.file, ("", ""))
    moods = [*responses.tag_values(row.mood), *([comment] if read_at == row.modified else [])]
    genres = responses.tag_values(row.genre)
    affect, genre = tag_affect_of(lexicon, genres, moods)
    affect = _with_audio(affect, features.get((row.file, row.modified)))
    artist = next(iter(responses.tag_values(row.artist)), "")[:MAX_TAG_LENGTH]
    song = Song(row.file, artist, genre, affect)
    return TaggedSong(song, row.modified, left_out.includes(row.file, genres))


def _with_audio(affect: Affect, features: Features | None) -> Affect:
    return combine_affects(affect, audio_affect_of(features)) if features else affect


def _read_comments(
    client: Client, index: LibraryIndex, lexicon: AffectLexicon, files: Path | None
) -> Iterator[None]:
    """Read the MOOD of songs without one from raw comments, and from the files in the folder `files`.

    This takes a request for each file. MPD before 0.24 has no other way, and from 0.24 on there is none for
    an MP3's TXXX:MOOD.
    """
    count = 0
    last = ""
    while songs := index.without_comment(last, COMMENT_BATCH_SIZE):
        last, _ = songs[-1]
        comments = [(uri, modified, _mood_comment(client, uri, files)) for uri, modified in songs]
        features = index.features([uri for uri, _ in songs])
        affects = [(key, tag_affect_of(lexicon, (), [mood])[0]) for *key, mood in comments if mood]
        known = [
            (uri, _with_audio(affect, features.get((uri, modified))))
            for (uri, modified), affect in affects
            if affect.confidence
        ]
        index.keep_comments(comments, known)
        count += len(known)
        yield
    if count:
        log.info("%d songs have a mood tag that is known", count)


def _mood_comment(client: Client, uri: str, files: Path | None) -> str:
    mood = _raw_comment(client, uri) or (mood_in_file(files / uri) if files else "")
    return mood[:MAX_TAG_LENGTH]


def _raw_comment(client: Client, uri: str) -> str:
    """Return "" for a file that MPD cannot read, or whose comments it cannot send, such as a picture."""
    for _ in range(2):
        try:
            comments = responses.comments(client, uri)
        except mpd.CommandError:
            return ""
        except MPD_ERRORS as error:
            log.debug("%s: its comments cannot be read: %s", uri, error)
            client.reconnect()  # this raises an error if MPD itself is not reachable
        else:
            moods = (values for name, values in comments.items() if name.casefold() == "mood")
            texts = (text for values in moods for text in responses.tag_values(values))
            return ";".join(texts)
    log.warning("%s: its comments are more than MPD sends; a MOOD among them is not known", uri)
    return ""
