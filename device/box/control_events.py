"""Turns the edges of the controls beside the button into what somebody did with them."""

from __future__ import annotations

import math
from time import monotonic
from typing import Any

from device.box.loop import Loop
from device.health import Part
from device.panel.button import Button, Edge, Gesture, GestureRecognizer
from device.panel.controls import ControlPressed, Controls, VolumeTurned
from device.panel.encoder import EncoderEdge
from device.supervision import Post

SETTLED_AFTER_S = 0.02  # without an edge; then the encoder's levels are read, which costs an idle box nothing
SUM_S = 0.05  # the stops of a fast turn that come within this time are one event, and one command to MPD


class ControlEvents:
    """Posts ControlPressed and VolumeTurned. Used by the loop's thread alone."""

    def __init__(self, loop: Loop[Any], controls: Controls, post: Post) -> None:
        self._loop = loop
        self._post = post
        self._encoder = controls.encoder
        self._stops = 0
        self._buttons = {
            part: _PressedButton(loop, button, part, post, controls.debounce)
            for part, button in controls.buttons.items()
        }

    def handle(self, edge: Edge | EncoderEdge) -> None:
        """Handle an edge of one of the controls."""
        if isinstance(edge, Edge):
            if button := self._buttons.get(edge.button):
                button.handle(edge)
        elif self._encoder:
            self._count(self._encoder.decoder.on_edge(edge))
            self._loop.schedule_in(self._settle, SETTLED_AFTER_S)

    def _settle(self) -> None:
        if self._encoder:
            self._count(self._encoder.settle())

    def _count(self, stops: int) -> None:
        self._stops += stops
        if stops and not self._loop.is_scheduled(self._post_stops):
            self._loop.schedule_in(self._post_stops, SUM_S)

    def _post_stops(self) -> None:
        stops, self._stops = self._stops, 0
        if stops:
            self._post(VolumeTurned(stops))


class _PressedButton:
    """A button that knows nothing but presses, which count as soon as the level is stable."""

    def __init__(self, loop: Loop[Any], button: Button, part: Part, post: Post, debounce: float) -> None:
        self._loop, self._button, self._part, self._post = loop, button, part, post
        self._recognizer = GestureRecognizer(debounce, hold=math.inf)

    def handle(self, edge: Edge) -> None:
        self._handle_gestures(self._recognizer.on_edge(edge))

    def _sample(self) -> None:
        self._handle_gestures(self._recognizer.sample(self._button.is_down(), monotonic()))

    def _handle_gestures(self, gestures: list[Gesture]) -> None:
        for gesture in gestures:
            if gesture is Gesture.DOWN:
                self._post(ControlPressed(self._part))
        if self._recognizer.next_sample is None:
            self._loop.cancel(self._sample)
        else:
            self._loop.schedule(self._sample, self._recognizer.next_sample)
