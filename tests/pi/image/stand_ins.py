"""Builds packages that Raspberry Pi OS has and Debian lacks, as an apt repository in a folder.

    python -m tests.pi.image.stand_ins SUITE FOLDER HEADERS

HEADERS is the folder with Debian's unpacked arm64 libpython3-dev.

Each package is minimal: PyPI's package under apt's name. Picamera2 gets virtual_camera.py, and a camera that
shows the picture /srv/view.jpg. Bookworm has no Python bindings of libcamera, so its package is empty, and
the box uses a picture as its camera.
"""

from __future__ import annotations

import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np

HERE = Path(__file__).resolve().parent
FACE = HERE.parents[2] / "device/pictures/eileen_collins.jpg"
LGPIO = "lgpio==0.2.2.0"
PICAMERA2_NEEDS = (
    "python3-libcamera", "libcamera-ipa", "python3-numpy", "python3-pil",
    "python3-jsonschema", "python3-tqdm", "python3-libarchive-c",
)  # fmt: skip
PACKAGES = Path("usr/lib/python3/dist-packages")
CAMERA = Path("usr/share/libcamera/pipeline/virtual/virtual.yaml")
HEAP_DROP_IN_FILE = Path("usr/lib/systemd/system/moodbox.service.d/virtual-camera.conf")
HEAP_DROP_IN = """# The virtual camera allocates its frames in /dev/udmabuf; a Pi's camera in /dev/dma_heap.
[Service]
DeviceAllow=/dev/udmabuf rw
"""
VIEW = Path("srv/view.jpg")
CAMERA_CONFIGURATION = """# The two sizes that the box requests.
Virtual0:
  supported_formats:
    - { width: 640, height: 480, frame_rates: [15] }
    - { width: 320, height: 240, frame_rates: [15] }
  frames:
    path: /srv/view.jpg
  location: CameraLocationFront
"""


@dataclass(frozen=True)
class StandIn:
    """A package to build."""

    name: str
    depends: str
    fill: Callable[[Path], None]
    """Write the package's files below the given root."""


def build(stand_in: StandIn, repository: Path) -> None:
    """Build a Debian package into the repository."""
    with tempfile.TemporaryDirectory() as temporary:
        root = Path(temporary)
        root.chmod(0o755)
        stand_in.fill(root)
        control = root / "DEBIAN/control"
        control.parent.mkdir()
        control.write_text(
            f"Package: {stand_in.name}\nVersion: 1\nArchitecture: arm64\nDepends: {stand_in.depends}\n"
            "Maintainer: nobody <nobody@localhost>\nDescription: stands in for Raspberry Pi OS's package\n"
        )
        run("dpkg-deb", "--build", "--root-owner-group", root, repository)


def run(*words: str | Path, folder: Path | None = None) -> str:
    """Run a command in a folder, and return its output."""
    return subprocess.run(words, cwd=folder, check=True, stdout=subprocess.PIPE, text=True).stdout


def pip(*words: str | Path) -> None:
    """Run pip without dependencies."""
    run(sys.executable, "-m", "pip", *words, "--quiet", "--disable-pip-version-check", "--no-deps")


def wheels(python: str, *names: str) -> Callable[[Path], None]:
    """Install PyPI's wheels for this Python on arm64."""
    tags = [f"--platform=manylinux_2_{minor}_aarch64" for minor in (17, 28, 34)]
    return lambda root: pip(
        "install", "--no-compile", "--only-binary=:all:", "--implementation=cp", f"--python-version={python}",
        *tags, "--target", root / PACKAGES, *names,
    )  # fmt: skip


def lgpio(headers: Path, python: str) -> Callable[[Path], None]:
    """Cross-compile lgpio: PyPI has no wheel for this Python, and compiling under emulation takes minutes."""

    def fill(root: Path) -> None:
        packages = root / PACKAGES
        packages.mkdir(parents=True)
        with tempfile.TemporaryDirectory() as temporary:
            folder = Path(temporary)
            pip("download", "--no-binary=:all:", "--no-build-isolation", "--dest", folder, LGPIO)
            run(
                "tar",
                "--extract",
                "--strip-components=1",
                "--file",
                next(folder.glob("*.tar.gz")),
                folder=folder,
            )
            run("swig", "-python", "lgpio.i", folder=folder)
            run("aarch64-linux-gnu-gcc", "-O2", "-w", "-shared", "-fPIC", "-pthread", "-Isrc",
                f"-I{headers / f'usr/include/python{python}'}", f"-I{headers / 'usr/include'}",
                *folder.glob("src/lg*.c"), "src/rgpiod.c", "lgpio_wrap.c",
                "-o", packages / "_lgpio.so", folder=folder)  # fmt: skip
            shutil.copy(folder / "lgpio.py", packages)

    return fill


def picamera2(root: Path) -> None:
    """Install Picamera2 with the virtual camera."""
    wheels("3.13", "picamera2==0.3.38", "videodev2==0.0.4")(root)
    install_virtual_camera(root / PACKAGES / "picamera2", root)


def install_virtual_camera(picamera2: Path, root: Path) -> None:
    """Adapt Picamera2 to the virtual camera, and configure the camera."""
    (picamera2 / "virtual_camera.py").write_bytes((HERE / "virtual_camera.py").read_bytes())
    start = picamera2 / "__init__.py"
    start.write_text(
        f"from . import virtual_camera\n{start.read_text()}\nPicamera2 = virtual_camera.adapt()\n"
    )
    for file, content in ((CAMERA, CAMERA_CONFIGURATION), (HEAP_DROP_IN_FILE, HEAP_DROP_IN)):
        (root / file).parent.mkdir(parents=True)
        (root / file).write_text(content)
    (root / VIEW).parent.mkdir()
    cv2.imwrite(str(root / VIEW), view())


def view() -> np.ndarray[tuple[int, ...], np.dtype[np.uint8]]:
    """Return the face on a gray background of the camera's shape; the camera would stretch another shape."""
    face = cv2.imread(str(FACE))
    assert face is not None
    background = np.full((480, 640, 3), 128, dtype=np.uint8)
    height, width = face.shape[:2]
    background[-height:, 120 : 120 + width] = face
    return background


def stand_ins(suite: str, headers: Path) -> list[StandIn]:
    """Return the packages for a Debian suite."""
    if suite == "bookworm":
        return [
            StandIn("python3-picamera2", "python3", lambda _: None),
            StandIn("python3-lgpio", "python3", wheels("3.11", LGPIO)),
        ]
    return [
        StandIn("python3-picamera2", f"python3, {', '.join(PICAMERA2_NEEDS)}", picamera2),
        StandIn("python3-lgpio", "python3", lgpio(headers, "3.13")),
    ]


if __name__ == "__main__":
    suite, repository, headers = sys.argv[1], Path(sys.argv[2]).resolve(), Path(sys.argv[3]).resolve()
    repository.mkdir(parents=True, exist_ok=True)
    for stand_in in stand_ins(suite, headers):
        build(stand_in, repository)
    (repository / "Packages").write_text(run("dpkg-scanpackages", ".", folder=repository))
