"""What every camera offers: it is a context manager, and gives one frame after another."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from types import TracebackType
from typing import Protocol, Self

from device.vision.frame import Frame


class Camera(Protocol):
    """A context manager that gives one frame after another."""

    def __enter__(self) -> Self: ...

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None: ...

    def read(self) -> Frame | None:
        """The next frame, of any shape; None when there are no more.

        Raises:
            CameraError: The camera gives no frames.
        """


class ClosingCamera:
    """A camera that is closed at the end of its `with` block."""

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Release the hardware."""


def frames_of(camera: Camera) -> Iterator[Frame]:
    """The frames of an open camera until there are no more; each is read when it is asked for.

    Raises:
        CameraError: The camera gives no frames.
    """
    while (frame := camera.read()) is not None:
        yield frame


def let_settle(camera: ClosingCamera, read: Callable[[], Frame | None], seconds: float) -> None:
    """Discard the first frames, which are dark until exposure has settled; close a camera that fails."""
    end = time.monotonic() + seconds
    try:
        while time.monotonic() < end:
            read()
    except BaseException:
        camera.close()
        raise
