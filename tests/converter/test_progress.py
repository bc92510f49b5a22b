"""Long work says what it is and how long it takes, estimated from its first items."""

from __future__ import annotations

import pytest

from converter.progress import MEASURED, timed


@pytest.mark.parametrize(
    ("seconds_for_each", "estimate"),
    [(0.1, ["... which takes about 80 s"]), (0.5, ["... which takes about 7 minutes"]), (0.001, [])],
)
def test_the_time_for_all_is_estimated_where_it_is_long(seconds_for_each: float, estimate: list[str]) -> None:
    said: list[str] = []
    done: list[int] = []
    items = timed(range(800), 800, "searching 800 faces", said.append, lambda: len(done) * seconds_for_each)
    for item in items:
        done.append(item)
        if len(done) == MEASURED + 1:
            assert said == ["searching 800 faces ...", *estimate]
    assert done == list(range(800))
    assert said == ["searching 800 faces ...", *estimate]
