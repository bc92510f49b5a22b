"""Shares as people read them."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as some

from device.printable import percent, percents

counts = some.lists(some.integers(0, 1000), min_size=1, max_size=7).filter(any)


@given(counts)
def test_a_distribution_adds_up_to_100_and_no_share_is_off_by_1(parts: list[int]) -> None:
    shares = {str(number): part / sum(parts) for number, part in enumerate(parts)}
    shown = {name: int(text.removesuffix(" %")) for name, text in percents(shares).items()}
    assert sum(shown.values()) == 100
    assert all(abs(shown[name] - 100 * share) < 1 for name, share in shares.items())
    assert list(shown) == list(shares)


@given(counts)
def test_a_smaller_share_never_looks_larger(parts: list[int]) -> None:
    shares = {str(number): part / sum(parts) for number, part in enumerate(parts)}
    shown = {name: int(text.removesuffix(" %")) for name, text in percents(shares).items()}
    names = sorted(shares, key=lambda name: -shares[name])
    assert [shown[name] for name in names] == sorted(shown.values(), reverse=True)


@given(counts)
def test_a_largest_share_that_is_well_ahead_is_the_same_alone_and_among_the_others(parts: list[int]) -> None:
    shares = {str(number): part / sum(parts) for number, part in enumerate(parts)}
    largest, *others = sorted(shares, key=lambda name: -shares[name])
    if others and shares[largest] - shares[others[0]] < 0.01:
        return
    assert percents(shares)[largest] == percent(shares[largest])


@pytest.mark.parametrize(
    ("shares", "shown"),
    [
        ((0.005, 0.99, 0.005), ("1 %", "99 %", "0 %")),  # each by itself: 0, 99 and 0
        ((0.146, 0.708, 0.146), ("15 %", "71 %", "14 %")),  # each by itself: 15, 71 and 15
        ((0.505, 0.495), ("51 %", "49 %")),
        ((0.4845, 0.4841, 0.0314), ("48 %", "48 %", "4 %")),
        ((0.334, 0.334, 0.332), ("34 %", "33 %", "33 %")),
        ((1.0,), ("100 %",)),
        ((), ()),
    ],
)
def test_what_is_missing_goes_to_the_largest_remainders(
    shares: tuple[float, ...], shown: tuple[str, ...]
) -> None:
    assert tuple(percents({str(number): share for number, share in enumerate(shares)}).values()) == shown
