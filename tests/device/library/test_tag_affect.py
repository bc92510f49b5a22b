from __future__ import annotations

import tomllib
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from device.errors import SettingsError
from device.library.tag_affect import (
    LEXICON_FILE,
    PARTIAL_MATCH_FACTOR,
    UNKNOWN_AFFECT,
    Source,
    normalized_spelling,
    read_lexicon,
    tag_affect_of,
)
from device.mood import Mood

LEXICON = read_lexicon()


def genre(*tags: str) -> str:
    return tag_affect_of(LEXICON, tags, ())[1]


def test_the_lexicon_has_about_fifty_genres_and_an_entry_for_each_mood() -> None:
    names = {term.name for term in LEXICON.genres.values()}
    assert 50 <= len(names) <= 70
    assert set(Mood) <= set(LEXICON.mood_names())


def test_no_spelling_belongs_to_two_genres() -> None:
    for table in tomllib.loads(LEXICON_FILE.read_text()).values():
        entries = [
            {normalized_spelling(term) for term in (name, *entry["spellings"])}
            for name, entry in table.items()
        ]
        assert sum(map(len, entries)) == len(set().union(*entries))


@pytest.mark.parametrize(
    ("tag", "name"),
    [
        ("Hip-Hop", "Hip-Hop"),
        ("hiphop", "Hip-Hop"),
        ("HIP HOP", "Hip-Hop"),
        ("Rap/Hip Hop", "Hip-Hop"),
        ("R&B", "R&B"),
        ("rhythm and blues", "R&B"),
        ("Variete", "Chanson"),
        ("Swedish Death Metal", "Metal"),
        ("Post-Punk Revival", "Post-Punk"),
        ("Electro Swing", "Swing"),
        ("Ska|Calypso", "Ska"),
        ("", ""),
        ("ブルース", ""),
        ("Blues\x00\x07", "Blues"),
    ],
)
def test_genres_are_recognized_by_their_usual_spellings(tag: str, name: str) -> None:
    assert genre(tag) == name


def test_several_genres_give_an_affect_between_theirs() -> None:
    disco, _ = tag_affect_of(LEXICON, ["Disco"], ())
    blues, _ = tag_affect_of(LEXICON, ["Blues"], ())
    for tags in (["Disco", "Blues"], ["Disco; Blues"], ["Disco/Blues"]):
        both, name = tag_affect_of(LEXICON, tags, ())
        assert blues.valence < both.valence < disco.valence
        assert name == "Disco"


def test_a_genre_that_is_known_in_part_has_less_confidence() -> None:
    known, part = tag_affect_of(LEXICON, ["Metal"], ())[0], tag_affect_of(LEXICON, ["Viking Metal"], ())[0]
    assert part.confidence == pytest.approx(PARTIAL_MATCH_FACTOR * known.confidence)


def test_a_mood_tag_has_precedence_over_the_genre_which_is_still_returned() -> None:
    affect, name = tag_affect_of(LEXICON, ["Disco"], ["Melancholic"])
    assert affect.source is Source.MOOD
    assert affect.valence < 0.3
    assert name == "Disco"


def test_an_unknown_mood_is_ignored() -> None:
    assert tag_affect_of(LEXICON, [], ["Flurp"]) == (UNKNOWN_AFFECT, "")
    assert tag_affect_of(LEXICON, ["Disco"], ["Flurp"])[0].source is Source.GENRE


@given(st.lists(st.text(max_size=300), max_size=12), st.lists(st.text(max_size=300), max_size=12))
def test_any_tags_give_an_affect_within_the_plane(genres: list[str], moods: list[str]) -> None:
    affect, _ = tag_affect_of(LEXICON, genres, moods)
    assert all(0 <= share <= 1 for share in (affect.valence, affect.energy, affect.confidence))


def test_only_the_start_of_a_very_long_tag_is_read() -> None:
    assert genre("Blues" * 2000) == ""
    assert genre("Blues; " * 2000) == "Blues"


def test_the_users_lexicon_file_holds_only_the_differences(tmp_path: Path) -> None:
    path = tmp_path / "mine.toml"
    path.write_text('[genres]\n"Polka" = { valence = 0.9, energy = 0.8 }\n')
    mine = read_lexicon(str(path))
    assert tag_affect_of(mine, ["polka"], ())[0].valence == 0.9
    assert tag_affect_of(mine, ["Disco"], ()) == tag_affect_of(LEXICON, ["Disco"], ())
    assert mine.fingerprint() != LEXICON.fingerprint() == read_lexicon().fingerprint()


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("[genre]\n", ": genre: expected the tables [genres] and [moods]"),
        ("[genres]\nPop = 3\n", ": genres.Pop: expected a table; it takes valence, energy"),
        (
            "[genres]\nPop = {valence = 2.0, energy = 0}\n",
            ": genres.Pop.valence: expected a number of at most 1;",
        ),
        ("[genres]\nPop = {valance = 0.5, energy = 0}\n", ": genres.Pop: object "),
        ("[genres\n", ": not valid TOML: "),
    ],
)
def test_a_mistake_in_the_lexicon_file_is_reported_in_one_line(
    tmp_path: Path, text: str, message: str
) -> None:
    path = tmp_path / "mine.toml"
    path.write_text(text)
    with pytest.raises(SettingsError) as caught:
        read_lexicon(str(path))
    assert f"music.places: {path}{message}" in str(caught.value)
    assert "\n" not in str(caught.value)


def test_a_missing_lexicon_file_is_named() -> None:
    with pytest.raises(SettingsError, match=r"music\.places: /nowhere\.toml cannot be read"):
        read_lexicon("/nowhere.toml")
