"""The demo's camera on a computer without one: pictures, one for each press of the button."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

from device.vision.camera import Camera, PictureCamera
from device.vision.frame import Frame

FRAMES = 8  # of each picture, like those of a camera in front of somebody who does not move


class Slideshow:
    """A camera in front of one picture at a time."""

    def __init__(self, paths: Sequence[Path]) -> None:
        self._paths = tuple(paths)
        self._index = 0

    def __len__(self) -> int:
        return len(self._paths)

    @property
    def current(self) -> Path:
        """The current picture."""
        return self._paths[self._index % len(self._paths)]

    @property
    def source(self) -> str:
        """The current picture as a source in the settings, for a command in any folder."""
        return f"images:{self.current.absolute()}"

    def advance(self) -> None:
        """Go on to the next picture; after the last comes the first."""
        self._index += 1

    def open(self) -> Camera:
        """A camera that gives FRAMES frames of the current picture."""
        return PictureCamera([self.current] * FRAMES)


class FrameRecorder:
    """Keeps the last frame of a camera in memory, so that it can be drawn."""

    def __init__(self) -> None:
        self.frame: Frame | None = None
        self.number = 0  # of the frame, from 1

    def recorded(self, open_camera: Callable[[], Camera]) -> Callable[[], Camera]:
        """A function that opens a camera whose frames are kept."""
        return lambda: _RecordedCamera(open_camera(), self)


class _RecordedCamera:
    def __init__(self, camera: Camera, recorder: FrameRecorder) -> None:
        self._camera = camera
        self._recorder = recorder

    def __enter__(self) -> _RecordedCamera:
        self._camera.__enter__()
        return self

    def __exit__(self, *what: object) -> None:
        self._camera.__exit__(*what)  # type: ignore[arg-type]

    def read(self) -> Frame | None:
        frame = self._camera.read()
        if frame is not None:
            self._recorder.frame = frame
            self._recorder.number += 1
        return frame
