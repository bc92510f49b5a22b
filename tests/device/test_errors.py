from __future__ import annotations

import pytest

from device.errors import CameraError, describe, summary


@pytest.mark.parametrize(
    ("error", "line"),
    [
        (KeyError("Id"), "KeyError: 'Id'"),
        (TimeoutError(), "TimeoutError"),
        (ValueError("a\nb"), "ValueError: a"),
        (ValueError("\x1b[31mred\x07"), "ValueError: ?[31mred?"),
        (ValueError("x" * 1000), "ValueError: " + "x" * 188),
    ],
)
def test_an_error_is_one_short_line_that_a_terminal_can_show(error: Exception, line: str) -> None:
    assert summary(error) == line


def test_an_error_that_the_user_can_fix_has_its_own_message_and_any_other_is_moodboxs_own() -> None:
    assert describe(CameraError("the cable is out"), "failed") == "the cable is out"
    assert describe(KeyError("Id"), "failed") == "failed by an error of moodbox's own (KeyError: 'Id')"
