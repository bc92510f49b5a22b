"""A run on another backend of Keras: the same recipe, checkpoints and files; JAX on several devices.

Keras keeps the backend that it was loaded with, so each run is a process of its own.
"""

from __future__ import annotations

import os
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path

import numpy as np
import pytest

from converter.data.dataset import Split
from converter.networks.architectures import predict
from converter.networks.saved_models import restore
from converter.training.run_folder import read_history
from device.vision.normalization import Normalization, normalize_all
from tests.converter.conftest import Refusal
from tests.converter.training.runs import train_command

needs_jax = pytest.mark.skipif(
    not find_spec("jax"), reason="JAX is not installed; `make test-jax` installs it and runs this"
)
each_backend = pytest.mark.parametrize(
    "backend",
    [
        pytest.param("jax", marks=needs_jax),
        pytest.param(
            "torch",
            marks=pytest.mark.skipif(
                not find_spec("torch"), reason="PyTorch is not installed; `make develop-torch` installs it"
            ),
        ),
    ],
)


def train(folder: Path, backend: str, data: tuple[Path, Path], *options: str, devices: int = 1) -> Path:
    """Train with everything that a recipe can ask for, on a backend; returns `folder`."""
    program = (
        "import sys, pathlib; from converter.networks import backend; backend.choose(sys.argv[1])\n"
        "from tests.converter.training import runs; from tests.converter import drawn\n"
        "from converter.data.dataset import read; from converter.data.labels import SPLITS\n"
        "folder, table, votes = map(pathlib.Path, sys.argv[2:5])\n"
        "if 'stopped' in sys.argv[5:]: runs.trainer.Checkpoints = runs.stopping(3)\n"
        "splits = read(table, SPLITS, drawn.MOODS, votes=votes)\n"
        "runs.train(folder, runs.EVERYTHING, splits, resume='resume' in sys.argv[5:])\n"
    )
    flags = {"XLA_FLAGS": f"--xla_force_host_platform_device_count={devices}"}
    command = [sys.executable, "-c", program, backend, *map(str, (folder, *data)), *options]
    done = subprocess.run(command, env=os.environ | flags, capture_output=True, text=True, check=False)
    assert done.returncode == 0 or "stopped" in options, done.stderr
    return folder


@each_backend
def test_a_run_on_another_backend_learns_and_resumes_and_tensorflow_loads_its_model(
    backend: str, fer2013: Path, votes: Path, splits_with_votes: dict[str, Split], tmp_path: Path
) -> None:
    whole = train(tmp_path / "whole", backend, (fer2013, votes))
    history = read_history(whole)
    assert history[-1]["val_votes_loss"] < history[0]["val_votes_loss"]

    stopped = train(tmp_path / "stopped", backend, (fer2013, votes), "stopped")
    assert len(read_history(stopped)) == 3
    resumed = read_history(train(stopped, backend, (fer2013, votes), "resume"))
    assert resumed[-1] == pytest.approx(history[-1], abs=1e-4)

    test = splits_with_votes["PublicTest"]
    answers = predict(restore(whole / "best.keras"), normalize_all(test.images, Normalization.STANDARDIZED))
    best = max(history, key=lambda entry: entry["val_votes_accuracy"])
    assert np.mean(answers.argmax(axis=1) == test.labels) == pytest.approx(best["val_accuracy"], abs=0.03)


@needs_jax
def test_two_devices_divide_each_batch_and_the_losses_are_those_of_one(
    fer2013: Path, votes: Path, tmp_path: Path
) -> None:
    one, two = (
        read_history(train(tmp_path / str(devices), "jax", (fer2013, votes), devices=devices))
        for devices in (1, 2)
    )
    for of_one, of_two in zip(one, two, strict=True):
        assert of_two["loss"] == pytest.approx(of_one["loss"], abs=1e-3)
        assert of_two["val_loss"] == pytest.approx(of_one["val_loss"], abs=1e-3)


@needs_jax
def test_three_devices_divide_the_faces_that_a_network_is_asked_about() -> None:
    """Three divide neither the faces nor the usual number of them at once."""
    program = (
        "from converter.networks import backend; backend.choose('jax'); import numpy as np\n"
        "from msgspec.structs import replace; from tests.converter import drawn, small_network\n"
        "from converter.data.dataset import Split; from converter.stages.presets import PRESETS\n"
        "from converter.stages.distill import float_network, predictions\n"
        "assert backend.use_all_accelerators() == 3\n"
        "recipe = replace(PRESETS['accelerator'].teacher, network=small_network.NAME)\n"
        "images = np.random.default_rng(1).integers(0, 256, (10, 48, 48), np.uint8)\n"
        "split = Split('Training', drawn.MOODS, images, np.zeros(10, int))\n"
        "assert predictions(float_network(recipe), split, recipe)['votes'].shape == (10, 7)\n"
    )
    flags = {"XLA_FLAGS": "--xla_force_host_platform_device_count=3"}
    command = [sys.executable, "-c", program]
    done = subprocess.run(command, env=os.environ | flags, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


def test_a_backend_that_is_not_installed_is_refused_in_one_line(
    fer2013: Path, tmp_path: Path, refusal: Refusal, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    line = refusal(*train_command(fer2013, tmp_path / "x", "--backend", "jax"), code=2)
    assert line.endswith("--backend jax: JAX is not installed; `make develop-jax` installs it")


def test_a_backend_cannot_be_changed_once_keras_is_loaded(
    fer2013: Path, tmp_path: Path, refusal: Refusal, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("importlib.util.find_spec", lambda name: True)
    line = refusal(*train_command(fer2013, tmp_path / "x", "--backend", "jax"), code=2)
    assert line.endswith("--backend jax: Keras computes with tensorflow already")
    assert not (tmp_path / "x").exists()
