"""Random changes to training faces: position, size, mirroring, light, blur and covered parts."""

from __future__ import annotations

import msgspec
import numpy as np
from numpy.typing import NDArray

from device.vision.normalization import Normalization, normalize
from device.vision.opencv import cv2


class Augmentation(msgspec.Struct, frozen=True):
    """The ranges from which a random change is drawn for each face.

    `run.json` and the model card store these fields; `name=` gives the stored key where it differs.

    Attributes:
        degrees: largest rotation, to either side.
        scale: largest change of size, as the natural logarithm of the factor.
        shift: largest shift along each axis, as a share of the side.
        flip: whether half of the faces are mirrored.
        detector_crop_share: share of the faces that are cropped around the box of the device's detector; the
            others stay as FER2013 crops them, as do those in which it finds no face.
        contrast: largest change of contrast as a share; brightness changes by up to half of the grey range
            times this.
        dim: share of the faces that are shown as a camera sees them in poor light.
        blur: largest standard deviation of the blur in pixels.
        erase: share of the faces of which a random rectangle is covered.
        normalization: how the device normalizes the brightness and contrast of a crop; applied last.
    """

    degrees: float = 12.0
    scale: float = 0.12
    shift: float = 0.08
    flip: bool = True
    detector_crop_share: float = msgspec.field(default=0.0, name="framed")
    contrast: float = 0.0
    dim: float = 0.0
    blur: float = 0.0
    erase: float = 0.0
    normalization: Normalization = msgspec.field(default=Normalization.NONE, name="light")

    def __call__(
        self,
        images: NDArray[np.uint8],
        generator: np.random.Generator,
        face_squares: NDArray[np.float32] | None = None,
        side: int | None = None,
    ) -> NDArray[np.uint8]:
        """Change each face at random.

        Args:
            images: uint8, (n, s, s).
            generator: source of all randomness.
            face_squares: float32, (n, 3): centre x, centre y and side of the square around each face, in
                pixels.
            side: side of the result in pixels; s if None.

        Returns:
            A new array, uint8, (n, side, side).
        """
        size = images.shape[1]
        side = side or size
        whole_image = np.array([(size - 1) / 2, (size - 1) / 2, size], dtype=np.float32)
        squares = np.broadcast_to(whole_image, (len(images), 3)).copy()
        if face_squares is not None:
            by_detector = generator.random(len(images)) < self.detector_crop_share
            squares[by_detector] = face_squares[by_detector]
        return np.stack(
            [
                self._augment(image, square, side, generator)
                for image, square in zip(images, squares, strict=True)
            ]
        )

    def _augment(
        self, image: NDArray[np.uint8], square: NDArray[np.float32], side: int, generator: np.random.Generator
    ) -> NDArray[np.uint8]:
        moved = self._move(image, square, side, generator)
        return normalize(self._change_light(moved, generator), self.normalization)

    def _move(
        self, image: NDArray[np.uint8], square: NDArray[np.float32], side: int, generator: np.random.Generator
    ) -> NDArray[np.uint8]:
        x, y, length = square.tolist()
        zoom = side / length * np.exp(generator.uniform(-self.scale, self.scale))
        rotation = cv2.getRotationMatrix2D((x, y), generator.uniform(-self.degrees, self.degrees), zoom)
        matrix = np.asarray(rotation, dtype=np.float64)
        shift = generator.uniform(-self.shift, self.shift, 2) * side
        matrix[:, 2] += (side - 1) / 2 - np.array([x, y]) + shift
        if self.flip and generator.random() < 0.5:
            matrix[0] = -matrix[0]
            matrix[0, 2] += side - 1
        moved = cv2.warpAffine(
            image, matrix, (side, side), flags=cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE
        )
        return np.asarray(moved, dtype=np.uint8)

    def _change_light(self, image: NDArray[np.uint8], generator: np.random.Generator) -> NDArray[np.uint8]:
        """Blur, change contrast and brightness, dim, and cover a part."""
        if self.blur:
            deviation = max(0.1, generator.uniform(0, self.blur))
            image = np.asarray(cv2.GaussianBlur(image, (0, 0), deviation), dtype=np.uint8)
        if self.contrast:
            gain, offset = generator.uniform(-self.contrast, self.contrast, 2).tolist()
            image = np.asarray(cv2.convertScaleAbs(image, alpha=1 + gain, beta=127 * offset), dtype=np.uint8)
        if generator.random() < self.dim:
            gamma, brightness, noise = generator.uniform((1.0, 0.4, 0.0), (2.8, 1.0, 8.0)).tolist()
            image = dim(image, gamma, brightness, noise, generator)
        if generator.random() < self.erase:
            side = image.shape[0]
            width, height = (generator.uniform(0.15, 0.5, 2) * side).astype(int).tolist()
            x, y = int(generator.integers(0, side - width)), int(generator.integers(0, side - height))
            image[y : y + height, x : x + width] = generator.integers(0, 256)
        return image


def dim(
    image: NDArray[np.uint8], gamma: float, brightness: float, noise: float, generator: np.random.Generator
) -> NDArray[np.uint8]:
    """Return `image` as a sensor records it in poor light.

    Args:
        image: uint8, any shape.
        gamma: exponent on grey values scaled to 0-1; above 1 it darkens the shadows most.
        brightness: factor on all grey values, 0-1.
        noise: standard deviation of Gaussian noise, in grey levels of 0-255.
        generator: source of the noise.
    """
    dark = 255 * brightness * (image / 255) ** gamma + generator.normal(0, noise, image.shape)
    return np.asarray(np.clip(np.rint(dark), 0, 255), dtype=np.uint8)
