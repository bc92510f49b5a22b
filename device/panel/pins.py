"""What gpiozero and the libraries below it say when a pin cannot be had, as one PanelError."""

from __future__ import annotations

import warnings
from collections.abc import Iterator
from contextlib import contextmanager

from device.errors import PanelError


@contextmanager
def pin_errors() -> Iterator[None]:
    try:
        with warnings.catch_warnings():
            # gpiozero warns once for each library that it tries before it fails.
            warnings.simplefilter("ignore")
            yield
    except ImportError as error:
        raise PanelError(
            "no GPIO pins on this machine, or no library for them: on a Pi, sudo apt install python3-lgpio"
        ) from error
    except Exception as error:  # lgpio's own errors share no root with gpiozero's, nor with OSError
        raise PanelError(
            f"{error}: is another program using the pin? `gpioinfo` names it; "
            "[panel] in the settings chooses others"
        ) from error
