"""Arranging a piano piece for other instruments."""

from __future__ import annotations

import random
from pathlib import Path

import mido
import pytest

from converter.songs.arrangements import (
    ARRANGEMENTS,
    DRUMS,
    MAX_TEMPO_CHANGE,
    MAX_TRANSPOSITION,
    arrange,
)
from tests.converter.songs.pieces import MAJOR, write_piece


def notes_of(file: mido.MidiFile, kind: str = "note_on") -> list[tuple[float, int, int]]:
    """Time, channel and note."""
    now, found = 0.0, []
    for message in file:
        now += message.time
        if message.type == kind:
            found.append((now, message.channel, message.note))
    return found


@pytest.mark.parametrize("name", ARRANGEMENTS)
def test_a_piece_keeps_its_melody(tmp_path: Path, name: str) -> None:
    piece = write_piece(tmp_path, "fast", fast=True)
    arranged = arrange(piece.midi, ARRANGEMENTS[name], random.Random(7))
    played = [note for note in notes_of(arranged) if note[1] != DRUMS]
    shifts = range(-MAX_TRANSPOSITION, MAX_TRANSPOSITION + 1)
    assert {note for _, _, note in played} in [{note + shift for note in MAJOR} for shift in shifts]
    assert len(played) == 50 * 8
    assert arranged.length == pytest.approx(50, rel=MAX_TEMPO_CHANGE + 0.01)
    programs = {m.channel: m.program for m in arranged if m.type == "program_change"}
    assert programs == {n: program for n, (_, program) in enumerate(ARRANGEMENTS[name].voices)}


def test_each_note_that_begins_ends(tmp_path: Path) -> None:
    arranged = arrange(write_piece(tmp_path, "slow", fast=False).midi, ARRANGEMENTS["band"], random.Random(1))
    begun = sorted(note[1:] for note in notes_of(arranged))
    assert begun == sorted(note[1:] for note in notes_of(arranged, "note_off"))
    assert any(channel == DRUMS for channel, _ in begun)


def test_low_notes_are_played_by_the_low_voice(tmp_path: Path) -> None:
    arranged = arrange(
        write_piece(tmp_path, "slow", fast=False).midi, ARRANGEMENTS["flute"], random.Random(1)
    )
    by_channel = {channel: note for _, channel, note in notes_of(arranged)}
    assert set(by_channel) == {1, 2}


def test_a_piece_without_notes_is_an_error(tmp_path: Path) -> None:
    path = tmp_path / "silent.mid"
    mido.MidiFile(tracks=[mido.MidiTrack()]).save(path)
    with pytest.raises(ValueError, match="has no notes"):
        arrange(path, ARRANGEMENTS["organ"], random.Random(1))
