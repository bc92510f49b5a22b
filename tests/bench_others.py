"""The worker of `tests.bench_eyes`: methods from a frame to probabilities, one kind for each process.

    python -m tests.bench_others KIND THREADS FOLDER

FOLDER has the grey frames as `.npy` files. The worker prints a line with its methods once it is ready. For
each line `["method", "frame", times]` of its input it prints a line with the number of classified faces and
the seconds of each run. All lines are JSON. Each kind imports what it needs where it uses it, because each
may run in another Python environment.
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
Action = Callable[[], int]  # what is timed; returns the number of classified faces
Method = Callable[[Frame], Action]  # the preparation for a frame, which is not timed

WARM_UP_RUNS = 3  # TensorFlow traces its graph in the first run, and caches fill


def moodbox(runtime: str) -> dict[str, Method]:
    """The box's face analyzer, with the shipped model."""
    from device.config.settings import Look, Model
    from device.vision.observation import FaceAnalyzer

    analyzer = FaceAnalyzer(Model(runtime=runtime), Look())  # type: ignore[arg-type]  # one of MODULES' keys

    def first(frame: Frame) -> Action:
        return lambda: int(analyzer.analyze(frame).probabilities is not None)

    def following(frame: Frame) -> Action:
        previous = analyzer.analyze(frame).face
        return lambda: int(analyzer.analyze(frame, previous).probabilities is not None)

    return {"first": first, "following": following}


def interpreters(runtime: str) -> dict[str, Method]:
    """The model alone, on one crop, by each of the runtime's kernels, with one and two threads."""
    from device.config.settings import Settings
    from device.vision.tflite import MODULES

    module = importlib.import_module(MODULES[runtime])
    content = Settings().model.file().read_bytes()

    def method(threads: int, kernels: Any) -> Method:
        interpreter = module.Interpreter(
            model_content=content, num_threads=threads, experimental_op_resolver_type=kernels
        )
        interpreter.allocate_tensors()
        model_input, model_output = interpreter.get_input_details()[0], interpreter.get_output_details()[0]

        def prepare(frame: Frame) -> Action:
            crop = cv2.resize(frame, tuple(model_input["shape"][1:3].tolist()))[np.newaxis, ..., np.newaxis]

            def classify() -> int:
                interpreter.set_tensor(model_input["index"], crop)
                interpreter.invoke()
                return len(interpreter.get_tensor(model_output["index"]))

            return classify

        return prepare

    kinds = {
        "": module.OpResolverType.AUTO,
        ", no XNNPACK": module.OpResolverType.BUILTIN_WITHOUT_DEFAULT_DELEGATES,
    }
    return {
        f"{threads} thread{'s' if threads > 1 else ''}{kind}": method(threads, kernels)
        for kind, kernels in kinds.items()
        for threads in (1, 2)
    }


def fer(threads: int) -> dict[str, Method]:
    """The whole package `fer`: with its defaults, and with the Keras model, its only one until 2025."""
    _limit_tensorflow(threads)
    from fer.fer import FER  # type: ignore[import-not-found]  # in .bench only

    def method(**options: bool) -> Method:
        detector = FER(mtcnn=False, **options)

        def prepare(frame: Frame) -> Action:
            colour = cv2.cvtColor(
                frame, cv2.COLOR_GRAY2BGR
            )  # it accepts nothing else, and converts it back to grey
            return lambda: len(detector.detect_emotions(colour))

        return prepare

    name = f"fer {importlib.metadata.version('fer')}"
    return {name: method(), f"{name}, Keras model": method(use_tflite=False)}


def plain(threads: int) -> dict[str, Method]:
    """What tutorials do: Haar on the whole frame with 1.1 and 5, then the float network on each box."""
    _limit_tensorflow(threads)
    from converter.networks.architectures import paper

    network = paper(3)  # with random weights, which do not affect the time
    cascade = cv2.CascadeClassifier(
        str(Path(cv2.__file__).parent / "data" / "haarcascade_frontalface_default.xml")
    )

    def method(predict: Callable[[NDArray[np.float32]], Any]) -> Method:
        def detect_and_classify(frame: Frame) -> int:
            boxes = cascade.detectMultiScale(frame, scaleFactor=1.1, minNeighbors=5)
            for x, y, width, height in boxes:
                crop = cv2.resize(frame[y : y + height, x : x + width], (48, 48))
                np.asarray(predict(crop.astype(np.float32)[np.newaxis, ..., np.newaxis]))
            return len(boxes)

        return lambda frame: lambda: detect_and_classify(frame)

    return {
        "Haar, Keras predict()": method(lambda crop: network.predict(crop, verbose=0)),
        "Haar, Keras call": method(lambda crop: network(crop, training=False)),
    }


def _limit_tensorflow(threads: int) -> None:
    import tensorflow as tf

    tf.config.threading.set_intra_op_parallelism_threads(threads)
    tf.config.threading.set_inter_op_parallelism_threads(threads)


def methods_of(kind: str, threads: int) -> dict[str, Method]:
    """The methods of a kind, by name."""
    kind, _, runtime = kind.partition(":")
    if kind == "moodbox":
        return moodbox(runtime)
    if kind == "interpreters":
        return interpreters(runtime)
    return {"fer": fer, "plain": plain}[kind](threads)


def timed(action: Callable[[], object]) -> float:
    """The seconds that `action` takes."""
    start = time.perf_counter()
    action()
    return time.perf_counter() - start


def main(kind: str, threads: int, folder: Path) -> None:
    """Answer each line of stdin."""
    answers, sys.stdout = sys.stdout, sys.stderr  # libraries print to stdout too
    cv2.setNumThreads(threads)
    methods = methods_of(kind, threads)

    @cache
    def ready(method: str, frame: str) -> tuple[int, Action]:
        action = methods[method](np.load(folder / f"{frame}.npy"))
        return [action() for _ in range(WARM_UP_RUNS)][-1], action

    print(json.dumps(list(methods)), file=answers, flush=True)
    for line in sys.stdin:
        method, frame, times = json.loads(line)
        faces, action = ready(method, frame)
        print(json.dumps([faces, [timed(action) for _ in range(times)]]), file=answers, flush=True)


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]), Path(sys.argv[3]))
