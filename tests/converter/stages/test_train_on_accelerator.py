"""script/train-on-accelerator unpacks what it brought to a machine without a network, and trains there."""

from __future__ import annotations

import os
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

SCRIPT = Path(__file__).parents[3] / "script" / "train-on-accelerator"


def run(*arguments: object, **environment: str) -> subprocess.CompletedProcess[str]:
    # Signals that the tests ignore, as under nohup, count for the script.
    command = ["env", "--default-signal", str(SCRIPT), *map(str, arguments)]
    return subprocess.run(command, env=os.environ | environment, capture_output=True, text=True, check=False)


@pytest.fixture
def python(tmp_path: Path) -> Path:
    """Python, which prints what it would run, and the packages that it finds, instead of training."""
    stub = tmp_path / "python"
    stub.write_text(
        f"""#!/bin/sh
        case "$*" in
        *zipfile*) exec {sys.executable} "$@" ;;
        *"import jax"*) exit "$NO_GPU" ;;
        esac
        [ -z "$SIGNAL" ] || kill -s "$SIGNAL" "$PPID"
        printf "%s\\n" "$@"
        ls "${{PYTHONPATH%%:*}}"
        """
    )
    stub.chmod(0o755)
    return stub


@pytest.mark.parametrize(("no_gpu", "backend"), [("0", "jax"), ("1", "torch")])
def test_it_trains_with_the_packages_that_it_brought_on_the_backend_that_has_a_gpu(
    no_gpu: str, backend: str, python: Path, tmp_path: Path
) -> None:
    (tmp_path / "with" / "wheels").mkdir(parents=True)
    with zipfile.ZipFile(tmp_path / "with" / "wheels" / "keras-1-py3-none-any.whl", "w") as wheel:
        wheel.writestr("keras/__init__.py", "")
    (tmp_path / "out").mkdir()
    options = ("run", tmp_path / "with", tmp_path / "out", "--seconds", 520)
    done = run(*options, PYTHON=str(python), NO_GPU=no_gpu, BACKEND="", SIGNAL="")
    assert done.returncode == 0, done.stderr
    printed = done.stdout.split()
    assert printed[:4] == ["-m", "converter", "distill", str(tmp_path / "with" / "faces.npz")]
    assert printed[printed.index("--backend") + 1] == backend
    assert printed[printed.index("--seconds") + 1] == "520"
    assert "keras" in printed


@pytest.mark.parametrize("number", ["HUP", "INT", "TERM"])
def test_what_it_unpacked_is_deleted_however_it_ends(number: str, python: Path, tmp_path: Path) -> None:
    (tmp_path / "with" / "wheels").mkdir(parents=True)
    with zipfile.ZipFile(tmp_path / "with" / "wheels" / "keras-1-py3-none-any.whl", "w") as wheel:
        wheel.writestr("keras/__init__.py", "")
    temporary = tmp_path / "temporary"
    temporary.mkdir()
    options = ("run", tmp_path / "with", tmp_path / "out")
    done = run(*options, PYTHON=str(python), BACKEND="jax", SIGNAL=number, TMPDIR=str(temporary))
    assert done.returncode == 130
    assert "keras" in done.stdout.split()
    assert not list(temporary.iterdir())


@pytest.mark.parametrize(
    ("arguments", "message"),
    [((), "say 'bring FOLDER' or 'run FOLDER OUT'"), (("run", "x"), "a folder for the results is missing")],
)
def test_a_mistake_is_told_in_one_line(arguments: tuple[str, ...], message: str) -> None:
    done = run(*arguments)
    assert done.returncode != 0
    (line,) = done.stderr.splitlines()
    assert message in line
