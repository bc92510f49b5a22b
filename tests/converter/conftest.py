"""Fixtures that the tests of the converter share: data, a finished run and its model."""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path

import cv2
import pytest

from converter.cli import main as cli
from converter.data.dataset import Split, read
from converter.data.labels import SPLITS
from converter.measure.scenes import FACE_SHARE
from device.mood import Mood
from device.vision.detector import FaceDetector, crop_face
from device.vision.model_card import Crop
from device.vision.normalization import Normalization
from device.vision.pictures import read_picture
from tests.converter import drawn
from tests.device.conftest import HAPPY, NEUTRAL

FRONTAL = "haarcascade_frontalface_default.xml"

# These tests run in one worker (tests/conftest.py), which trains what they share.
if sys.version_info >= (3, 13):
    # TensorFlow 2.19 has no wheels for it; everything that works without TensorFlow is still tested.
    collect_ignore = [
        "cli/test_corrections.py",
        "cli/test_main.py",
        "comparison/test_compare.py",
        "comparison/test_prototype_run.py",
        "comparison/test_report.py",
        "networks/test_architectures.py",
        "networks/test_literature.py",
        "networks/test_prototypes.py",
        "networks/test_saved_models.py",
        "quantize/test_export.py",
        "quantize/test_faces.py",
        "quantize/test_int8.py",
        "stages/test_distill.py",
        "stages/test_student.py",
        "training/test_backends.py",
        "training/test_batches.py",
        "training/test_distillation.py",
        "training/test_recipes.py",
        "training/test_trainer.py",
    ]


@pytest.fixture(scope="session")
def fer2013(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return drawn.write_csv(tmp_path_factory.mktemp("data") / "fer2013.csv", drawn.rows())


@pytest.fixture(scope="session")
def votes(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return drawn.write_csv(tmp_path_factory.mktemp("data") / "fer2013new.csv", drawn.votes())


@pytest.fixture(scope="session")
def splits(fer2013: Path) -> dict[str, Split]:
    return read(fer2013, SPLITS, drawn.MOODS)


@pytest.fixture(scope="session")
def run(fer2013: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of a finished run on the drawn faces."""
    from tests.converter.training.runs import train_command  # it loads TensorFlow

    folder = tmp_path_factory.mktemp("runs") / "tiny"
    options = "--epochs 8 --batch 8 --learning-rate .03 --precision mixed_bfloat16"
    assert cli.main(train_command(fer2013, folder, *options.split())) == 0
    return folder


@pytest.fixture(scope="session")
def second_run(fer2013: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of a finished run with another seed."""
    from tests.converter.training.runs import train_command  # it loads TensorFlow

    folder = tmp_path_factory.mktemp("runs") / "second"
    assert cli.main(train_command(fer2013, folder, "--seed", "2")) == 0
    return folder


@pytest.fixture(scope="session")
def model(run: Path, fer2013: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The quantized model of that run, with all its files."""
    out = tmp_path_factory.mktemp("models") / "tiny.tflite"
    assert cli.main(f"quantize --run {run} --data {fer2013} --out {out} --prior neutral=2".split()) == 0
    return out


@pytest.fixture
def photo_folder(tmp_path: Path) -> Path:
    """Two photos of each of two moods: head shots from the pictures that moodbox ships.

    As people.csv has it, they show four people, of whom Ben and Clara are for reporting.
    """
    lines = ["mood,file,source,person", "happy,0.png,portrait,ben", "happy,1.png,portrait,anna"]
    lines += ["neutral,0.png,still,clara", "neutral,1.png,still,emil"]
    (tmp_path / "people.csv").write_text("\n".join(lines))
    detector = FaceDetector(FRONTAL, min_face=0.25)
    for mood, path in ((Mood.HAPPY, HAPPY), (Mood.NEUTRAL, NEUTRAL)):
        picture = read_picture(path)
        face = detector.detect(picture)
        assert face is not None
        margin = 1 / FACE_SHARE - 1
        photo = crop_face(
            picture, face, Crop(detector=FRONTAL, margin=margin, normalization=Normalization.NONE), 350
        )
        (tmp_path / mood).mkdir()
        for number in range(2):
            cv2.imwrite(str(tmp_path / mood / f"{number}.png"), photo)
    return tmp_path


Refusal = Callable[..., str]


@pytest.fixture
def refusal(capsys: pytest.CaptureFixture[str]) -> Refusal:
    """Runs the command line in this process; returns the single line of its error."""

    def run_refused(*arguments: object, code: int) -> str:
        capsys.readouterr()
        assert cli.main([str(argument) for argument in arguments]) == code
        lines = capsys.readouterr().err.strip().splitlines()
        assert len(lines) == 1
        assert lines[0].startswith("moodbox-converter: ")
        return lines[0]

    return run_refused
