"""No picture leaves the box or is stored: strace records what it opens, creates and connects to."""

from __future__ import annotations

import base64
import re
import threading
from collections.abc import Callable
from contextlib import closing
from itertools import islice
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from device.config.settings import Settings
from device.control import page_commands as page
from device.control.client import ask, subscribe
from device.demo.server import PrivateMpd
from device.live.picture import MAX_SIDE
from device.system import private_memory
from device.vision.detector import crop_face
from device.vision.frame import scaled_down
from device.vision.observation import CROPS, FaceAnalyzer
from device.vision.pictures import read_picture
from tests.device.cli.commands import moodbox, running, status
from tests.device.memory_search import found_in, words_of
from tests.waiting import eventually

CALLS = (
    "open,openat,openat2,creat,mkdir,mkdirat,rename,renameat,renameat2,link,linkat,memfd_create,connect,bind"
)
WRITES = re.compile(r'(?:open|openat|openat2|creat)\((?:AT_FDCWD, |\d+, )?"([^"]+)".*O_(?:WRONLY|RDWR|CREAT)')


def test_the_box_writes_only_its_memory_and_connects_only_to_mpd(
    settings_file: Path, settings: Settings, library: PrivateMpd, tmp_path: Path
) -> None:
    trace = tmp_path / "trace"
    with running(settings_file, "strace", "-D", "-f", "-qq", "-e", f"trace={CALLS}", "-o", str(trace)) as box:
        eventually(lambda: status(settings_file)["playing"] == "play", 60)
        moodbox("press", "--settings", settings_file)
        watch(settings_file, settings)
        box.terminate()
        box.wait(timeout=60)

    calls = [line for line in trace.read_text().splitlines() if " = -1 " not in line]
    picture_reads = [line for line in calls if str(settings.camera.source.removeprefix("images:")) in line]
    assert len(picture_reads) >= 3, (
        "the trace must show both observations and the live picture; otherwise it proves nothing"
    )

    written = {found[1] for line in calls if (found := WRITES.search(line))}
    state = settings.service.state_path()
    allowed = {
        str(state / f"{name}.db{end}")
        for name in ("moodbox", "songs")
        for end in ("", "-wal", "-shm", "-journal")
    } | {"/dev/null"}
    assert written <= allowed, written - allowed
    assert str(state / "moodbox.db") in written

    other = [line for line in calls if re.search(r" (rename|link|memfd_create|mkdir)\w*\(", line)]
    assert all(str(state) in line for line in other), other
    sockets = {
        found[1] for line in calls if (found := re.search(r"(?:connect|bind)\(\d+, (.*?), \d+\)", line))
    }
    assert sockets == {
        f'{{sa_family=AF_UNIX, sun_path="{path}"}}' for path in (library.address, settings.service.socket)
    }


def test_a_box_that_rests_has_no_part_of_a_face_in_its_memory(
    settings_file: Path, settings: Settings, library: PrivateMpd
) -> None:
    """Its memory is searched for the face in the frame, in the picture that the cascade got, and the crop."""
    frame = read_picture(Path(settings.camera.source.removeprefix("images:")))
    analyzer = FaceAnalyzer(settings.model, settings.look)
    face = analyzer.analyze(frame).face
    assert face
    card = analyzer.card
    crops = [crop_face(frame, face, card.crop, card.side, variation) for variation in CROPS]
    in_frame = frame[face.y : face.y + face.height : 4, face.x : face.x + face.width]
    with running(settings_file) as box:
        eventually(lambda: status(settings_file)["state"] == "mood", 60)
        moodbox("press", "--settings", settings_file)
        eventually(lambda: status(settings_file)["state"] == "mood", 60)
        pictures = {"frame": in_frame, "crops": np.concatenate(crops)}
        # The search finds what is there: the path of the settings, which the box keeps.
        pictures["path"] = np.frombuffer(str(settings_file).encode(), np.uint8)[None, :]
        found = found_in(box.pid, {name: words_of(picture) for name, picture in pictures.items()})
        box.terminate()
    assert found.pop("path")
    assert found == {"frame": 0, "crops": 0}


def test_once_nobody_watches_no_part_of_the_live_picture_is_left(
    settings_file: Path, settings: Settings, library: PrivateMpd
) -> None:
    """Neither as the camera gave it, nor smaller, nor as it was sent: as JPEG, and as text."""
    with running(settings_file) as box:

        def is_there(text: str) -> bool:
            return bool(found_in(box.pid, {"text": needles_of(text.encode())})["text"])

        shown = watch(settings_file, settings, is_there)
        frame = read_picture(Path(settings.camera.source.removeprefix("images:")))
        small = scaled_down(frame, MAX_SIDE)
        x, y, width, height = shown["face"]
        needles = {
            "frame": words_of(frame[y : y + height : 4, x : x + width]),
            "smaller": words_of(small[y : y + height : 4, x : x + width]),
            "JPEG": needles_of(base64.b64decode(shown["jpeg"])),
            "text": needles_of(shown["jpeg"].encode()),
        }
        found = found_in(box.pid, needles)
        box.terminate()
    assert found == dict.fromkeys(found, 0)


def watch(settings_file: Path, settings: Settings, search: Callable[[str], bool] = bool) -> dict[str, Any]:
    """Watch the live picture for a second, and return a frame of it; `search` has to find its JPEG's text."""
    path = settings.service.socket_path()
    eventually(lambda: status(settings_file)["state"] == "mood", 60)
    allowed = threading.Thread(target=ask, args=(path, page.Allow(what="aim")))
    allowed.start()
    eventually(lambda: status(settings_file)["state"] == "asked", 60)
    ask(path, page.Pair())
    allowed.join()
    with closing(subscribe(path, page.Frames())) as lines:
        frames = (line for line in lines if line["jpeg"])
        # On a busy machine the box may already have sent the next one from the same memory.
        shown = next((frame for frame in islice(frames, 3, 11) if search(frame["jpeg"])), None)
        assert shown, "otherwise the search proves nothing"
    eventually(lambda: status(settings_file)["state"] == "mood", 60)
    return shown


def needles_of(content: bytes) -> NDArray[np.uint64]:
    """The words in the middle of what was sent: a file's head and end are alike everywhere."""
    return words_of(np.frombuffer(content[1000:-100], np.uint8)[None, :])


def test_what_keeps_the_memory_private_does_not_use_what_tflite_only_reserves(
    settings_file: Path, library: PrivateMpd
) -> None:
    """TFLite allocates 256 MB for a model and uses hardly any of them: a small Pi does not have these."""
    with running(settings_file) as box:
        eventually(lambda: status(settings_file)["state"] == "mood", 60)
        lines = Path(f"/proc/{box.pid}/status").read_text().splitlines()
        box.terminate()
    [peak_kib] = [int(line.split()[1]) for line in lines if line.startswith("VmHWM:")]
    assert peak_kib < 200 * 1024


def test_the_memory_of_a_box_is_locked_or_the_log_says_why_not(
    settings_file: Path, library: PrivateMpd
) -> None:
    with running(settings_file) as box:
        lines = Path(f"/proc/{box.pid}/status").read_text().splitlines()
        limits = Path(f"/proc/{box.pid}/limits").read_text()
        box.terminate()
        assert box.stderr
        log = box.stderr.read()
    [locked] = [int(line.split()[1]) for line in lines if line.startswith("VmLck:")]
    assert locked or "the memory cannot be locked" in log
    assert re.search(r"Max core file size +0 +0", limits)


@pytest.mark.parametrize(
    ("swaps", "controllers", "note"),
    [
        ("Filename\n", "memory", ""),
        ("Filename\n/dev/zram0\n", "cpu memory pids", "MemorySwapMax holds"),
        ("Filename\n/var/swap\n", "cpu pids", "the kernel's memory controller is off"),
        (None, "", "is not known"),
    ],
)
def test_check_says_what_keeps_the_memory_out_of_the_swap(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, swaps: str | None, controllers: str, note: str
) -> None:
    for name, text in (("SWAPS", swaps), ("CONTROLLERS", controllers)):
        monkeypatch.setattr(private_memory, name, tmp_path / name)
        if text is not None:
            (tmp_path / name).write_text(text)
    assert note in private_memory.swap_note()
    assert bool(note) is bool(private_memory.swap_note())
