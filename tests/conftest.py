"""Hypothesis' profiles, and which tests run in the same worker when they run in parallel."""

from __future__ import annotations

import pytest
from hypothesis import HealthCheck, settings
from xdist.remote import Producer
from xdist.scheduler import LoadScopeScheduling

# No test asserts a time, so hypothesis must not either.
settings.register_profile(
    "moodbox", deadline=None, database=None, suppress_health_check=[HealthCheck.too_slow]
)
# For `make fuzz`, which runs the tests that are marked `fuzz`.
settings.register_profile("fuzz", settings.get_profile("moodbox"), max_examples=100_000)
settings.load_profile("moodbox")

TENSORFLOW = ("tests/converter/", "tests/models/")
"""The folders of all tests that need TensorFlow: `device` never imports `converter`."""


class Distribution(LoadScopeScheduling):  # type: ignore[misc]  # it has no types
    """Sends the tests of the converter to one worker, and every other test to the next that is free.

    The largest group is sent first, so that it does not run alone at the end. pytest-xdist has a mark for
    groups, `xdist_group`, but ignores it with pytest 9.2 (pytest-xdist #1386): then each worker loads
    TensorFlow, and trains the networks that the tests of the converter share.
    """

    def _split_scope(self, nodeid: str) -> str:
        return "tensorflow" if nodeid.startswith(TENSORFLOW) else nodeid


def pytest_xdist_make_scheduler(config: pytest.Config, log: Producer) -> Distribution:
    """Let tests that share something expensive run in one worker."""
    return Distribution(config, log)
