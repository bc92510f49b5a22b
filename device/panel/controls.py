"""The controls that a panel may have beside its button: an encoder for the volume, and two more buttons."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import ExitStack, closing
from dataclasses import dataclass, field

from device.config import settings
from device.errors import PanelError
from device.health import Part
from device.panel.button import Button
from device.panel.encoder import Encoder
from device.supervision import Post


@dataclass(frozen=True)
class ControlPressed:
    """One of the further buttons was pressed: Part.NEXT or Part.CORRECT."""

    control: Part


@dataclass(frozen=True)
class VolumeTurned:
    """The encoder was turned by so many stops; positive for louder."""

    stops: int


@dataclass(frozen=True)
class Controls:
    """The controls whose pins could be opened.

    Attributes:
        encoder: None if there is none.
        buttons: The buttons, by their part.
        debounce: Seconds that the level of one of them must last.
    """

    encoder: Encoder | None = None
    buttons: dict[Part, Button] = field(default_factory=dict)
    debounce: float = 0.03


NO_CONTROLS = Controls()


def control_pins(panel: settings.Panel) -> dict[Part, tuple[int, ...]]:
    """Return the pins of the controls that the settings name."""
    wired = {
        Part.VOLUME: panel.volume,
        **{part: (pin,) for part, pin in _button_pins(panel).items()},
    }
    return {part: pins for part, pins in wired.items() if pins}


def open_control(panel: settings.Panel, part: Part, post: Post) -> Encoder | Button:
    """Claim the pins of one control that the settings name.

    Raises:
        PanelError: A pin cannot be used.
    """
    if part is Part.VOLUME:
        return Encoder(panel, post)
    return Button(_button_pins(panel)[part], panel.pull_up, part, post)


def open_controls(
    panel: settings.Panel, post: Post, stack: ExitStack, report: Callable[[Part, str], None]
) -> Controls:
    """Claim the pins of all controls that the settings name; `stack` closes them.

    A control whose pin cannot be used is reported, and missing: the others work.
    """
    encoder: Encoder | None = None
    buttons: dict[Part, Button] = {}
    for part in control_pins(panel):
        try:
            control = stack.enter_context(closing(open_control(panel, part, post)))
        except PanelError as error:
            report(part, str(error))
            continue
        if isinstance(control, Button):
            buttons[part] = control
        else:
            encoder = control
    return Controls(encoder, buttons, panel.debounce)


def _button_pins(panel: settings.Panel) -> dict[Part, int]:
    pins = {Part.NEXT: panel.next, Part.CORRECT: panel.correct}
    return {part: pin for part, pin in pins.items() if pin >= 0}
