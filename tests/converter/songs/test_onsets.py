"""The sounds from which the network learns when notes begin, and which of them it is tried on."""

from __future__ import annotations

import numpy as np
import pytest

from converter.songs import onset_training
from converter.songs.arrangements import ARRANGEMENTS
from converter.songs.onset_examples import OnsetExample, heard_times
from converter.songs.onset_training import game_folds, held_out_rates, instrument_folds, train
from converter.songs.people import JudgedPiece
from converter.songs.sounds import AS_WRITTEN, programs_in, programs_of, source_of
from device.library.audio.note_onsets import SIGNALS, Layer, OnsetNetwork, onset_probabilities
from tests.converter.songs.test_fitting import PIECES

FRAMES = 40
RNG = np.random.default_rng(4)


def example(piece: int, version: str, pieces: list[JudgedPiece] = PIECES) -> OnsetExample:
    """A sound in which the first signal says when notes begin."""
    begins = (RNG.random(FRAMES) < 0.2).astype(np.float32)
    signals = RNG.normal(size=(FRAMES, SIGNALS)).astype(np.float32)
    signals[:, 0] = begins
    source = source_of(version, pieces[piece])
    return OnsetExample(piece, version, source, programs_in(source), signals, begins, 0.02)


def test_of_a_long_piece_the_notes_in_the_excerpts_count() -> None:
    times = np.array([1.0, 8.0, 22.9, 50.0, 52.6, 80.0, 89.0])
    # The excerpts begin at 7.5, 37.5 and 67.5 seconds.
    assert heard_times(times, 90) == pytest.approx([0.5, 15 + 12.5, 30 + 12.5])


def test_the_notes_of_a_chord_begin_together() -> None:
    assert heard_times(np.array([1.0, 1.01, 1.04, 1.2]), 30) == pytest.approx([1.0, 1.2])


def test_a_sound_is_heard_by_a_network_that_knows_neither_its_game_nor_its_instruments(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    versions = (AS_WRITTEN, "mp3", *sorted(ARRANGEMENTS))
    examples = [example(n, version) for n in range(10) for version in versions]
    examples += [example(n, version) for n in range(10) for version in programs_of(PIECES[n])]
    trained: list[list[OnsetExample]] = []

    def noted(others: list[OnsetExample]) -> OnsetNetwork:
        trained.append(others)
        return OnsetNetwork(format=1, layers=[Layer([[[0.0]] * SIGNALS], [float(len(trained))])])

    asked: list[tuple[OnsetExample, int]] = []

    def heard(each: OnsetExample, network: OnsetNetwork) -> float:
        asked.append((each, int(network.layers[0].bias[0]) - 1))
        return 1.0

    monkeypatch.setattr(onset_training, "train", noted)
    monkeypatch.setattr(onset_training, "rate", heard)
    rates = held_out_rates(examples, PIECES)
    assert set(rates) == {(n, version) for n in range(10) for version in versions}
    for each, number in asked:
        for other in trained[number]:
            assert PIECES[other.piece].group != PIECES[each.piece].group
            assert not other.programs & each.programs
        assert len(trained[number]) > len(examples) / 4


def test_each_game_and_each_arrangement_is_in_one_group() -> None:
    assert game_folds(["a", "b", "b", "c", "c", "c", "d"]) == {"c": 0, "b": 1, "a": 2, "d": 2}
    names = [name for fold in instrument_folds() for name in fold]
    assert sorted(names) == sorted(ARRANGEMENTS)


@pytest.mark.training
def test_the_network_finds_where_notes_begin_and_is_the_same_each_time(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(onset_training, "EPOCHS", 40)
    examples = [example(n, AS_WRITTEN) for n in range(32)]
    network = train(examples)
    assert train(examples) == network
    sound = example(0, AS_WRITTEN)
    found = onset_probabilities(sound.signals, network)
    assert found[sound.begins == 1].mean() > found[sound.begins == 0].mean() + 0.5
