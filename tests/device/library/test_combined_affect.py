"""The affect by tags and the affect by sound, combined."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from device.library.audio.affect import AudioAffect
from device.library.audio_affect import combine_affects
from device.library.tag_affect import UNKNOWN_AFFECT, Affect, Source

VALENCE_CONFIDENCE, ENERGY_CONFIDENCE = 0.16, 0.37

affects = st.builds(
    Affect, st.floats(0, 1), st.floats(0, 1), st.floats(0.01, 1), st.sampled_from([Source.GENRE, Source.MOOD])
)


audio_affects = st.builds(
    AudioAffect, st.floats(0, 1), st.floats(0, 1), st.just(VALENCE_CONFIDENCE), st.just(ENERGY_CONFIDENCE)
)
any_confidence = st.floats(0, 0.99)
any_audio_affects = st.builds(AudioAffect, st.floats(0, 1), st.floats(0, 1), any_confidence, any_confidence)


@given(affects, any_audio_affects)
def test_the_combined_affect_lies_between_both_however_sure_they_are(
    affect: Affect, audio: AudioAffect
) -> None:
    both = combine_affects(affect, audio)
    for side in ("valence", "energy"):
        tagged, sounding = getattr(affect, side), getattr(audio, side)
        assert min(tagged, sounding) - 0.001 <= getattr(both, side) <= max(tagged, sounding) + 0.001
    assert 0 <= both.confidence < 1
    assert both.source is affect.source


@given(affects)
def test_a_tag_that_the_sound_confirms_is_trusted_more_than_before(affect: Affect) -> None:
    audio = AudioAffect(affect.valence, affect.energy, VALENCE_CONFIDENCE, ENERGY_CONFIDENCE)
    mood = Affect(affect.valence, affect.energy, affect.confidence, Source.MOOD)
    assert combine_affects(mood, audio).confidence >= min(affect.confidence, 0.99) - 0.001


@given(affects, audio_affects)
def test_the_sound_counts_less_beside_confident_mood_tags_and_less_for_valence_than_for_energy(
    affect: Affect, audio: AudioAffect
) -> None:
    def moved(affect: Affect, audio: AudioAffect) -> float:
        return abs(combine_affects(affect, audio).energy - affect.energy)

    mood = Affect(affect.valence, affect.energy, affect.confidence, Source.MOOD)
    unsure = Affect(affect.valence, affect.energy, affect.confidence / 2, Source.MOOD)
    assert moved(mood, audio) <= moved(unsure, audio) + 0.001
    turned = Affect(affect.energy, affect.valence, affect.confidence, Source.MOOD)
    by_valence = abs(combine_affects(turned, audio._replace(valence=audio.energy)).valence - affect.energy)
    assert by_valence <= moved(mood, audio) + 0.001


def test_a_genre_that_the_sound_contradicts_counts_less_and_is_trusted_less() -> None:
    """A genre says "still", and the song sounds wild: the further apart, the likelier the genre is wrong."""
    still = Affect(0.4, 0.2, 0.5, Source.GENRE)

    def share_of_the_sound(energy: float) -> float:
        both = combine_affects(still, AudioAffect(0.4, energy, 0.3, 0.3))
        return (both.energy - still.energy) / (energy - still.energy)

    shares = [share_of_the_sound(energy) for energy in (0.4, 0.6, 0.75, 0.9)]
    assert shares == sorted(shares)
    assert shares[0] < 0.5
    assert shares[-1] > 0.6
    agreeing, contrary = (combine_affects(still, AudioAffect(0.4, energy, 0.3, 0.3)) for energy in (0.2, 0.9))
    assert contrary.confidence < still.confidence < agreeing.confidence


@given(audio_affects)
def test_without_tags_the_affect_is_that_of_the_sound_with_less_confidence_than_a_genre(
    audio: AudioAffect,
) -> None:
    alone = combine_affects(UNKNOWN_AFFECT, audio)
    assert (alone.valence, alone.energy) == pytest.approx(audio[:2], abs=0.001)
    assert alone.source is Source.SOUND
    assert 0.2 < alone.confidence < 0.4


def test_the_sound_hardly_changes_the_affect_of_a_mood_tag() -> None:
    happy = Affect(0.82, 0.68, 0.9, Source.MOOD)
    assert combine_affects(
        happy, AudioAffect(0.1, 0.1, VALENCE_CONFIDENCE, ENERGY_CONFIDENCE)
    ).energy == pytest.approx(0.68, abs=0.02)
