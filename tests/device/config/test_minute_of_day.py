"""A time of day in the text of a setting or a command."""

from __future__ import annotations

import pytest

from device.config.minute_of_day import minute_of, text_of


@pytest.mark.parametrize(
    ("text", "minute"),
    [
        ("7:30", 450),
        ("07:30", 450),
        ("0:00", 0),
        ("23:59", 1439),
        ("24:00", None),
        ("7:60", None),
        ("7:5", None),
        ("7", None),
        ("", None),
        ("7:30\n", None),
        (" 7:30", None),
        ("\u0667:30", None),
        ("+7:30", None),
        ("007:30", None),
    ],
)
def test_a_time_is_read(text: str, minute: int | None) -> None:
    assert minute_of(text) == minute


def test_a_time_is_written_with_two_digits() -> None:
    assert text_of(450) == "07:30"


def test_what_is_written_is_read() -> None:
    assert [minute_of(text_of(minute)) for minute in range(24 * 60)] == list(range(24 * 60))
