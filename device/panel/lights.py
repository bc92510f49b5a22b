"""The lights: one table from a sign to a pattern. No other code touches a light's pin."""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterable
from enum import StrEnum
from typing import NamedTuple, ParamSpec, Protocol

from device.config import settings
from device.mood import Mood
from device.panel.pins import pin_errors


class Indication(StrEnum):
    """What the box says on its lights."""

    STARTING = "starting"
    LOOKING = "looking"
    MOOD = "mood"
    UNSURE = "unsure"
    NO_FACE = "no_face"
    TROUBLE = "trouble"
    PAUSED = "paused"
    PRESSED = "pressed"
    HELD = "held"
    GOING_OFF = "going_off"
    OFF = "off"


class Pattern(NamedTuple):
    """A level from 0 to 1; and, where `on` is not 0, seconds on, off, and of fading either way."""

    level: float
    on: float = 0.0
    off: float = 0.0
    fade: float = 0.0


PATTERNS = {
    Indication.STARTING: Pattern(1, on=0.05, off=0.05, fade=0.5),  # breathes
    Indication.PRESSED: Pattern(0.4),  # half lit as long as the button is down
    Indication.LOOKING: Pattern(1, on=0.1, off=0.1),  # flickers
    Indication.MOOD: Pattern(1),
    Indication.UNSURE: Pattern(0.15),  # a glimmer
    Indication.NO_FACE: Pattern(1, on=0.05, off=1.95),  # a flash every two seconds
    Indication.TROUBLE: Pattern(1, on=0.5, off=0.5),  # blinks
    Indication.PAUSED: Pattern(1, on=0.05, off=0.5, fade=1.5),  # breathes slowly
    Indication.HELD: Pattern(1),  # all lit: the hold counts, let go
    Indication.GOING_OFF: Pattern(
        1, on=0.4, off=0.1
    ),  # all lit, and winking: let go, and the machine goes off
    Indication.OFF: Pattern(0),
}

P = ParamSpec("P")

WHITE = (1.0, 1.0, 1.0)
RED = (1.0, 0.0, 0.0)


class Lights(Protocol):
    def show(self, indication: Indication, mood: Mood | None = None) -> None:
        """Shows `sign`; in the light of `mood` alone where there is one, else in all."""

    def close(self) -> None:
        """Puts the lights out and lets go of the pins."""


def _patient(act: Callable[P, None]) -> Callable[P, None]:
    """What moves is a thread of gpiozero's: on a very busy machine it may need longer to end than the ten
    seconds that gpiozero waits for it.
    """

    @functools.wraps(act)
    def patiently(*args: P.args, **words: P.kwargs) -> None:
        from gpiozero import ZombieThread

        try:
            act(*args, **words)
        except ZombieThread:
            act(*args, **words)

    return patiently


class MoodLeds:
    """An LED for each mood."""

    def __init__(self, panel: settings.Panel) -> None:
        from gpiozero import PWMLED

        self._leds = {
            mood: PWMLED(pin, active_high=panel.active_high, initial_value=0)
            for mood, pin in panel.leds.items()
        }

    @_patient
    def show(self, indication: Indication, mood: Mood | None = None) -> None:
        pattern = PATTERNS[indication]
        lit = [led for m, led in self._leds.items() if m is mood] or list(self._leds.values())
        for led in self._leds.values():
            if led not in lit:
                led.off()
            elif pattern.on:
                led.blink(pattern.on, pattern.off, pattern.fade, pattern.fade)
            else:
                led.value = pattern.level

    @_patient
    def close(self) -> None:
        for led in self._leds.values():
            led.close()


class RgbLight:
    """One RGB LED."""

    def __init__(self, panel: settings.Panel) -> None:
        from gpiozero import RGBLED

        self._colours = panel.colours
        self._led = RGBLED(*panel.rgb, active_high=panel.active_high)

    @_patient
    def show(self, indication: Indication, mood: Mood | None = None) -> None:
        pattern = PATTERNS[indication]
        plain = RED if indication is Indication.TROUBLE else WHITE
        colour = self._colours.get(mood, plain) if mood else plain
        if pattern.on:
            self._led.blink(pattern.on, pattern.off, pattern.fade, pattern.fade, on_color=colour)
        else:
            self._led.color = tuple(part * pattern.level for part in colour)

    @_patient
    def close(self) -> None:
        self._led.close()


class NoLights:
    """No lights at all: the pins could not be had, and the box plays on without."""

    def show(self, indication: Indication, mood: Mood | None = None) -> None:
        pass

    def close(self) -> None:
        pass


def open_lights(panel: settings.Panel) -> Lights:
    """The lights that the settings name, dark. Raises PanelError if a pin cannot be had."""
    with pin_errors():
        return RgbLight(panel) if panel.kind == "rgb" else MoodLeds(panel)


def without_light(moods: Iterable[Mood], panel: settings.Panel) -> list[Mood]:
    """Those of a model's moods that this panel could not show."""
    known = panel.colours if panel.kind == "rgb" else panel.leds
    return [mood for mood in moods if mood not in known]
