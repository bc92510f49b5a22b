"""The errors of gpiozero and the libraries below it when a pin cannot be used, as one PanelError."""

from __future__ import annotations

import warnings
from collections.abc import Iterator
from contextlib import contextmanager

from device.errors import PanelError


@contextmanager
def pin_errors() -> Iterator[None]:
    """Turn every error of the block into a PanelError that says what to do.

    Raises:
        PanelError: A pin cannot be used, or there is no library for pins.
    """
    try:
        with warnings.catch_warnings():
            # gpiozero warns once for each library that it tries before it fails.
            warnings.simplefilter("ignore")
            yield
    except ImportError as error:
        raise PanelError(
            "no GPIO pins on this machine, or no library for them: on a Pi, sudo apt install python3-lgpio"
        ) from error
    except Exception as error:  # lgpio's errors share no base class with gpiozero's, nor with OSError
        raise PanelError(
            f"{str(error) or type(error).__name__}: is another program using the pin? `gpioinfo` names it; "
            "choose other pins in [panel] of the settings"
        ) from error
