"""The demo's camera where there is none: pictures, one person for each press of the button."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

from device.vision.camera import Camera, PictureCamera
from device.vision.frame import Frame

FRAMES = 8  # of one picture, as a camera would give them while somebody stands still


class Slideshow:
    """Opens a camera on the picture that is shown; `turn` shows the next one."""

    def __init__(self, paths: Sequence[Path]) -> None:
        self._paths = tuple(paths)
        self._page = 0

    def __len__(self) -> int:
        return len(self._paths)

    @property
    def shown(self) -> Path:
        return self._paths[self._page % len(self._paths)]

    def turn(self) -> None:
        self._page += 1

    def open(self) -> Camera:
        return PictureCamera([self.shown] * FRAMES)


class Watched:
    """Any camera, with its last frame kept in memory, to be drawn."""

    def __init__(self, open_camera: Callable[[], Camera]) -> None:
        self._open_camera = open_camera
        self.frame: Frame | None = None

    def __call__(self) -> Camera:
        return _WatchedCamera(self._open_camera(), self)


class _WatchedCamera:
    def __init__(self, camera: Camera, watched: Watched) -> None:
        self._camera = camera
        self._watched = watched

    def __enter__(self) -> _WatchedCamera:
        self._camera.__enter__()
        return self

    def __exit__(self, *what: object) -> None:
        self._camera.__exit__(*what)  # type: ignore[arg-type]

    def read(self) -> Frame | None:
        frame = self._camera.read()
        if frame is not None:
            self._watched.frame = frame
        return frame
