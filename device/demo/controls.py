"""The demo's keys: what each does to the button of the box."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from queue import SimpleQueue

from device.demo.harness import PRESS_S, Harness
from device.demo.space_bar import Move, SpaceBar

HOLD_MARGIN_S = 0.3  # longer than a hold has to be


class Finger:
    """Moves the button on a thread of its own, one movement after the other: a press lasts a while."""

    def __init__(self) -> None:
        self._movements: SimpleQueue[Callable[[], None]] = SimpleQueue()
        threading.Thread(target=self._run, name="finger", daemon=True).start()

    def do(self, movement: Callable[[], None]) -> None:
        """Do this after what was asked before."""
        self._movements.put(movement)

    def _run(self) -> None:
        while True:
            self._movements.get()()


class Controls:
    """Turns keys into movements of the button."""

    def __init__(self, harness: Harness, hold: float, before_look: Callable[[], None]) -> None:
        """Nothing is pressed yet.

        Args:
            harness: The box.
            hold: Seconds that make a hold.
            before_look: Called when the button goes up and was not held, after which the box looks.
        """
        self._harness = harness
        self._hold = hold
        self._before_look = before_look
        self._finger = Finger()
        self._space_bar = SpaceBar()

    def handle(self, keys: str) -> None:
        """Do what the keys say; call it often, also without keys."""
        now = time.monotonic()
        for key in keys:
            if key == " ":
                self._move(self._space_bar.on_space(now))
            elif key == "s":
                self._finger.do(self._harness.double_press)
            elif key == "h":
                self._finger.do(lambda: self._harness.press(self._hold + HOLD_MARGIN_S))
        self._move(self._space_bar.sample(now))

    def _move(self, moves: list[Move]) -> None:
        movements = {
            Move.DOWN: self._harness.press_down,
            Move.UP: self._release,
            Move.UP_AND_AGAIN: self._release_and_press,
        }
        for move in moves:
            self._finger.do(movements[move])

    def _release(self) -> None:
        if (self._harness.held_s or 0.0) < self._hold:
            self._before_look()
        self._harness.release()

    def _release_and_press(self) -> None:
        self._harness.release()
        time.sleep(PRESS_S)
        self._harness.press()
