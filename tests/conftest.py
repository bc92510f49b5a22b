"""Hypothesis' profiles. No test asserts a time, so hypothesis must not either."""

from hypothesis import HealthCheck, settings

settings.register_profile(
    "moodbox", deadline=None, database=None, suppress_health_check=[HealthCheck.too_slow]
)
# For `make fuzz`, which runs the tests that are marked `fuzz`.
settings.register_profile("fuzz", settings.get_profile("moodbox"), max_examples=100_000)
settings.load_profile("moodbox")
