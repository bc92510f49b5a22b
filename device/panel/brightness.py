"""How bright the lights are: as somebody has set it, and less by night, by the local time."""

from __future__ import annotations

import time
from dataclasses import dataclass

from device.config import settings
from device.config.minute_of_day import minute_of

Night = tuple[int, int]
"""When the night begins and ends, in minutes after midnight. It may go on over midnight."""


@dataclass(frozen=True)
class Brightness:
    """The brightness that the settings name for each time of the day, from 0 to 1, as it looks to an eye.

    Attributes:
        by_day: Outside of the night, or always if there is none.
        by_night: During the night.
        night: None if no night is set.
    """

    by_day: float = 1.0
    by_night: float = 1.0
    night: Night | None = None

    @property
    def depends_on_time(self) -> bool:
        """Whether it changes during the day."""
        return self.night is not None and self.by_day != self.by_night

    def at(self, minute: int) -> float:
        """Return the brightness at a minute after midnight."""
        return self.by_night if self.night and is_within(minute, self.night) else self.by_day

    def now(self) -> float:
        """Return the brightness by the machine's clock, in its own time zone."""
        if not self.depends_on_time:
            return self.by_day
        time.tzset()  # somebody may have changed the time zone
        local = time.localtime()
        return self.at(60 * local.tm_hour + local.tm_min)


ALWAYS_BRIGHT = Brightness()


def brightness_of(panel: settings.Panel) -> Brightness:
    """Return the brightness that the settings name. `settings_of` has checked the times."""
    begin, end = minute_of(panel.dim_from), minute_of(panel.dim_to)
    if begin is None or end is None:
        return Brightness(panel.brightness)
    # At night the lights are never brighter than by day.
    return Brightness(panel.brightness, min(panel.dim_brightness, panel.brightness), (begin, end))


def is_within(minute: int, night: Night) -> bool:
    """Whether a minute after midnight is within the night; its end is not. From 8:00 to 8:00 is no night."""
    begin, end = night
    return begin <= minute < end if begin <= end else minute >= begin or minute < end


def light_for_eye(brightness: float) -> float:
    """Return the share of the light that looks as bright as `brightness`, each from 0 to 1.

    An eye sees a fifth of the light as half as bright. The formula is the lightness of CIE 1976.
    """
    lightness = 100 * brightness
    return lightness / 903.3 if lightness <= 8 else ((lightness + 16) / 116) ** 3


def peak_light(level: float, brightness: float, step: float) -> float:
    """Return the light of a pattern's level once it is dimmed, from 0 to 1.

    Args:
        level: The pattern's own, from 0 to 1.
        brightness: As it looks to an eye, from 0 to 1.
        step: The least that the light can show. What is lit and dimmed must not go out: a light that is dark
            says something else. What is fully lit keeps two steps, so that it is told from what is half lit,
            and one mood's colour from another's.
    """
    light = level * light_for_eye(brightness)
    least = 2 * step if level > 0.5 else step
    return max(light, min(least, level)) if light else 0.0
