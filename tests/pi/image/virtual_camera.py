# mypy: ignore-errors
"""Lets Picamera2 open libcamera's `virtual` pipeline: the emulated Pi's Picamera2 begins and ends with this.

That pipeline gives pictures from files, as NV12 alone, without raw frames, in buffers of its own. Picamera2
knows the Pi's pipelines, which fill buffers from the kernel's heap. And what saves frames, or shows them on a
screen, is left out: moodbox does neither.
"""

import mmap
import sys
import types

import libcamera


class Absent(types.ModuleType):
    def __getattr__(self, name):
        if name.startswith("__"):
            raise AttributeError(name)
        return Absent(name)


for name in ("pykms", "piexif", "simplejpeg", "pidng", "pidng.camdefs", "pidng.core", "prctl"):
    sys.modules.setdefault(name, Absent(name))


def adapt():
    """Once all of Picamera2 is there; returns its class for the virtual camera."""
    from picamera2 import picamera2, request
    from picamera2.allocators import Allocator, LibcameraAllocator

    generate = libcamera.Camera.generate_configuration
    no_raw = {libcamera.StreamRole.Raw: libcamera.StreamRole.Viewfinder}
    libcamera.Camera.generate_configuration = lambda camera, roles: generate(
        camera, [no_raw.get(role, role) for role in roles]
    )

    class Map:
        """A frame's planes, one after the other; `virtual` does not say how much of them it has filled."""

        def __init__(self, allocator, buffer, write):
            self._buffer = buffer

        def __enter__(self):
            size = sum(plane.length for plane in self._buffer.planes)
            self._memory = mmap.mmap(self._buffer.planes[0].fd, size)
            return self._memory

        def __exit__(self, *_):
            pass  # unmapped once no array looks at it any more

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

    picamera2.DmaAllocator = Allocator  # of heaps that this machine has not

    whole_pages = request.Helpers._make_array_shared
    request.Helpers._make_array_shared = lambda helpers, array, config: whole_pages(
        helpers, array[: config["framesize"]], config
    )
    return VirtualCamera
