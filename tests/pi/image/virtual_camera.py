# mypy: ignore-errors
"""Adapts Picamera2 to libcamera's `virtual` pipeline; the emulated Pi's picamera2/__init__.py calls this.

That pipeline reads pictures from files, as NV12 only, without raw frames, into buffers of its own. Picamera2
expects the Pi's pipelines, which fill buffers from the kernel's heap. The modules that save frames or show
them on a screen are replaced by empty ones: moodbox does neither.
"""

import mmap
import sys
import types

import libcamera


class Absent(types.ModuleType):
    """A module in which every name exists."""

    def __getattr__(self, name):
        if name.startswith("__"):
            raise AttributeError(name)
        return Absent(name)


for name in ("pykms", "piexif", "simplejpeg", "pidng", "pidng.camdefs", "pidng.core", "prctl"):
    sys.modules.setdefault(name, Absent(name))


def adapt():
    """Return Picamera2's class for the virtual camera, once all of Picamera2 is imported."""
    from picamera2 import picamera2, request
    from picamera2.allocators import Allocator, LibcameraAllocator

    generate = libcamera.Camera.generate_configuration
    no_raw = {libcamera.StreamRole.Raw: libcamera.StreamRole.Viewfinder}
    libcamera.Camera.generate_configuration = lambda camera, roles: generate(
        camera, [no_raw.get(role, role) for role in roles]
    )

    class Map:
        """Maps all planes of a frame; the `virtual` pipeline does not report how many bytes it has filled."""

        def __init__(self, allocator, buffer, write):
            self._buffer = buffer

        def __enter__(self):
            size = sum(plane.length for plane in self._buffer.planes)
            self._memory = mmap.mmap(self._buffer.planes[0].fd, size)
            return self._memory

        def __exit__(self, *_):
            pass  # Python unmaps it once no array refers to it

        def get_buffer(self):
            return self._memory

    class Buffers(LibcameraAllocator):
        def __init__(self, camera):
            super().__init__(camera)
            self.sync = Map

    class VirtualCamera(picamera2.Picamera2):
        def __init__(self, *args, **options):
            super().__init__(*args, **options)
            self.allocator = Buffers(self.camera)

    picamera2.DmaAllocator = Allocator  # the default allocates from heaps that this machine lacks

    whole_pages = request.Helpers._make_array_shared
    request.Helpers._make_array_shared = lambda helpers, array, config: whole_pages(
        helpers, array[: config["framesize"]], config
    )
    return VirtualCamera
