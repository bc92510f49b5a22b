"""Packages that Raspberry Pi OS has and Debian lacks, as an apt repository in a folder.

    python -m tests.pi.image.stand_ins SUITE FOLDER HEADERS

HEADERS is where Debian's arm64 libpython3-dev was unpacked.

Each is the thinnest that does the work: PyPI's package under apt's name. Picamera2 gets virtual_camera.py,
and a camera that sees the picture /srv/view.jpg. Bookworm has no Python for libcamera, so there the package
is empty and the box looks at pictures.
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
HEAP = Path("usr/lib/systemd/system/moodbox.service.d/virtual-camera.conf")
ITS_HEAP = """# Where the virtual camera's frames lie; those of a Pi's camera lie in /dev/dma_heap.
[Service]
DeviceAllow=/dev/udmabuf rw
"""
VIEW = Path("srv/view.jpg")
CAMERA_SEES = """# The two sizes that the box asks for.
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
    name: str
    depends: str
    fill: Callable[[Path], None]
    """Puts files below the root that it is given."""


def build(stand_in: StandIn, repository: Path) -> None:
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
    return subprocess.run(words, cwd=folder, check=True, stdout=subprocess.PIPE, text=True).stdout


def pip(*words: str | Path) -> None:
    run(sys.executable, "-m", "pip", *words, "--quiet", "--disable-pip-version-check", "--no-deps")


def wheels(python: str, *names: str) -> Callable[[Path], None]:
    """PyPI's, for this Python on arm64."""
    tags = [f"--platform=manylinux_2_{minor}_aarch64" for minor in (17, 28, 34)]
    return lambda root: pip(
        "install", "--no-compile", "--only-binary=:all:", "--implementation=cp", f"--python-version={python}",
        *tags, "--target", root / PACKAGES, *names,
    )  # fmt: skip


def lgpio(headers: Path, python: str) -> Callable[[Path], None]:
    """PyPI has no wheel of it for this Python; to compile it under emulation would take minutes."""

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
    wheels("3.13", "picamera2==0.3.38", "videodev2==0.0.4")(root)
    put_virtual_camera(root / PACKAGES / "picamera2", root)


def put_virtual_camera(picamera2: Path, root: Path) -> None:
    (picamera2 / "virtual_camera.py").write_bytes((HERE / "virtual_camera.py").read_bytes())
    start = picamera2 / "__init__.py"
    start.write_text(
        f"from . import virtual_camera\n{start.read_text()}\nPicamera2 = virtual_camera.adapt()\n"
    )
    for file, content in ((CAMERA, CAMERA_SEES), (HEAP, ITS_HEAP)):
        (root / file).parent.mkdir(parents=True)
        (root / file).write_text(content)
    (root / VIEW).parent.mkdir()
    cv2.imwrite(str(root / VIEW), view())


def view() -> np.ndarray[tuple[int, ...], np.dtype[np.uint8]]:
    """The face before a grey wall; the camera would stretch a picture of another shape."""
    face = cv2.imread(str(FACE))
    assert face is not None
    wall = np.full((480, 640, 3), 128, dtype=np.uint8)
    height, width = face.shape[:2]
    wall[-height:, 120 : 120 + width] = face
    return wall


def stand_ins(suite: str, headers: Path) -> list[StandIn]:
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
