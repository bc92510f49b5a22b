"""An evening on which music plays."""

from __future__ import annotations

import pytest

from tests.device.timers.evening import Evening


@pytest.fixture
def evening() -> Evening:
    return Evening()
