"""`make bench-presses PHOTOS=FOLDER`: does every press bring music, and how soon?

For each picture in the folder the real box with a real MPD gets one press of its button, in front of a camera
that gives this picture again and again. MPD was stopped before. The time is from the moment when the button
goes down; the box first waits until no second press can follow (`panel.double_press`).
"""

from __future__ import annotations

import argparse
import contextlib
import statistics
import sys
import time
from collections import defaultdict
from collections.abc import Iterator, Sequence
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import mutagen
import numpy as np
import soundfile

import device
from device.box.state import Activity
from device.config.settings import Camera, Music, Service, Settings
from device.demo.harness import Harness, harness_for
from device.demo.server import PrivateMpd
from device.vision.frame import Frame
from device.vision.pictures import find_pictures, read_picture
from tests.bench import machine
from tests.device.box.helpers import EndlessCamera

LIMIT_S = 15.0
FRAMES_PER_SECOND = 10
GENRES = ("Disco", "Pop", "Jazz", "Folk", "Blues", "Ambient")
SONGS = 60


class StillCamera(EndlessCamera):
    """A camera without end in front of which one picture stands."""

    def __init__(self, frame: Frame) -> None:
        self.frame = frame

    def read(self) -> Frame:
        time.sleep(1 / FRAMES_PER_SECOND)
        return self.frame


def add_songs(mpd: PrivateMpd) -> None:
    for number in range(SONGS):
        path = mpd.music / f"{number:02}.ogg"
        soundfile.write(path, np.zeros(8000 * 60, np.float32), 8000, format="OGG", subtype="VORBIS")
        file = mutagen.File(path)
        file.update({"genre": [GENRES[number % len(GENRES)]], "title": [str(number)]})
        file.save()
    mpd.update()


@contextlib.contextmanager
def box(folder: Path, camera: StillCamera) -> Iterator[tuple[Harness, Any]]:
    with PrivateMpd(folder) as mpd:
        add_songs(mpd)
        settings = Settings(
            camera=Camera(source="images:unused"),
            music=Music(address=str(folder / "mpd.sock"), listen=False),
            service=Service(socket=str(folder / "control.sock"), state=str(folder / "state")),
        )
        with harness_for(settings, camera) as harness:
            yield harness, mpd.client()


def wait_for_music(client: Any, since: float) -> float | None:
    """Seconds until MPD plays; None if it does not in time."""
    while time.monotonic() < since + LIMIT_S:
        if client.status()["state"] == "play":
            return time.monotonic() - since
        time.sleep(0.005)
    return None


def mpd_alone(client: Any) -> float:
    """Seconds that MPD needs by itself from a request for a song until it plays."""
    client.stop()
    client.clear()
    since = time.monotonic()
    client.add("00.ogg")
    client.play()
    seconds = wait_for_music(client, since)
    client.stop()
    client.clear()
    return seconds or LIMIT_S


def press_for(harness: Harness, client: Any, camera: StillCamera, picture: Path) -> tuple[str, float | None]:
    """Press once in front of a picture. Returns what the music was chosen by, and after how many seconds."""
    while harness.state.activity is not Activity.RESTING:  # the look before may end after its music has begun
        time.sleep(0.005)
    client.stop()
    while harness.status()["playing"] != "stop":
        time.sleep(0.005)
    camera.frame = read_picture(picture)
    since = time.monotonic()
    harness.press()
    seconds = wait_for_music(client, since)
    return str(harness.status()["chosen_by"]), seconds


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="make bench-presses")
    parser.add_argument(
        "folder", type=Path, nargs="?", default=Path(device.__file__).parent / "pictures", help="of pictures"
    )
    pictures = list(find_pictures(parser.parse_args(arguments).folder))
    camera = StillCamera(np.full((240, 320), 120, np.uint8))
    times: dict[str, list[float]] = defaultdict(list)
    silent = []
    with TemporaryDirectory() as place, box(Path(place), camera) as (harness, client):
        while harness.status()["state"] != "no_face":
            time.sleep(0.05)
        harness.press()  # so that the box no longer looks by itself
        alone = statistics.median(mpd_alone(client) for _ in range(5))
        for picture in pictures:
            chosen_by, seconds = press_for(harness, client, camera, picture)
            if seconds is None:
                silent.append(picture)
            else:
                times[chosen_by].append(seconds)
    played = sum(map(len, times.values()))
    print(f"{played} of {len(pictures)} presses brought music ({machine()})")
    for picture in silent:
        print(f"no music: {picture}")
    print(f"MPD alone needs {alone:.2f} s until a song plays")
    print("| chosen by | presses | median s | longest s |")
    print("| --- | --- | --- | --- |")
    for chosen_by, each in sorted(times.items()):
        print(f"| {chosen_by} | {len(each)} | {statistics.median(each):.2f} | {max(each):.2f} |")
    return 1 if silent else 0


if __name__ == "__main__":
    sys.exit(main())
