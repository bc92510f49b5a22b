from __future__ import annotations

import math
from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from device.demo.server import PrivateMpd
from device.mpd.responses import status
from device.mpd.volume import LEVELS, change, stepped

percent = st.integers(0, 100)


def software_db(volume: int) -> float:
    """What MPD's software mixer makes of a volume."""
    return 20 * math.log10((math.exp(volume / 25) - 1) / (math.exp(4) - 1))


def alsa_db(volume: int) -> float:
    """What MPD makes of a volume on an ALSA mixer."""
    return 60 * math.log10(volume / 100)


def test_from_ten_percent_up_every_step_sounds_about_equally_large() -> None:
    for decibels in (software_db, alsa_db):
        steps = [decibels(b) - decibels(a) for a, b in pairwise(LEVELS) if a >= 10]
        assert 0.75 < min(steps) < max(steps) < 3.3


@given(volume=percent, steps=st.integers(-200, 200), maximum=percent)
def test_it_is_never_louder_than_the_maximum(volume: int, steps: int, maximum: int) -> None:
    assert 0 <= stepped(volume, steps, maximum) <= max(maximum, volume if steps < 0 else 0)


@given(volume=st.sampled_from(LEVELS[10:-10]), steps=st.integers(0, 10))
def test_as_many_steps_back_lead_to_where_it_was(volume: int, steps: int) -> None:
    assert stepped(stepped(volume, steps), -steps) == volume


@given(volume=st.integers(1, 99), steps=st.integers(1, 5))
def test_every_step_changes_something(volume: int, steps: int) -> None:
    assert stepped(volume, -steps) < volume < stepped(volume, steps)


def test_a_volume_between_two_levels_goes_to_the_next() -> None:
    assert stepped(63, 1) == 65
    assert stepped(63, -1) == 60
    assert stepped(63, 1, maximum=64) == 64


def test_it_ends_at_silence_and_at_the_maximum() -> None:
    assert (stepped(1, -1), stepped(0, -1), stepped(95, 7)) == (0, 0, 100)


def test_a_real_mpd_makes_the_steps(mpd: PrivateMpd) -> None:
    client = mpd.client()
    client.setvol(50)
    change(client, 2, 100)
    assert status(client).volume_percent == 60
    change(client, -100, 100)
    assert status(client).volume_percent == 0
    change(client, 100, 70)
    assert status(client).volume_percent == 70
    client.disconnect()
