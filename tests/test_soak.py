"""That `make soak` would see a box that grows; an hour of it is no test."""

from __future__ import annotations

import random
from pathlib import Path

import pytest

from tests.soak import Series, all_series, judge, main

MINUTES = range(60)


def measured(*values: float) -> Series:
    series = Series("memory", "MiB", share=0.03, least=1.5)
    for when, value in enumerate(values):
        series.add(when, value)
    return series


def test_what_grows_steadily_is_called_growing() -> None:
    line, code = judge([measured(*(60 + 0.2 * minute for minute in MINUTES))])
    assert line == "grows: memory 64.4 to 70.4 MiB"
    assert code == 1


def test_what_grows_only_until_it_is_warm_is_flat() -> None:
    line, code = judge([measured(*(min(80, 60 + 2 * minute) for minute in MINUTES))])
    assert line == "flat: memory 80 to 80 MiB"
    assert code == 0


def test_noise_is_flat() -> None:
    chance = random.Random(5)
    assert not measured(*(70 + chance.gauss(0, 2) for _ in MINUTES)).grows


@pytest.mark.parametrize("index", [1, 2])
def test_one_file_or_thread_more_for_good_is_growing(index: int) -> None:
    series = all_series()[index]
    for minute in MINUTES:
        series.add(minute, 20 + (minute > 40))
    assert series.grows


def test_a_short_soak_presses_measures_and_draws(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    main(["--minutes", "0.2", "--seed", "7", "--plot", str(tmp_path / "soak.png")])
    said = capsys.readouterr().out.splitlines()
    assert said[0] == "0.2 minutes, with --seed 7"
    assert said[-1].startswith(("flat: memory ", "grows: "))
    assert (tmp_path / "soak.png").read_bytes().startswith(b"\x89PNG")
