"""The lights: one table from an indication to a pattern. No other code drives the lights."""

from __future__ import annotations

import contextlib
import functools
from collections.abc import Callable, Iterable, Iterator
from enum import StrEnum
from typing import NamedTuple, ParamSpec, Protocol

from device.config import settings
from device.errors import PanelError
from device.mood import Mood
from device.panel.brightness import peak_light
from device.panel.pins import pin_errors


class Indication(StrEnum):
    """What the box indicates by its lights. `moodbox status` reports the values as `state`."""

    STARTING = "starting"
    LOOKING = "looking"
    MOOD = "mood"
    UNSURE = "unsure"
    NO_FACE = "no_face"
    BY_HAND = "by_hand"
    PROPOSED = "proposed"
    REFUSED = "refused"
    TROUBLE = "trouble"
    PAUSED = "paused"
    CAMERA_OFF = "camera_off"
    CONSENT = "asked"
    WATCHED = "watched"
    PRESSED = "pressed"
    HELD = "held"
    GOING_OFF = "going_off"
    OFF = "off"


class Pattern(NamedTuple):
    """A steady brightness, or blinking if `on_time` is not 0.

    brightness: from 0 to 1.
    on_time, off_time, fade_time: in seconds; the light fades in and out for `fade_time` each.
    """

    brightness: float
    on_time: float = 0.0
    off_time: float = 0.0
    fade_time: float = 0.0

    def blinks(self) -> Iterator[tuple[float, float]]:
        """Yield the levels of one blink, each with its seconds: the same as gpiozero's `blink` shows."""
        fades = int(FADES_PER_S * self.fade_time)
        yield from ((n / fades, 1 / FADES_PER_S) for n in range(fades))
        yield 1.0, self.on_time
        yield from ((1 - n / fades, 1 / FADES_PER_S) for n in range(fades))
        yield 0.0, self.off_time


FADES_PER_S = 25
"""How often the level changes while a light fades."""

# What stays for long differs in rhythm: at night all of it may be equally dim, and a colour may be white.
PATTERNS = {
    Indication.STARTING: Pattern(1, on_time=0.05, off_time=0.05, fade_time=0.5),  # breathes
    Indication.PRESSED: Pattern(0.4),  # half lit while the button is down
    Indication.LOOKING: Pattern(1, on_time=0.1, off_time=0.1),  # flickers
    Indication.MOOD: Pattern(1),
    Indication.UNSURE: Pattern(0.15, on_time=3.5, off_time=0.5),  # dim, and out for a moment
    Indication.NO_FACE: Pattern(1, on_time=0.05, off_time=1.95),  # a flash every two seconds
    Indication.BY_HAND: Pattern(1, on_time=1.9, off_time=0.1),  # lit, with a wink every two seconds
    Indication.PROPOSED: Pattern(1, on_time=0.25, off_time=0.15),  # winks: another press goes on from it
    Indication.REFUSED: Pattern(0),  # out for a moment
    Indication.TROUBLE: Pattern(1, on_time=0.5, off_time=0.5),  # blinks
    Indication.PAUSED: Pattern(1, on_time=0.05, off_time=0.5, fade_time=1.5),  # breathes slowly
    Indication.CAMERA_OFF: Pattern(1, on_time=0.05, off_time=4, fade_time=0.5),  # glows every five seconds
    Indication.CONSENT: Pattern(1, on_time=0.2, off_time=0.6),  # winks on and off: press the button
    Indication.WATCHED: Pattern(1, on_time=0.8, off_time=0.2),  # lit, with a wink every second
    Indication.HELD: Pattern(1),  # all lit: a release now pauses
    Indication.GOING_OFF: Pattern(1, on_time=0.4, off_time=0.1),  # all wink: a release now switches off
    Indication.OFF: Pattern(0),
}

SIMILAR = {
    Mood.ANGRY: (Mood.DISGUST, Mood.FEAR, Mood.SAD),
    Mood.DISGUST: (Mood.ANGRY, Mood.FEAR, Mood.SAD),
    Mood.FEAR: (Mood.SAD, Mood.DISGUST, Mood.ANGRY),
    Mood.SAD: (Mood.FEAR, Mood.DISGUST, Mood.ANGRY),
    Mood.SURPRISE: (Mood.HAPPY,),
    Mood.HAPPY: (Mood.SURPRISE,),
    Mood.NEUTRAL: (),
}
"""In whose light to show a mood that has none of its own, the most similar mood first."""

P = ParamSpec("P")

Colour = settings.Colour
WHITE = (1.0, 1.0, 1.0)
RED = (1.0, 0.0, 0.0)
STRIP_THREAD = "strip"
"""The name of the thread that shows a pattern on a strip. The box starts it anew if it has died."""


class Lights(Protocol):
    """The panel's lights, of any kind."""

    def show(self, indication: Indication, mood: Mood | None = None, brightness: float = 1.0) -> None:
        """Show `indication` by the light or colour of `mood`; without a mood, by all lights, or in white.

        `brightness`: as it looks to an eye, from 0 to 1; 1 is as bright as the lights can be.
        """

    def close(self) -> None:
        """Turn the lights off and release the pins."""


def _tries_twice(action: Callable[P, None]) -> Callable[P, None]:
    """Call `action` again if gpiozero gave up waiting for a pattern's thread.

    gpiozero waits ten seconds for that thread to end, which is not always enough on a very busy machine.
    """

    @functools.wraps(action)
    def wrapper(*args: P.args, **kwargs: P.kwargs) -> None:
        from gpiozero import ZombieThread

        try:
            action(*args, **kwargs)
        except ZombieThread:
            action(*args, **kwargs)

    return wrapper


class MoodLeds:
    """An LED for each mood."""

    def __init__(self, panel: settings.Panel) -> None:
        from device.panel.dimmable_led import STEP, DimmableLed

        self._panel = panel
        self._step = STEP
        self._leds = {
            mood: DimmableLed(pin, active_high=panel.active_high, initial_value=0)
            for mood, pin in panel.leds.items()
        }

    @_tries_twice
    def show(self, indication: Indication, mood: Mood | None = None, brightness: float = 1.0) -> None:
        """Show `indication` on the LED for `mood`; on all LEDs if there is none for it."""
        pattern = PATTERNS[indication]
        shown_as = light_for(mood, self._panel) if mood else None
        lit = [self._leds[shown_as]] if shown_as else list(self._leds.values())
        for led in self._leds.values():
            if led not in lit:
                led.off()
                continue
            led.peak = peak_light(pattern.brightness, brightness, self._step)
            if pattern.on_time:
                led.blink(pattern.on_time, pattern.off_time, pattern.fade_time, pattern.fade_time)
            else:
                led.on()

    @_tries_twice
    def close(self) -> None:
        """Turn the LEDs off and release the pins."""
        for led in self._leds.values():
            led.close()


class RgbLight:
    """One RGB LED."""

    def __init__(self, panel: settings.Panel) -> None:
        from device.panel.dimmable_led import STEP, RgbLed

        self._panel = panel
        self._step = STEP
        self._led = RgbLed(*panel.rgb, active_high=panel.active_high)

    @_tries_twice
    def show(self, indication: Indication, mood: Mood | None = None, brightness: float = 1.0) -> None:
        """Show `indication` in the colour of `mood`; without one in white, trouble in red."""
        pattern = PATTERNS[indication]
        colour = _dimmed(_colour_of(indication, mood, self._panel), pattern, brightness, self._step)
        if pattern.on_time:
            self._led.blink(
                pattern.on_time, pattern.off_time, pattern.fade_time, pattern.fade_time, on_color=colour
            )
        else:
            self._led.color = colour

    @_tries_twice
    def close(self) -> None:
        """Turn the LED off and release the pins."""
        self._led.close()


class Strip:
    """A strip or ring of WS2812 pixels, which all show the same colour."""

    def __init__(self, panel: settings.Panel) -> None:
        from device.panel import ws2812
        from device.panel.sender import Sender

        self._panel = panel
        self._frame, self._step = ws2812.frame, ws2812.STEP
        self._sender = Sender(panel.strip, ws2812.SPI_HZ, STRIP_THREAD)

    def show(self, indication: Indication, mood: Mood | None = None, brightness: float = 1.0) -> None:
        """Show `indication` in the colour of `mood`; without one in white, trouble in red.

        Raises:
            OSError: The strip's device fails. It is tried again with the next indication.
            PanelError: It hangs, or is not there any more.
        """
        pattern = PATTERNS[indication]
        colour = _dimmed(_colour_of(indication, mood, self._panel), pattern, brightness, self._step)
        if not pattern.on_time:
            self._sender.send(self._sent(colour))
            return
        self._sender.repeat(
            lambda: ((self._sent(_scaled(colour, level)), seconds) for level, seconds in pattern.blinks())
        )

    def close(self) -> None:
        """Turn the pixels off: they would go on with the last colour for as long as they have power."""
        with contextlib.suppress(OSError, PanelError):  # then nothing can be done
            self._sender.send(self._sent((0.0, 0.0, 0.0)))
            self._sender.close()

    def _sent(self, colour: Colour) -> bytes:
        return self._frame(colour, self._panel.strip_pixels, self._panel.strip_order)


class NoLights:
    """No lights: the pins cannot be used, and the box plays without them."""

    def show(self, indication: Indication, mood: Mood | None = None, brightness: float = 1.0) -> None:
        """Do nothing."""

    def close(self) -> None:
        """Do nothing."""


def open_lights(panel: settings.Panel) -> Lights:
    """Claim the pins, or the strip, of the lights that the settings name; the lights are off.

    Raises:
        PanelError: A pin or the strip's device cannot be used.
    """
    if panel.kind == "strip":
        return Strip(panel)
    with pin_errors():
        return RgbLight(panel) if panel.kind == "rgb" else MoodLeds(panel)


def light_for(mood: Mood, panel: settings.Panel) -> Mood | None:
    """The mood whose light or colour shows `mood`: its own, else the most similar one that has any."""
    known = panel.leds if panel.kind == "leds" else panel.colours
    return next((shown_as for shown_as in (mood, *SIMILAR[mood]) if shown_as in known), None)


def without_light(moods: Iterable[Mood], panel: settings.Panel) -> list[Mood]:
    """Those of `moods` that no light or colour of the panel can show."""
    return [mood for mood in moods if light_for(mood, panel) is None]


def _colour_of(indication: Indication, mood: Mood | None, panel: settings.Panel) -> Colour:
    default = RED if indication is Indication.TROUBLE else WHITE
    shown_as = light_for(mood, panel) if mood else None
    return panel.colours[shown_as] if shown_as else default


def _dimmed(colour: Colour, pattern: Pattern, brightness: float, step: float) -> Colour:
    """The colour at a pattern's peak. Its strongest part stays visible, as `peak_light` says."""
    strongest = max(colour)
    peak = peak_light(pattern.brightness * strongest, brightness, step)
    return _scaled(colour, peak / strongest) if strongest else colour


def _scaled(colour: Colour, share: float) -> Colour:
    red, green, blue = colour
    return red * share, green * share, blue * share
