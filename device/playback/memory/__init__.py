"""What the box remembers across restarts and power failures."""

from device.playback.memory.file import Memory

__all__ = ["Memory"]
