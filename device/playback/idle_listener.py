"""Listens for changes in MPD: a thread that waits in MPD's `idle` on a connection of its own."""

from __future__ import annotations

import contextlib
import errno
import threading
from collections.abc import Callable, Iterator, Sequence
from functools import partial

from device.health import Part
from device.mpd.connection import Client
from device.mpd.queue_mirror import QueueMirror
from device.playback.tasks import IdleEnded, Task

# `options`, since MPD's modes decide which song comes next.
SUBSYSTEMS = ("player", "mixer", "playlist", "options", "database", "stored_playlist")


@contextlib.contextmanager
def idle_listener(
    client: Client, put: Callable[[Task | IdleEnded], None], changed: Callable[[Sequence[str]], None]
) -> Iterator[None]:
    """Listen while the context lasts.

    Args:
        client: The idle client; its connection is unusable afterwards.
        put: Takes a task for each change, and IdleEnded once the connection has ended.
        changed: What the task does, given the names of the subsystems that have changed.
    """
    processed = threading.Semaphore(0)

    def process(subsystems: Sequence[str], _: QueueMirror) -> None:
        processed.release()
        changed(subsystems)

    def listen() -> None:
        """Wait for a change once the last one was processed: until then MPD keeps changes for us."""
        try:
            client.idletimeout = None
            while True:
                subsystems = client.idle(*SUBSYSTEMS)
                put(Task(Part.CHANGES, partial(process, subsystems)))
                processed.acquire()
        except BaseException as error:  # whatever it is: without this thread, changes would go unnoticed
            put(IdleEnded(error))

    thread = threading.Thread(target=listen, name="listener", daemon=True)
    try:
        thread.start()
    except RuntimeError as error:  # too many threads, or too little memory: as if MPD were not reachable
        raise OSError(errno.EAGAIN, str(error)) from error
    try:
        yield
    finally:
        # Only this ends an idle() that waits: python-mpd2 cannot send `noidle` from another thread.
        client.hang_up()
        processed.release()  # after that, so that no other change is processed
        thread.join()
