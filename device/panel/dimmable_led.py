"""gpiozero's LEDs with a brightness. They can be lit again after no thread could be started for a pattern."""

from __future__ import annotations

from typing import Any

from gpiozero import PWMLED, RGBLED
from gpiozero.threads import _THREADS

STEP = 0.01
"""The least light that a pin can show: lgpio takes whole percents, and rounds down."""


class _CanBlinkLater:
    """gpiozero keeps a thread that could not be started, and from then on fails to wait for its end."""

    _blink_thread: Any

    def blink(self, *args: Any, **kwargs: Any) -> None:
        """Begin a pattern. Raises RuntimeError if no thread can be started; then nothing is left of it."""
        try:
            super().blink(*args, **kwargs)  # type: ignore[misc]  # of gpiozero's class beside this one
        except RuntimeError:
            if self._blink_thread and self._blink_thread.ident is None:
                _THREADS.discard(self._blink_thread)
                self._blink_thread = None
            raise


class DimmableLed(_CanBlinkLater, PWMLED):  # type: ignore[misc]  # gpiozero has no types
    """An LED whose `peak` is the light, from 0 to 1, of what counts as fully on."""

    peak = 1.0

    def _write(self, value: float) -> None:
        super()._write(value * self.peak)


class RgbLed(_CanBlinkLater, RGBLED):  # type: ignore[misc]
    """One LED of three colours."""
