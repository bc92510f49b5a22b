"""`make bench`, second part: from a frame to a reading, by the box and by what others do.

Each kind runs in a process of its own, and they take turns, a few frames each: whatever else the machine
does meets all alike. A ratio is taken within each turn, and its median is printed; it says more than a time.
Each looks for what it looks for: the package `fer` for upright faces from 50 px on, Haar alone for upright
ones from 24 px on, the box for those from a twelfth of the frame's height on, leaning ones too.
"""

from __future__ import annotations

import json
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Iterable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from importlib.util import find_spec
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

import device
from device.config import settings
from device.vision.pictures import read_picture
from device.vision.tflite import MODULES

ROOT = Path(__file__).resolve().parent.parent
PICTURE = Path(device.__file__).parent / "pictures" / "eileen_collins.jpg"
SIZES = ((320, 240), (640, 480))
SHARE = 1 / 3  # of the frame's height: the side of the detector's box around the face
FRAMES = [f"{width}x{height} {what}" for width, height in SIZES for what in ("face", "empty")]
THREADS = (1, 2)
SEED = 2  # of the spots: one in which nobody here sees a face
DEPTH = 2  # of the spots, in grey values
ROUNDS = 11
BLOCK = 5  # frames to a turn

RUNTIMES = [name for name, module in MODULES.items() if find_spec(module.partition(".")[0])]
DEFAULT = RUNTIMES[0]  # as the box chooses
FIRST, FOLLOWING = "moodbox, first frame", "moodbox, following"
LOOK = f"moodbox, mean of a look of {settings.Look().readings}"


class WorkerError(Exception):
    """A worker that ended; says why."""


@dataclass
class Worker:
    """A process of `tests.bench_others`."""

    process: subprocess.Popen[str]
    errors: Path
    ways: list[str] = field(default_factory=list)

    def answer(self) -> list[object]:
        assert self.process.stdout
        line = self.process.stdout.readline()
        if not line:
            said = self.errors.read_text(errors="replace").strip().splitlines()
            raise WorkerError(said[-1] if said else f"ended with {self.process.wait()}")
        answer: list[object] = json.loads(line)
        return answer

    def run(self, way: str, frame: str) -> tuple[int, list[float]]:
        """How many faces were read, and the seconds of each run of one block."""
        assert self.process.stdin
        print(json.dumps([way, frame, BLOCK]), file=self.process.stdin, flush=True)
        faces, seconds = self.answer()
        return faces, seconds  # type: ignore[return-value]  # JSON has no types


@contextmanager
def worker(python: str, kind: str, threads: int, folder: Path) -> Iterator[Worker]:
    errors = folder / f"{kind}-{threads}.txt"
    with (
        errors.open("w") as stderr,
        subprocess.Popen(
            [python, "-m", "tests.bench_others", kind, str(threads), str(folder)],
            cwd=ROOT,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=stderr,
            text=True,
        ) as process,
    ):
        made = Worker(process, errors)
        try:
            made.ways = [str(way) for way in made.answer()]
            yield made
        finally:
            process.kill()


@dataclass
class Times:
    """What one way took on one frame. blocks: the median of each turn, in seconds."""

    seconds: list[float] = field(default_factory=list)
    blocks: list[float] = field(default_factory=list)

    def add(self, seconds: list[float]) -> None:
        self.seconds += seconds
        self.blocks.append(statistics.median(seconds))

    def over(self, other: Times) -> float:
        """How many times as long as the other, turn by turn."""
        return statistics.median(a / b for a, b in zip(self.blocks, other.blocks, strict=True))


Table = dict[tuple[str, str], Times]  # by way and frame


def main() -> None:
    with tempfile.TemporaryDirectory(prefix="moodbox-bench-") as name:
        folder = Path(name)
        for width, height in SIZES:
            np.save(folder / f"{width}x{height} face.npy", with_face(width, height))
            np.save(folder / f"{width}x{height} empty.npy", without_face(width, height))
        print(f"\nfrom a frame to a reading, median; in turns, {ROUNDS * BLOCK} runs each")
        for threads in THREADS:
            bench_frames(folder, threads)
        bench_interpreters(folder)


def bench_frames(folder: Path, threads: int) -> None:
    kinds = [(sys.executable, f"moodbox:{runtime}") for runtime in RUNTIMES]
    if (ROOT / ".bench" / ".ready").exists():
        kinds.insert(1, (str(ROOT / ".bench" / "bin" / "python"), "fer"))
    kinds.insert(-1, (sys.executable, "plain"))
    with ExitStack() as stack:
        workers = started(stack, kinds, threads, folder)
        table = with_looks(in_turns(workers, FRAMES))
    heading = "one thread" if threads == 1 else f"{threads} threads, in TFLite one"
    print()
    row(heading, FRAMES)
    ways = list(dict.fromkeys(way for way, _ in table))
    for way in ways:
        row(way, (cell(table, way, frame) for frame in FRAMES))
    for way in ways:
        if way.startswith("moodbox"):
            continue
        for base in (FIRST, FOLLOWING, LOOK):
            if (base, FRAMES[0]) in table:
                row(f"{way} / {base}", (ratio(table, way, base, frame) for frame in FRAMES))


def bench_interpreters(folder: Path) -> None:
    kinds = [(sys.executable, f"interpreters:{runtime}") for runtime in RUNTIMES]
    with ExitStack() as stack:
        table = in_turns(started(stack, kinds, 1, folder), FRAMES[:1])
    print()
    row("the model alone, one crop", ("median", "/ the box's"))
    usual = f"{DEFAULT}, 1 thread"
    for way, frame in table:
        beside = ratio(table, way, usual, frame) if (usual, frame) in table else ""
        row(way, (cell(table, way, frame), beside))


def started(
    stack: ExitStack, kinds: Iterable[tuple[str, str]], threads: int, folder: Path
) -> list[tuple[str, Worker]]:
    """A worker of each kind that there can be here; of the others it says in a line why not."""
    workers = []
    for python, kind in kinds:
        try:
            workers.append((kind, stack.enter_context(worker(python, kind, threads, folder))))
        except (WorkerError, OSError) as error:
            print(f"without {kind}: {error}")
    return workers


def in_turns(workers: list[tuple[str, Worker]], frames: list[str]) -> Table:
    table: Table = {}
    faces = {}
    for _ in range(ROUNDS):
        for frame in frames:
            for kind, its in workers:
                for way in its.ways:
                    if way == "following" and "empty" in frame:
                        continue  # no face to follow: such a frame is searched like a first one
                    name = full_name(kind, way)
                    faces[name, frame], seconds = its.run(way, frame)
                    table.setdefault((name, frame), Times()).add(seconds)
    for (name, frame), count in faces.items():
        if count != ("face" in frame):
            print(f"{name} found {count} faces in {frame}")
    return table


def with_looks(table: Table) -> Table:
    """And a frame of a whole look, turn by turn: one first frame, the others following."""
    looks = {}
    following = settings.Look().readings - 1
    for frame in FRAMES:
        if (FOLLOWING, frame) in table:
            first, next_ = table[FIRST, frame], table[FOLLOWING, frame]
            looks[LOOK, frame] = Times(
                *(
                    [(a + following * b) / (1 + following) for a, b in zip(one, other, strict=True)]
                    for one, other in ((first.seconds, next_.seconds), (first.blocks, next_.blocks))
                )
            )
    return looks | table


def full_name(kind: str, way: str) -> str:
    kind, _, runtime = kind.partition(":")
    if kind == "interpreters":
        return f"{runtime}, {way}"
    if kind == "moodbox":
        name = {"first": FIRST, "following": FOLLOWING}[way]
        return name if runtime == DEFAULT else f"{name}, {runtime}"
    return way


def cell(table: Table, way: str, frame: str) -> str:
    times = table.get((way, frame))
    return f"{1000 * statistics.median(times.seconds):.1f} ms" if times else "-"


def ratio(table: Table, way: str, base: str, frame: str) -> str:
    times, others = table.get((way, frame)), table.get((base, frame))
    if not times or not others:
        return "-"
    over = times.over(others)
    return f"{over:.1f} x" if over >= 1 else f"{over:.2f} x"


def with_face(width: int, height: int) -> NDArray[np.uint8]:
    """A face of SHARE of the frame's height before a plain wall."""
    picture = read_picture(PICTURE)
    cascade = cv2.CascadeClassifier(
        str(Path(cv2.__file__).parent / "data" / "haarcascade_frontalface_default.xml")
    )
    boxes = cascade.detectMultiScale(picture, scaleFactor=1.05, minNeighbors=8)
    scale = SHARE * height / max(side for *_, side in boxes)
    method = cv2.INTER_AREA if scale < 1 else cv2.INTER_LINEAR
    picture = np.asarray(cv2.resize(picture, None, fx=scale, fy=scale, interpolation=method), dtype=np.uint8)
    high, wide = picture.shape
    left = (width - wide) // 2
    frame = wall(width, height)
    # Its left, right and upper edge fade: no room has a sharp frame around a face.
    x, y = np.arange(wide), np.arange(high)[:, np.newaxis]
    weight = np.minimum(np.minimum(np.minimum(x, x[::-1]), y) / (wide / 10), 1)
    part = frame[height - high :, left : left + wide]
    part += weight * (picture - part)
    return frame.round().astype(np.uint8)


def without_face(width: int, height: int) -> NDArray[np.uint8]:
    """The wall with blurred spots on it, so that a cascade has something to look at."""
    frame, generator = wall(width, height), np.random.default_rng(SEED)
    for size in (0.04, 0.01):
        noise = cv2.GaussianBlur(generator.standard_normal((height, width)), (0, 0), size * height)
        frame += DEPTH * noise / noise.std()
    return frame.round().astype(np.uint8)


def wall(width: int, height: int) -> NDArray[np.float64]:
    """Lit from one side."""
    return np.linspace(190, 90, width) + np.linspace(20, -20, height)[:, np.newaxis]


def row(what: str, cells: Iterable[str]) -> None:
    print(f"{what:48}" + "".join(f"{text:>15}" for text in cells), flush=True)


if __name__ == "__main__":
    main()
