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
from device.vision.frame import LONGEST_SIDE
from device.vision.pictures import MOST_BYTES, find_pictures, pictures_in, read_picture, read_whole
from tests.device.conftest import HAPPY
from tests.device.vision.odd_pictures import APPLE_DOUBLE, encoded, png_of_zeros

ROOT = Path(__file__).parents[3]
GREY = np.tile(np.arange(0, 240, 4, dtype=np.uint8), (40, 1))
NOT_UTF_8 = os.fsdecode(b"caf\xe9.png")

# Reads a picture in a process of its own, and prints what became of it and how many MiB that took at most.
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


def read_apart(path: Path) -> tuple[str, int]:
    """What is said of the picture, and the MiB that were taken."""
    done = subprocess.run(
        [sys.executable, "-c", READ, path], capture_output=True, text=True, check=False, timeout=60
    )
    assert done.returncode == 0, done.stderr
    said, taken = done.stdout.splitlines()
    return said, int(taken)


@pytest.mark.parametrize("kind", [".png", ".jpg", ".bmp", ".pgm"])
@pytest.mark.parametrize("shape", [(1, 1), (3, 1000), (1000, 3), (40, 60)])
def test_a_picture_is_read_as_opencv_reads_it_whatever_its_shape(
    tmp_path: Path, kind: str, shape: tuple[int, int]
) -> None:
    path = tmp_path / f"picture{kind}"
    path.write_bytes(encoded(kind, np.resize(GREY, shape)))
    assert (read_whole(path) == cv2.imread(str(path), cv2.IMREAD_GRAYSCALE)).all()
    assert max(read_picture(path).shape) <= LONGEST_SIDE
    assert min(read_picture(path).shape) >= 1


def test_a_photo_is_read_as_it_is_meant_to_be_seen(tmp_path: Path) -> None:
    """As its EXIF says: turned by a quarter."""
    exif = b"Exif\0\0II*\0\x08\0\0\0\x01\0\x12\x01\x03\0\x01\0\0\0\x06\0\0\0\0\0\0\0"
    photo = HAPPY.read_bytes()
    turned = photo[:2] + b"\xff\xe1" + (len(exif) + 2).to_bytes(2, "big") + exif + photo[2:]
    (tmp_path / "turned.jpg").write_bytes(turned)
    assert read_picture(tmp_path / "turned.jpg").shape == read_picture(HAPPY).shape[::-1]


def test_a_name_that_is_not_utf_8_is_a_name_like_any_other(tmp_path: Path) -> None:
    path = tmp_path / NOT_UTF_8
    path.write_bytes(encoded(".png", GREY))
    assert read_apart(path)[0] == "(40, 60)"
    path.write_bytes(b"no picture")
    said, _ = read_apart(path)
    assert said.endswith("caf\\udce9.png: not a picture that can be read")


@pytest.mark.parametrize(
    ("content", "said"),
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
def test_what_is_no_picture_is_said_in_a_line(tmp_path: Path, content: bytes, said: str) -> None:
    (tmp_path / "a\nb.png").write_bytes(content)
    with pytest.raises(CameraError) as failed:
        read_picture(tmp_path / "a\nb.png")
    assert str(failed.value).startswith(f"{tmp_path}/a\\nb.png: {said}")


def test_more_pixels_than_a_small_pi_can_hold_are_refused_before_they_take_memory(tmp_path: Path) -> None:
    path = tmp_path / "large.png"
    path.write_bytes(png_of_zeros(6000, 6000))
    said, taken = read_apart(path)
    assert said.endswith("large.png: too large a picture, above 34 megapixels: make it smaller")
    assert taken < 30
    path.write_bytes(png_of_zeros(5000, 5000))
    assert read_apart(path)[0] == "(640, 640)"


def test_a_damaged_length_in_a_png_takes_no_memory(tmp_path: Path) -> None:
    """OpenCV takes as much as a chunk claims to have, 2 GB here, and only then finds that there is less."""
    content = bytearray(encoded(".png", GREY))
    content[33] |= 0x80  # the length of what follows the header
    (tmp_path / "a.png").write_bytes(content)
    said, taken = read_apart(tmp_path / "a.png")
    assert said.endswith("not a picture that can be read")
    assert taken < 30


def test_a_png_may_have_something_behind_its_end(tmp_path: Path) -> None:
    (tmp_path / "a.png").write_bytes(encoded(".png", GREY) + b"what a camera's maker has put there")
    assert (read_picture(tmp_path / "a.png") == GREY).all()


def test_a_file_of_more_bytes_than_a_picture_has_is_not_read(tmp_path: Path) -> None:
    path = tmp_path / "a.bmp"
    path.write_bytes(encoded(".bmp", GREY))
    os.truncate(path, MOST_BYTES + 1)
    said, taken = read_apart(path)
    assert said.endswith("a.bmp: too large a picture, above 64 MiB: make it smaller")
    assert taken < 30


def test_what_is_no_file_is_not_waited_for(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "a.png")
    (tmp_path / "b.png").mkdir()
    for name, said in (
        ("a.png", "not a file"),
        ("b.png", "cannot be read: Is a directory"),
        ("c.png", "no such file"),
    ):
        with pytest.raises(CameraError, match=f"{name}: {said}"):
            read_picture(tmp_path / name)
    with pytest.raises(CameraError, match=r"cannot be read: .*embedded null"):
        read_picture(tmp_path / "a\0b")


def test_only_pictures_are_found_and_by_name(tmp_path: Path) -> None:
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


def test_a_link_to_a_picture_counts_and_one_that_leads_nowhere_or_in_a_circle_does_not(
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


def test_a_folder_that_goes_while_others_are_read_is_passed_over(tmp_path: Path) -> None:
    for name in ("a", "b", "c"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "1.png").touch()
    passed_over: list[CameraError] = []
    pictures = find_pictures(tmp_path, passed_over.append)
    assert next(pictures) == tmp_path / "a" / "1.png"
    shutil.rmtree(tmp_path / "b")
    assert list(pictures) == [tmp_path / "c" / "1.png"]
    assert [str(error) for error in passed_over] == [f"{tmp_path}/b: no such file or folder"]


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("none", "no such file or folder"),
        ("a.png/b", "no such file or folder"),
        ("x" * 300, "cannot be read: File name too long"),
        ("a\0b", "cannot be read: .*embedded null"),
        ("empty", "no picture in this folder or below; known are .bmp, .jpeg"),
    ],
)
def test_where_no_picture_is_is_said(tmp_path: Path, name: str, said: str) -> None:
    (tmp_path / "a.png").touch()
    (tmp_path / "empty").mkdir()
    (tmp_path / "empty" / "._a.png").write_bytes(APPLE_DOUBLE)
    with pytest.raises(CameraError, match=said):
        find_pictures(tmp_path / name)


def test_opencv_is_loaded_in_one_place_with_its_bound() -> None:
    """An import elsewhere could come first, and OpenCV would know no bound."""
    places = set()
    for path in [*(ROOT / "device").rglob("*.py"), *(ROOT / "converter").rglob("*.py")]:
        for node in ast.walk(ast.parse(path.read_text())):
            match node:
                case ast.Import(names) if any(name.name.partition(".")[0] == "cv2" for name in names):
                    places.add(path.relative_to(ROOT))
                case ast.ImportFrom(module=str(module)) if module.partition(".")[0] == "cv2":
                    places.add(path.relative_to(ROOT))
    assert places == {Path("device/vision/opencv.py")}
