"""`make soak` detects growth, and a short run works; an hour would be too long for a test."""

from __future__ import annotations

import random
from pathlib import Path

import pytest

from tests.soak import Series, all_series, judge, main

MINUTES = range(60)


def measured(*values: float) -> Series:
    series = Series("memory", "MiB", min_share=0.03, min_growth=1.5)
    for time, value in enumerate(values):
        series.add(time, value)
    return series


def test_steady_growth_is_reported() -> None:
    line, code = judge([measured(*(60 + 0.2 * minute for minute in MINUTES))])
    assert line == "grows: memory 64.4 to 70.4 MiB"
    assert code == 1


def test_growth_in_the_warm_up_alone_is_flat() -> None:
    line, code = judge([measured(*(min(80, 60 + 2 * minute) for minute in MINUTES))])
    assert line == "flat: memory 80 to 80 MiB"
    assert code == 0


def test_noise_is_flat() -> None:
    rng = random.Random(5)
    assert not measured(*(70 + rng.gauss(0, 2) for _ in MINUTES)).grows


@pytest.mark.parametrize("index", [1, 2])
def test_one_more_file_or_thread_that_stays_is_growth(index: int) -> None:
    series = all_series()[index]
    for minute in MINUTES:
        series.add(minute, 20 + (minute > 40))
    assert series.grows


def test_a_short_run_measures_and_plots(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    main(["--minutes", "0.2", "--seed", "7", "--plot", str(tmp_path / "soak.png")])
    lines = capsys.readouterr().out.splitlines()
    assert lines[0] == "0.2 minutes, with --seed 7"
    assert lines[-1].startswith(("flat: memory ", "grows: "))
    assert (tmp_path / "soak.png").read_bytes().startswith(b"\x89PNG")
