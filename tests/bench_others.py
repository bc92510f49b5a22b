"""The worker of `tests.bench_eyes`: ways from a frame to a reading, one kind to a process.

    python -m tests.bench_others KIND THREADS FOLDER

FOLDER holds the frames as `.npy` files, grey. The worker writes a line with its ways as soon as it can be
asked, then for each line it reads, `["way", "frame", times]`, one with the faces that were read and the
seconds that each run took. All lines are JSON. What a kind needs is loaded where it is used: each is run by
a Python of its own.
"""

from __future__ import annotations

import importlib
import importlib.metadata
import json
import sys
import time
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

Frame = NDArray[np.uint8]
Action = Callable[[], int]  # what is timed; returns how many faces were read
Way = Callable[[Frame], Action]  # makes ready, untimed

WARM_UP = 3  # TensorFlow traces at the first run, and the caches fill


def moodbox(runtime: str) -> dict[str, Way]:
    """The box's own eyes, on the model that it brings."""
    from device.config.settings import Look, Model
    from device.vision.observation import FaceAnalyzer

    analyzer = FaceAnalyzer(Model(runtime=runtime), Look())  # type: ignore[arg-type]  # one of MODULES' keys

    def first(frame: Frame) -> Action:
        return lambda: int(analyzer.analyze(frame).probabilities is not None)

    def following(frame: Frame) -> Action:
        last = analyzer.analyze(frame).face
        return lambda: int(analyzer.analyze(frame, last).probabilities is not None)

    return {"first": first, "following": following}


def interpreters(runtime: str) -> dict[str, Way]:
    """The model alone, on a crop, by each of the runtime's ways. THREADS do not matter here."""
    from device.config.settings import Settings
    from device.vision.tflite import MODULES

    module = importlib.import_module(MODULES[runtime])
    content = Settings().model.file().read_bytes()

    def way(threads: int, kernels: Any) -> Way:
        made = module.Interpreter(
            model_content=content, num_threads=threads, experimental_op_resolver_type=kernels
        )
        made.allocate_tensors()
        entry, answer = made.get_input_details()[0], made.get_output_details()[0]

        def prepare(frame: Frame) -> Action:
            crop = cv2.resize(frame, tuple(entry["shape"][1:3].tolist()))[np.newaxis, ..., np.newaxis]

            def read() -> int:
                made.set_tensor(entry["index"], crop)
                made.invoke()
                return len(made.get_tensor(answer["index"]))

            return read

        return prepare

    kinds = {
        "": module.OpResolverType.AUTO,
        ", no XNNPACK": module.OpResolverType.BUILTIN_WITHOUT_DEFAULT_DELEGATES,
    }
    return {
        f"{threads} thread{'s' if threads > 1 else ''}{kind}": way(threads, kernels)
        for kind, kernels in kinds.items()
        for threads in (1, 2)
    }


def fer(threads: int) -> dict[str, Way]:
    """The package `fer`, whole: first as it comes, then with the Keras model that it had alone until 2025."""
    _limit_tensorflow(threads)
    from fer.fer import FER  # type: ignore[import-not-found]  # in .bench only

    def way(**options: bool) -> Way:
        detector = FER(mtcnn=False, **options)

        def prepare(frame: Frame) -> Action:
            colour = cv2.cvtColor(frame, cv2.COLOR_GRAY2BGR)  # it takes nothing else, and makes it grey again
            return lambda: len(detector.detect_emotions(colour))

        return prepare

    name = f"fer {importlib.metadata.version('fer')}"
    return {name: way(), f"{name}, Keras model": way(use_tflite=False)}


def plain(threads: int) -> dict[str, Way]:
    """What tutorials do: the whole frame by Haar with 1.1 and 5, then the float network on each box."""
    _limit_tensorflow(threads)
    from converter.networks.architectures import paper

    network = paper(3)  # with random weights: no time depends on them
    cascade = cv2.CascadeClassifier(
        str(Path(cv2.__file__).parent / "data" / "haarcascade_frontalface_default.xml")
    )

    def way(answer: Callable[[NDArray[np.float32]], Any]) -> Way:
        def act(frame: Frame) -> int:
            boxes = cascade.detectMultiScale(frame, scaleFactor=1.1, minNeighbors=5)
            for x, y, width, height in boxes:
                crop = cv2.resize(frame[y : y + height, x : x + width], (48, 48))
                np.asarray(answer(crop.astype(np.float32)[np.newaxis, ..., np.newaxis]))
            return len(boxes)

        return lambda frame: lambda: act(frame)

    return {
        "Haar, Keras predict()": way(lambda crop: network.predict(crop, verbose=0)),
        "Haar, Keras call": way(lambda crop: network(crop, training=False)),
    }


def _limit_tensorflow(threads: int) -> None:
    import tensorflow as tf

    tf.config.threading.set_intra_op_parallelism_threads(threads)
    tf.config.threading.set_inter_op_parallelism_threads(threads)


def ways_of(kind: str, threads: int) -> dict[str, Way]:
    kind, _, runtime = kind.partition(":")
    if kind == "moodbox":
        return moodbox(runtime)
    if kind == "interpreters":
        return interpreters(runtime)
    return {"fer": fer, "plain": plain}[kind](threads)


def timed(action: Callable[[], object]) -> float:
    start = time.perf_counter()
    action()
    return time.perf_counter() - start


def main(kind: str, threads: int, folder: Path) -> None:
    answers, sys.stdout = sys.stdout, sys.stderr  # libraries print what they like
    cv2.setNumThreads(threads)
    ways = ways_of(kind, threads)

    @cache
    def ready(way: str, frame: str) -> tuple[int, Action]:
        action = ways[way](np.load(folder / f"{frame}.npy"))
        return [action() for _ in range(WARM_UP)][-1], action

    print(json.dumps(list(ways)), file=answers, flush=True)
    for line in sys.stdin:
        way, frame, times = json.loads(line)
        faces, action = ready(way, frame)
        print(json.dumps([faces, [timed(action) for _ in range(times)]]), file=answers, flush=True)


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]), Path(sys.argv[3]))
