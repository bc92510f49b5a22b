"""No test claims a speed, so hypothesis must not judge one either."""

from hypothesis import HealthCheck, settings

settings.register_profile(
    "moodbox", deadline=None, database=None, suppress_health_check=[HealthCheck.too_slow]
)
# `make fuzz`, for the tests that are marked so.
settings.register_profile("fuzz", settings.get_profile("moodbox"), max_examples=100_000)
settings.load_profile("moodbox")
