"""`make bench`, second part: the time from a frame to probabilities, of the box and of other methods.

Each kind runs in a process of its own, and they take turns of a few frames, so that other load on the machine
affects all alike. A ratio is taken within each turn, and the median of the ratios is printed; it says more
than a time. The methods search for different faces: the package `fer` for upright ones from 50 px, Haar alone
for upright ones from 24 px, the box for upright and tilted ones from a twelfth of the frame's height.
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
FACE_SHARE = 1 / 3  # the side of the detector's box around the face, as a share of the frame's height
FRAMES = [f"{width}x{height} {what}" for width, height in SIZES for what in ("face", "empty")]
THREADS = (1, 2)
SPOTS_SEED = 2  # with it, no method detects a face in the spots
SPOTS_DEVIATION = 2  # in grey values
ROUNDS = 11
FRAMES_PER_TURN = 5

RUNTIMES = [name for name, module in MODULES.items() if find_spec(module.partition(".")[0])]
DEFAULT_RUNTIME = RUNTIMES[0]  # which the box chooses
FIRST, FOLLOWING = "moodbox, first frame", "moodbox, following"
OBSERVATION = f"moodbox, mean of a look of {settings.Look().readings}"


class WorkerError(Exception):
    """A worker has ended; the message says why."""


@dataclass
class Worker:
    """A process of `tests.bench_others`."""

    process: subprocess.Popen[str]
    errors: Path
    methods: list[str] = field(default_factory=list)

    def answer(self) -> list[object]:
        """Its next line.

        Raises:
            WorkerError: It has ended.
        """
        assert self.process.stdout
        line = self.process.stdout.readline()
        if not line:
            lines = self.errors.read_text(errors="replace").strip().splitlines()
            raise WorkerError(lines[-1] if lines else f"ended with {self.process.wait()}")
        answer: list[object] = json.loads(line)
        return answer

    def run(self, method: str, frame: str) -> tuple[int, list[float]]:
        """Run one turn: the number of classified faces, and the seconds of each run."""
        assert self.process.stdin
        print(json.dumps([method, frame, FRAMES_PER_TURN]), file=self.process.stdin, flush=True)
        faces, seconds = self.answer()
        return faces, seconds  # type: ignore[return-value]  # JSON has no types


@contextmanager
def worker(python: str, kind: str, threads: int, folder: Path) -> Iterator[Worker]:
    """Start a worker, and end it after the block."""
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
        started_worker = Worker(process, errors)
        try:
            started_worker.methods = [str(method) for method in started_worker.answer()]
            yield started_worker
        finally:
            process.kill()


@dataclass
class Times:
    """The times of one method on one frame, in seconds; turns: the median of each turn."""

    seconds: list[float] = field(default_factory=list)
    turns: list[float] = field(default_factory=list)

    def add(self, seconds: list[float]) -> None:
        """Add a turn."""
        self.seconds += seconds
        self.turns.append(statistics.median(seconds))

    def ratio_to(self, other: Times) -> float:
        """How many times as long as the other: the median of the ratios of the turns."""
        return statistics.median(a / b for a, b in zip(self.turns, other.turns, strict=True))


Table = dict[tuple[str, str], Times]  # by method and frame


def main() -> None:
    """Make the frames, run all benches, and print the tables."""
    with tempfile.TemporaryDirectory(prefix="moodbox-bench-") as name:
        folder = Path(name)
        for width, height in SIZES:
            np.save(folder / f"{width}x{height} face.npy", with_face(width, height))
            np.save(folder / f"{width}x{height} empty.npy", without_face(width, height))
        print(f"\nfrom a frame to probabilities, median; in turns, {ROUNDS * FRAMES_PER_TURN} runs each")
        for threads in THREADS:
            bench_frames(folder, threads)
        bench_interpreters(folder)


def bench_frames(folder: Path, threads: int) -> None:
    """Print the times of whole methods."""
    kinds = [(sys.executable, f"moodbox:{runtime}") for runtime in RUNTIMES]
    if (ROOT / ".bench" / ".ready").exists():
        kinds.insert(1, (str(ROOT / ".bench" / "bin" / "python"), "fer"))
    kinds.insert(-1, (sys.executable, "plain"))
    with ExitStack() as stack:
        workers = start_workers(stack, kinds, threads, folder)
        table = with_observations(in_turns(workers, FRAMES))
    heading = "one thread" if threads == 1 else f"{threads} threads, in TFLite one"
    print()
    row(heading, FRAMES)
    methods = list(dict.fromkeys(method for method, _ in table))
    for method in methods:
        row(method, (cell(table, method, frame) for frame in FRAMES))
    for method in methods:
        if method.startswith("moodbox"):
            continue
        for base in (FIRST, FOLLOWING, OBSERVATION):
            if (base, FRAMES[0]) in table:
                row(f"{method} / {base}", (ratio(table, method, base, frame) for frame in FRAMES))


def bench_interpreters(folder: Path) -> None:
    """Print the times of the model alone."""
    kinds = [(sys.executable, f"interpreters:{runtime}") for runtime in RUNTIMES]
    with ExitStack() as stack:
        table = in_turns(start_workers(stack, kinds, 1, folder), FRAMES[:1])
    print()
    row("the model alone, one crop", ("median", "/ the box's"))
    default = f"{DEFAULT_RUNTIME}, 1 thread"
    for method, frame in table:
        relative = ratio(table, method, default, frame) if (default, frame) in table else ""
        row(method, (cell(table, method, frame), relative))


def start_workers(
    stack: ExitStack, kinds: Iterable[tuple[str, str]], threads: int, folder: Path
) -> list[tuple[str, Worker]]:
    """Start a worker of each kind that works on this machine, and print why the others do not."""
    workers = []
    for python, kind in kinds:
        try:
            workers.append((kind, stack.enter_context(worker(python, kind, threads, folder))))
        except (WorkerError, OSError) as error:
            print(f"without {kind}: {error}")
    return workers


def in_turns(workers: list[tuple[str, Worker]], frames: list[str]) -> Table:
    """Run all methods of all workers on all frames in turns."""
    table: Table = {}
    faces = {}
    for _ in range(ROUNDS):
        for frame in frames:
            for kind, running in workers:
                for method in running.methods:
                    if method == "following" and "empty" in frame:
                        continue  # no face to track: such a frame is searched like a first one
                    name = full_name(kind, method)
                    faces[name, frame], seconds = running.run(method, frame)
                    table.setdefault((name, frame), Times()).add(seconds)
    for (name, frame), count in faces.items():
        if count != ("face" in frame):
            print(f"{name} found {count} faces in {frame}")
    return table


def with_observations(table: Table) -> Table:
    """The table with the mean of a frame in a whole observation: a first frame, and following ones."""
    means = {}
    following = settings.Look().readings - 1
    for frame in FRAMES:
        if (FOLLOWING, frame) in table:
            first, next_ = table[FIRST, frame], table[FOLLOWING, frame]
            means[OBSERVATION, frame] = Times(
                *(
                    [(a + following * b) / (1 + following) for a, b in zip(firsts, others, strict=True)]
                    for firsts, others in ((first.seconds, next_.seconds), (first.turns, next_.turns))
                )
            )
    return means | table


def full_name(kind: str, method: str) -> str:
    """The printed name of a worker's method."""
    kind, _, runtime = kind.partition(":")
    if kind == "interpreters":
        return f"{runtime}, {method}"
    if kind == "moodbox":
        name = {"first": FIRST, "following": FOLLOWING}[method]
        return name if runtime == DEFAULT_RUNTIME else f"{name}, {runtime}"
    return method


def cell(table: Table, method: str, frame: str) -> str:
    """The median time, as text."""
    times = table.get((method, frame))
    return f"{1000 * statistics.median(times.seconds):.1f} ms" if times else "-"


def ratio(table: Table, method: str, base: str, frame: str) -> str:
    """How many times as long as `base` the method takes, as text."""
    times, others = table.get((method, frame)), table.get((base, frame))
    if not times or not others:
        return "-"
    value = times.ratio_to(others)
    return f"{value:.1f} x" if value >= 1 else f"{value:.2f} x"


def with_face(width: int, height: int) -> NDArray[np.uint8]:
    """A face in front of a plain wall."""
    picture = read_picture(PICTURE)
    cascade = cv2.CascadeClassifier(
        str(Path(cv2.__file__).parent / "data" / "haarcascade_frontalface_default.xml")
    )
    boxes = cascade.detectMultiScale(picture, scaleFactor=1.05, minNeighbors=8)
    scale = FACE_SHARE * height / max(side for *_, side in boxes)
    method = cv2.INTER_AREA if scale < 1 else cv2.INTER_LINEAR
    picture = np.asarray(cv2.resize(picture, None, fx=scale, fy=scale, interpolation=method), dtype=np.uint8)
    picture_height, picture_width = picture.shape
    left = (width - picture_width) // 2
    frame = wall(width, height)
    # The left, right and upper edges fade into the wall, because a sharp edge would be unnatural.
    x, y = np.arange(picture_width), np.arange(picture_height)[:, np.newaxis]
    weight = np.minimum(np.minimum(np.minimum(x, x[::-1]), y) / (picture_width / 10), 1)
    region = frame[height - picture_height :, left : left + picture_width]
    region += weight * (picture - region)
    return frame.round().astype(np.uint8)


def without_face(width: int, height: int) -> NDArray[np.uint8]:
    """The wall with blurred spots on it, so that a cascade does not reject every window at once."""
    frame, generator = wall(width, height), np.random.default_rng(SPOTS_SEED)
    for size in (0.04, 0.01):
        noise = cv2.GaussianBlur(generator.standard_normal((height, width)), (0, 0), size * height)
        frame += SPOTS_DEVIATION * noise / noise.std()
    return frame.round().astype(np.uint8)


def wall(width: int, height: int) -> NDArray[np.float64]:
    """A wall that is lit from one side."""
    return np.linspace(190, 90, width) + np.linspace(20, -20, height)[:, np.newaxis]


def row(label: str, cells: Iterable[str]) -> None:
    """Print a row of the table."""
    print(f"{label:48}" + "".join(f"{text:>15}" for text in cells), flush=True)


if __name__ == "__main__":
    main()
