"""What people read: names from outside, made safe for a log line or a terminal, and shares in percent."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import TypeVar

Name = TypeVar("Name", bound=str)


def printable(text: object) -> str:
    r"""`text` on one line: \x1b for a control character, \udcff for a byte of a name that is not UTF-8."""
    return "".join(c if c.isprintable() else c.encode("unicode_escape").decode("ascii") for c in str(text))


def percent(share: float) -> str:
    """A share from 0 to 1, such as "99 %"."""
    return f"{_rounded(100 * share)} %"


def _rounded(value: float) -> int:
    return math.floor(value + 0.5)  # a half upwards, as in window/static/page.js


def percents(shares: Mapping[Name, float]) -> dict[Name, str]:
    """A whole distribution, so that what is shown adds up to what the shares do, 100 %.

    The largest share is rounded as it is where it stands alone, unless another would look larger then. The
    others are rounded down, but for those with the largest remainders.
    """
    if not shares:
        return {}
    exact = {name: 100 * share for name, share in shares.items()}
    whole = {name: int(value) for name, value in exact.items()}
    first, *others = sorted(exact, key=lambda name: -exact[name])
    whole[first] = _rounded(exact[first])
    missing = _rounded(sum(exact.values())) - sum(whole.values())
    smaller = [name for name in others if whole[name] < min(whole[first], exact[name])]
    smaller.sort(key=lambda name: whole[name] - exact[name])
    equal = [name for name in others if whole[name] == whole[first]]
    for name in [*smaller, first, *equal][: max(0, missing)]:
        whole[name] += 1
    return {name: f"{value} %" for name, value in whole.items()}
