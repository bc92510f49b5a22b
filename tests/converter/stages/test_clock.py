"""Each stage ends in its share of the time, and what one does not use is left to the others."""

from __future__ import annotations

import pytest

from converter.stages.clock import Clock


class FakeTime:
    """A clock that only the test moves."""

    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now


def test_a_stage_is_as_far_as_its_epochs_unless_its_time_passes_faster() -> None:
    time = FakeTime()
    progress = Clock(80, time).share(1, 4)  # 20 s
    assert progress.at(0.3) == 0.3
    time.now += 10
    assert progress.at(0.3) == 0.5
    assert progress.at(0.7) == 0.7
    time.now += 30
    assert progress.at(0.7) == 1


def test_a_stage_that_goes_on_begins_where_it_was() -> None:
    time = FakeTime()
    progress = Clock(20, time).share(1, 1)
    assert progress.at(0.6, before=0.6) == 0.6
    time.now += 10
    assert progress.at(0.6, before=0.6) == pytest.approx(0.8)


def test_what_a_stage_does_not_use_is_left_to_the_next() -> None:
    time = FakeTime()
    clock = Clock(80, time)
    clock.share(1, 4)
    time.now += 5
    following = clock.share(1, 3)
    time.now += 25
    assert following.at(0) == 1
    assert clock.left() == 50


def test_without_a_limit_only_the_epochs_count() -> None:
    time = FakeTime()
    progress = Clock(None, time).share(1, 4)
    time.now += 1e6
    assert progress.at(0.25) == 0.25
