"""What is planned depends on what was heard, also of songs that may no longer be chosen."""

from __future__ import annotations

import numpy as np

from device.config.settings import Music
from device.library.table import Song, song_table
from device.library.tag_affect import Affect, Source
from device.mood import Mood
from device.mood_estimate import MoodEstimate
from device.recommend.ranking import MAX_LOW_VALENCE_RUN
from device.recommend.song_plan import ListeningContext, plan_songs

SAD = [f"sad{number}" for number in range(20)]
BRIGHT = [f"bright{number}" for number in range(20)]
LIBRARY = song_table(
    Song(uri, "", "", Affect(valence, 0.35, 0.5, Source.GENRE))
    for uris, valence in ((SAD, 0.3), (BRIGHT, 0.45))
    for uri in uris
)


def test_a_sad_song_that_is_never_chosen_again_was_heard_all_the_same() -> None:
    heard = SAD[:MAX_LOW_VALENCE_RUN]
    context = ListeningContext(
        MoodEstimate.certain(Mood.SAD), LIBRARY, history=heard, excluded=frozenset(heard[-1:])
    )
    assert plan_songs(Music(), context, 1, np.random.default_rng(1)).uris[0] in BRIGHT


def test_sad_songs_before_a_playlist_count_among_those_in_a_row() -> None:
    heard = SAD[:MAX_LOW_VALENCE_RUN]
    context = ListeningContext(
        MoodEstimate.certain(Mood.SAD), LIBRARY, playlist=[SAD[5], BRIGHT[5]], history=heard
    )
    assert plan_songs(Music(), context, 1, np.random.default_rng(1)).uris == (BRIGHT[5],)
