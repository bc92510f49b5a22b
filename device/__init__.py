"""The box: what runs on the Pi."""

import os

__version__ = "0.1.0"

# What OpenCV prints about a missing camera fills a screen; a CameraError says it in a line. OpenCV reads this
# once, when it is first imported anywhere; a function for it exists in some of its versions only.
os.environ.setdefault("OPENCV_LOG_LEVEL", "SILENT")
