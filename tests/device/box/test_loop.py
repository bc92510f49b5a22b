"""The event loop: events before timers, in their order."""

from __future__ import annotations

from queue import SimpleQueue
from time import monotonic

from device.box.loop import MAX_EVENTS, Loop
from device.panel.button import Edge, Gesture, GestureRecognizer


def test_events_that_come_while_others_are_handled_are_handled_before_the_timers() -> None:
    events: SimpleQueue[str] = SimpleQueue()
    loop = Loop(events)
    order = []

    def handle(event: str) -> None:
        order.append(event)
        if event == "frame":  # its analysis takes long
            events.put("edge")

    loop.schedule(lambda: order.append("timer"), monotonic() - 1)
    events.put("first")
    events.put("frame")
    loop.handle_events(handle)
    loop.run_due_timers()
    assert order == ["first", "frame", "edge", "timer"]


def test_events_without_end_do_not_keep_the_timers_from_running() -> None:
    events: SimpleQueue[int] = SimpleQueue()
    loop = Loop(events)
    events.put(0)
    handled = []

    def handle(event: int) -> None:
        handled.append(event)
        events.put(event + 1)

    loop.handle_events(handle)
    assert len(handled) == MAX_EVENTS + 1


def test_a_press_is_not_lost_if_it_is_released_while_a_frame_is_analyzed() -> None:
    """The button goes down, a frame comes, and the button goes up while the box analyzes it."""
    events: SimpleQueue[Edge | str] = SimpleQueue()
    loop = Loop(events)
    recognizer = GestureRecognizer(debounce=0.03, hold=3)
    gestures: list[Gesture] = []
    down_at = monotonic()

    def sample() -> None:
        gestures.extend(recognizer.sample(False, monotonic()))  # it is up by now

    def handle(event: Edge | str) -> None:
        if isinstance(event, Edge):
            gestures.extend(recognizer.on_edge(event))
            loop.schedule(sample, recognizer.next_sample or down_at)
        else:
            while monotonic() < down_at + 0.1:
                pass
            events.put(Edge(False, down_at + 0.08))

    events.put(Edge(True, down_at))
    events.put("frame")
    loop.handle_events(handle)
    loop.run_due_timers()
    while Gesture.SINGLE_PRESS not in gestures and monotonic() < down_at + 5:
        loop.handle_events(handle)
        loop.run_due_timers()
    assert gestures == [Gesture.DOWN, Gesture.SINGLE_PRESS]
