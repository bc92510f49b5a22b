"""What goes into a network and comes out of it; it loads no Keras, so that worker processes start fast."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

# The outputs, by name: FER2013's label of a face, the votes of FER+'s ten people, and whether the crop shows
# a face at all. Saved models contain these names.
MOODS, VOTES, FACE = "moods", "votes", "face"
OUTPUTS = (MOODS, VOTES, FACE)


def as_input(images: NDArray[np.uint8]) -> NDArray[np.float32]:
    """Convert images, uint8 (n, side, side), to the input of a network: float32 (n, side, side, 1), 0-255."""
    return images[..., np.newaxis].astype(np.float32)
