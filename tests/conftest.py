"""No test claims a speed, so hypothesis must not judge one either."""

from hypothesis import HealthCheck, settings

settings.register_profile(
    "moodbox", deadline=None, database=None, suppress_health_check=[HealthCheck.too_slow]
)
settings.load_profile("moodbox")
