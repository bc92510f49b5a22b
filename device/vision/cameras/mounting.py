"""How a camera is mounted: its frames are rotated and mirrored here, for every source and nowhere else."""

from __future__ import annotations

from collections.abc import Callable
from types import TracebackType
from typing import Self

import numpy as np

from device.config import settings
from device.vision.cameras.base import Camera
from device.vision.frame import Frame


class MountedCamera:
    """A camera whose frames are upright, as the settings `rotate` and `mirror` say."""

    def __init__(self, camera: Camera, mounting: settings.Camera) -> None:
        self._camera = camera
        self._mounting = mounting

    def __enter__(self) -> Self:
        self._camera.__enter__()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._camera.__exit__(kind, error, trace)

    def read(self) -> Frame | None:
        """The next frame, upright; None when there are no more.

        Raises:
            CameraError: The camera gives no frames.
        """
        frame = self._camera.read()
        return None if frame is None else upright(frame, self._mounting)


def mounted(open_camera: Callable[[], Camera], mounting: settings.Camera) -> Callable[[], Camera]:
    """A function that opens a camera which is mounted as the settings say."""
    return lambda: MountedCamera(open_camera(), mounting)


def rotated(frame: Frame, degrees: int) -> Frame:
    """`frame` rotated clockwise by `degrees`, a multiple of 90."""
    return np.ascontiguousarray(np.rot90(frame, -degrees // 90))  # OpenCV takes no rows that run backwards


def upright(frame: Frame, mounting: settings.Camera) -> Frame:
    """`frame` rotated clockwise by `mounting.rotate` degrees, and then mirrored if `mounting.mirror`."""
    frame = rotated(frame, mounting.rotate)
    return np.ascontiguousarray(frame[:, ::-1]) if mounting.mirror else frame
