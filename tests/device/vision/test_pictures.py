from __future__ import annotations

import ast
import os
import shutil
import subprocess
import sys
from pathlib import Path

import cv2
import numpy as np
import pytest

from device.errors import CameraError
from device.vision.frame import MAX_SIDE
from device.vision.pictures import MAX_FILE_BYTES, find_pictures, pictures_in, read_full_size, read_picture
from tests.device.conftest import HAPPY
from tests.device.vision.odd_pictures import APPLE_DOUBLE, encoded, png_of_zeros

ROOT = Path(__file__).parents[3]
GREY = np.tile(np.arange(0, 240, 4, dtype=np.uint8), (40, 1))
NOT_UTF_8 = os.fsdecode(b"caf\xe9.png")

# Reads a picture, and prints its shape or the error, and by how many MiB the peak of memory grew.
READ = """
import sys
from pathlib import Path
from device.errors import CameraError
from device.vision.pictures import read_picture

def peak():
    status = Path("/proc/self/status").read_text()
    return int(status.partition("VmHWM:")[2].split()[0]) // 1024

before = peak()
try:
    print(read_picture(Path(sys.argv[1])).shape)
except CameraError as error:
    print(error)
print(peak() - before)
"""


def read_in_a_process(path: Path) -> tuple[str, int]:
    """The shape of the picture or the error, and the MiB that reading it took."""
    done = subprocess.run(
        [sys.executable, "-c", READ, path], capture_output=True, text=True, check=False, timeout=60
    )
    assert done.returncode == 0, done.stderr
    message, mebibytes = done.stdout.splitlines()
    return message, int(mebibytes)


@pytest.mark.parametrize("kind", [".png", ".jpg", ".bmp", ".pgm"])
@pytest.mark.parametrize("shape", [(1, 1), (3, 1000), (1000, 3), (40, 60)])
def test_a_picture_is_read_as_opencv_reads_it_whatever_its_shape(
    tmp_path: Path, kind: str, shape: tuple[int, int]
) -> None:
    path = tmp_path / f"picture{kind}"
    path.write_bytes(encoded(kind, np.resize(GREY, shape)))
    assert (read_full_size(path) == cv2.imread(str(path), cv2.IMREAD_GRAYSCALE)).all()
    assert max(read_picture(path).shape) <= MAX_SIDE
    assert min(read_picture(path).shape) >= 1


def test_a_photo_is_rotated_as_its_exif_says(tmp_path: Path) -> None:
    """Here by a quarter turn."""
    exif = b"Exif\0\0II*\0\x08\0\0\0\x01\0\x12\x01\x03\0\x01\0\0\0\x06\0\0\0\0\0\0\0"
    photo = HAPPY.read_bytes()
    rotated = photo[:2] + b"\xff\xe1" + (len(exif) + 2).to_bytes(2, "big") + exif + photo[2:]
    (tmp_path / "rotated.jpg").write_bytes(rotated)
    assert read_picture(tmp_path / "rotated.jpg").shape == read_picture(HAPPY).shape[::-1]


def test_a_name_may_be_other_than_utf_8(tmp_path: Path) -> None:
    path = tmp_path / NOT_UTF_8
    path.write_bytes(encoded(".png", GREY))
    assert read_in_a_process(path)[0] == "(40, 60)"
    path.write_bytes(b"no picture")
    message, _ = read_in_a_process(path)
    assert message.endswith("caf\\udce9.png: not a picture that can be read")


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "not a picture"),
        (b"neither picture nor film", "not a picture"),
        (APPLE_DOUBLE, "not a picture"),
        (encoded(".png", GREY)[:-30], "not a picture"),
        (encoded(".jpg", GREY)[:20], "not a picture"),
        (encoded(".tiff", GREY), "not a picture"),
        (encoded(".jp2", GREY), "not a picture"),
        (b"BM" + bytes(100), "not a picture"),
        (b"P5 0 0 255 ", "not a picture"),
        (b"P5 2000000 1 255 ", "too large a picture"),
    ],
    ids=lambda value: value[:12].hex() if isinstance(value, bytes) else "",
)
def test_a_file_that_is_not_a_picture_is_an_error_of_one_line(
    tmp_path: Path, content: bytes, message: str
) -> None:
    (tmp_path / "a\nb.png").write_bytes(content)
    with pytest.raises(CameraError) as failed:
        read_picture(tmp_path / "a\nb.png")
    assert str(failed.value).startswith(f"{tmp_path}/a\\nb.png: {message}")


def test_a_picture_with_too_many_pixels_is_refused_before_it_takes_memory(tmp_path: Path) -> None:
    path = tmp_path / "large.png"
    path.write_bytes(png_of_zeros(6000, 6000))
    message, mebibytes = read_in_a_process(path)
    assert message.endswith("large.png: too large a picture, above 34 megapixels: make it smaller")
    assert mebibytes < 30
    path.write_bytes(png_of_zeros(5000, 5000))
    assert read_in_a_process(path)[0] == "(640, 640)"


def test_a_damaged_length_in_a_png_takes_no_memory(tmp_path: Path) -> None:
    """OpenCV allocates the length that a chunk states, 2 GB here, even if the file is shorter."""
    content = bytearray(encoded(".png", GREY))
    content[33] |= 0x80  # the length of the chunk after the header
    (tmp_path / "a.png").write_bytes(content)
    message, mebibytes = read_in_a_process(tmp_path / "a.png")
    assert message.endswith("not a picture that can be read")
    assert mebibytes < 30


def test_a_png_may_have_data_after_its_end(tmp_path: Path) -> None:
    (tmp_path / "a.png").write_bytes(encoded(".png", GREY) + b"data that a camera's maker adds")
    assert (read_picture(tmp_path / "a.png") == GREY).all()


def test_a_file_that_is_too_large_for_a_picture_is_not_read(tmp_path: Path) -> None:
    path = tmp_path / "a.bmp"
    path.write_bytes(encoded(".bmp", GREY))
    os.truncate(path, MAX_FILE_BYTES + 1)
    message, mebibytes = read_in_a_process(path)
    assert message.endswith("a.bmp: too large a picture, above 64 MiB: make it smaller")
    assert mebibytes < 30


def test_a_path_that_is_not_a_file_is_refused_at_once(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "a.png")
    (tmp_path / "b.png").mkdir()
    for name, message in (
        ("a.png", "not a file"),
        ("b.png", "cannot be read: Is a directory"),
        ("c.png", "no such file"),
    ):
        with pytest.raises(CameraError, match=f"{name}: {message}"):
            read_picture(tmp_path / name)
    with pytest.raises(CameraError, match=r"cannot be read: .*embedded null"):
        read_picture(tmp_path / "a\0b")


def test_only_pictures_are_found_ordered_by_name(tmp_path: Path) -> None:
    for name in ("b/2.png", "a/1.png", "c.PNG", "b/x.png/deep.jpeg", "b.jpg", NOT_UTF_8, "notes.txt"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).touch()
    for name in ("._c.PNG", ".hidden.png", ".Trashes/d.png", "b/._2.png"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_bytes(APPLE_DOUBLE)
    os.mkfifo(tmp_path / "fifo.png")
    found = [str(path.relative_to(tmp_path)) for path in find_pictures(tmp_path)]
    assert found == ["a/1.png", "b/2.png", "b/x.png/deep.jpeg", "b.jpg", "c.PNG", NOT_UTF_8]
    assert pictures_in(tmp_path) == [tmp_path / name for name in ("b.jpg", "c.PNG", NOT_UTF_8)]
    assert pictures_in(tmp_path / "none") == []


def test_a_link_to_a_picture_counts_and_a_broken_or_circular_one_does_not(
    tmp_path: Path,
) -> None:
    (tmp_path / "in").mkdir()
    (tmp_path / "in" / "good.jpg").symlink_to(HAPPY)
    (tmp_path / "in" / "gone.jpg").symlink_to(tmp_path / "gone")
    (tmp_path / "in" / "self.jpg").symlink_to("self.jpg")
    (tmp_path / "in" / "up").symlink_to(tmp_path)
    (tmp_path / "in" / "up.jpg").symlink_to(tmp_path)
    assert list(find_pictures(tmp_path)) == [tmp_path / "in" / "good.jpg"]
    (tmp_path / "link").symlink_to("in")
    assert list(find_pictures(tmp_path / "link")) == [tmp_path / "link" / "good.jpg"]


def test_a_folder_that_is_removed_while_others_are_read_is_skipped(tmp_path: Path) -> None:
    for name in ("a", "b", "c"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "1.png").touch()
    skipped: list[CameraError] = []
    pictures = find_pictures(tmp_path, skipped.append)
    assert next(pictures) == tmp_path / "a" / "1.png"
    shutil.rmtree(tmp_path / "b")
    assert list(pictures) == [tmp_path / "c" / "1.png"]
    assert [str(error) for error in skipped] == [f"{tmp_path}/b: no such file or folder"]


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("none", "no such file or folder"),
        ("a.png/b", "no such file or folder"),
        ("x" * 300, "cannot be read: File name too long"),
        ("a\0b", "cannot be read: .*embedded null"),
        ("empty", "no picture in this folder or below; known are .bmp, .jpeg"),
    ],
)
def test_an_error_says_why_there_is_no_picture(tmp_path: Path, name: str, message: str) -> None:
    (tmp_path / "a.png").touch()
    (tmp_path / "empty").mkdir()
    (tmp_path / "empty" / "._a.png").write_bytes(APPLE_DOUBLE)
    with pytest.raises(CameraError, match=message):
        find_pictures(tmp_path / name)


def test_opencv_is_imported_in_one_module_with_its_limit() -> None:
    """An import elsewhere could come first, and OpenCV would have no limit."""
    modules = set()
    for path in [*(ROOT / "device").rglob("*.py"), *(ROOT / "converter").rglob("*.py")]:
        for node in ast.walk(ast.parse(path.read_text())):
            match node:
                case ast.Import(names) if any(name.name.partition(".")[0] == "cv2" for name in names):
                    modules.add(path.relative_to(ROOT))
                case ast.ImportFrom(module=str(module)) if module.partition(".")[0] == "cv2":
                    modules.add(path.relative_to(ROOT))
    assert modules == {Path("device/vision/opencv.py")}
