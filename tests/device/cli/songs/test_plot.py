"""The plot of a library, read as SVG."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from xml.etree import ElementTree

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from device.cli.songs.plot import draw
from device.config.settings import Music, Panel
from device.library.table import Song, SongTable, song_table
from device.library.tag_affect import UNKNOWN_AFFECT, Affect, Source
from device.mood import Mood
from device.recommend.ranking import RankingRequest, rank_songs
from device.recommend.trajectory import trajectory_for
from tests.device.estimates import certain

SVG = "{http://www.w3.org/2000/svg}"
BRIGHT, DARK = Affect(0.75, 0.7, 0.7, Source.GENRE), Affect(0.3, 0.35, 0.7, Source.SOUND)


def drawn(
    table: SongTable,
    mood: Mood = Mood.SAD,
    panel: Panel | None = None,
    titles: Mapping[str, str] | None = None,
) -> ElementTree.Element:
    trajectory = trajectory_for(certain(mood), Music())
    choices = rank_songs(table, RankingRequest(trajectory, 12), np.random.default_rng(1))
    picture = draw(table, certain(mood), trajectory, choices, titles or {}, Music(), panel or Panel())
    return ElementTree.fromstring(picture)


def texts(picture: ElementTree.Element) -> list[str]:
    return [text.text or "" for text in picture.iter(f"{SVG}text")]


def dots(picture: ElementTree.Element) -> dict[str, int]:
    """Return how many dots there are of each colour."""
    paths = [path for path in picture.iter(f"{SVG}path") if path.get("class") == "song"]
    return {path.get("stroke", ""): path.get("d", "").count("M") for path in paths}


def library(count: int = 20) -> SongTable:
    songs = []
    for number in range(count):
        affect = (BRIGHT, DARK, UNKNOWN_AFFECT)[number % 3]
        shifted = replace(affect, valence=affect.valence + number / 1000)
        songs.append(Song(f"{number}.ogg", "", "", shifted))
    return song_table(songs)


def test_the_axes_are_named_as_on_the_page() -> None:
    words = tomllib.loads(Path("window/words/en.toml").read_text(encoding="utf-8"))["music"]
    ends = {words[name] for name in ("dark", "bright", "calm", "energetic")}
    assert ends <= set(texts(drawn(library())))


def test_each_song_is_a_dot_in_the_colour_of_its_mood_or_grey_if_it_is_unknown() -> None:
    marked = dots(drawn(library(30)))
    assert sum(marked.values()) == 30
    assert sorted(marked.values()) == [0, 10, 10, 10]  # no song is neutral


def test_the_next_songs_are_numbered_and_named() -> None:
    found = texts(drawn(library()))
    assert {"1", "2", "3"} <= set(found)
    assert any(text.endswith(".ogg") for text in found)
    assert any(text.startswith("sad: ") for text in found)


def test_a_song_with_a_title_is_named_by_artist_and_title() -> None:
    table = song_table([Song("a/01.ogg", "Low Voltage", "", DARK), Song("a/02.ogg", "", "", DARK)])
    assert {"Low Voltage - Last Bus", "02.ogg"} <= set(texts(drawn(table, titles={"a/01.ogg": "Last Bus"})))


@pytest.mark.parametrize(("kind", "moods"), [("leds", {"happy", "neutral", "sad"}), ("rgb", set(Mood))])
def test_the_plot_shows_the_moods_that_the_panel_has_a_light_for(kind: str, moods: set[str]) -> None:
    found = texts(drawn(library(), panel=Panel(kind=kind)))  # type: ignore[arg-type]
    assert moods == {mood for mood in Mood if mood in found}


def test_the_mood_of_the_plan_is_shown_even_without_a_light() -> None:
    assert "fear" in texts(drawn(library(), Mood.FEAR))


def test_songs_at_the_same_point_are_one_dot() -> None:
    """The picture of a large library stays small."""
    picture = drawn(song_table(Song(f"{number}", "", "", BRIGHT) for number in range(1000)))
    assert sum(dots(picture).values()) == 1


@given(st.text(st.characters(codec="utf-8"), min_size=1, max_size=80))
def test_a_song_with_any_name_gives_valid_xml(name: str) -> None:
    picture = drawn(song_table([Song(name, "", "", DARK)]))
    assert texts(picture)
