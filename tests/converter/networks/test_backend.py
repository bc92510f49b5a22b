"""Training computes in bfloat16 where that is fast, and otherwise in float32, and says so."""

from __future__ import annotations

import signal
import subprocess
import sys
from pathlib import Path

import msgspec
import pytest

from converter.cli import main as cli
from converter.networks import backend
from converter.training import trainer
from converter.training.recipes import RECIPES, Recipe

EPYC_9004 = "processor\t: 0\nflags\t\t: fpu sse2 avx2 avx512_bf16 avx512_vnni\n"
XEON_GOLD_6448 = "processor\t: 0\nflags\t\t: fpu avx2 amx_bf16 amx_int8\n"
NEOVERSE_V1 = "processor\t: 0\nFeatures\t: fp asimd i8mm bf16\n"
CORE_I7 = "processor\t: 0\nmodel name\t: Core bf16\nflags\t\t: fpu sse2 avx2 avx_vnni\n"
CORTEX_A76 = "processor\t: 0\nFeatures\t: fp asimd asimddp\n"


@pytest.fixture
def cpuinfo(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    path = tmp_path / "cpuinfo"
    monkeypatch.setattr(backend, "CPUINFO", path)
    return path


@pytest.mark.parametrize(
    ("described", "expected"),
    [(EPYC_9004, True), (XEON_GOLD_6448, True), (NEOVERSE_V1, True), (CORE_I7, False), (CORTEX_A76, False)],
)
def test_a_processor_with_bfloat16_is_known_by_its_flags(
    described: str, expected: bool, cpuinfo: Path
) -> None:
    cpuinfo.write_text(described)
    assert backend.computes_in_bfloat16(cpuinfo) is expected


def test_a_computer_that_does_not_describe_its_processor_gets_float32(cpuinfo: Path) -> None:
    assert not backend.computes_in_bfloat16(cpuinfo)


@pytest.fixture
def trained(monkeypatch: pytest.MonkeyPatch) -> list[Recipe]:
    """The recipes of the runs that a command asks for; none is trained."""
    recipes: list[Recipe] = []
    monkeypatch.setattr(trainer, "train", lambda folder, recipe, *_, **__: recipes.append(recipe))
    return recipes


def command(fer2013: Path, votes: Path, out: Path, *options: str) -> list[str]:
    return ["train", *("--data", str(fer2013)), *("--votes", str(votes)), *("--out", str(out)), *options]


@pytest.mark.parametrize(
    ("described", "options", "precision"),
    [
        (EPYC_9004, "--recipe box", "mixed_bfloat16"),
        (CORE_I7, "--recipe box", "float32"),
        (CORE_I7, "--recipe box --precision mixed_bfloat16", "mixed_bfloat16"),
        (EPYC_9004, "--recipe paper", "float32"),
    ],
)
def test_a_run_computes_in_what_is_fast_unless_somebody_says_otherwise(
    described: str,
    options: str,
    precision: str,
    cpuinfo: Path,
    trained: list[Recipe],
    fer2013: Path,
    votes: Path,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    cpuinfo.write_text(described)
    moods = ("--moods", "happy,neutral,sad")
    assert cli.main(command(fer2013, votes, tmp_path / "run", *options.split(), *moods)) == 0
    assert [recipe.precision for recipe in trained] == [precision]
    changed = "the precision is float32, which is faster here" in capsys.readouterr().out
    assert changed is (options == "--recipe box" and described == CORE_I7)


def test_a_resumed_run_keeps_its_precision_on_another_processor(
    cpuinfo: Path, trained: list[Recipe], fer2013: Path, votes: Path, tmp_path: Path
) -> None:
    cpuinfo.write_text(CORE_I7)
    moods = ("happy", "neutral", "sad")
    run = tmp_path / "run"
    run.mkdir()
    (run / "run.json").write_bytes(msgspec.json.encode(msgspec.structs.replace(RECIPES["box"], moods=moods)))
    options = ("--recipe", "box", "--moods", ",".join(moods), "--resume")
    assert cli.main(command(fer2013, votes, run, *options)) == 0
    assert [recipe.precision for recipe in trained] == ["mixed_bfloat16"]


def test_harmless_lines_are_kept_from_stderr_and_all_others_appear_even_after_an_abort(
    tmp_path: Path,
) -> None:
    program = (
        "import os; from converter.networks.backend import without_harmless_lines\n"
        "with without_harmless_lines():\n"
        "    os.write(2, b'E0000 00:00:1.2 3 cuda_dnn.cc:8] Unable to register cuDNN factory: twice\\n')\n"
        "    os.write(2, b'this processor has no AVX\\n')\n"
        "    os.abort()"
    )
    # Its whole output: the process that writes it may live longer than the aborted one.
    command = [sys.executable, "-c", program]
    with subprocess.Popen(command, cwd=tmp_path, stderr=subprocess.PIPE, text=True) as process:
        assert process.stderr
        assert process.stderr.read() == "this processor has no AVX\n"
    assert process.returncode == -signal.SIGABRT


def test_keras_is_loaded_without_a_line_of_tensorflows() -> None:
    program = "from converter.networks import backend; import converter.cli.main; backend.load()"
    done = subprocess.run(
        [sys.executable, "-c", program + "; import sys; assert 'keras' in sys.modules"],
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.returncode, done.stderr) == (0, "")
