"""The stages leave small files, go on from them, and end with a run that can be quantized.

The presets have a small network here, and a hundredth of the steps.
"""

from __future__ import annotations

import dataclasses
import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from msgspec.structs import replace

from converter.cli import main as cli
from converter.errors import RunError
from converter.networks.saved_models import restore
from converter.stages import checkpoint, packed, training
from converter.stages.clock import Clock
from converter.stages.distill import distill, float_network, predictions
from converter.stages.packed import PackedFaces
from converter.stages.presets import PRESETS, Preset
from converter.training.batch_maker import BatchMaker
from converter.training.run_folder import read_history, read_recipe
from tests.converter import small_network
from tests.converter.conftest import Refusal

RUN = ["best.keras", "history.json", "run.json"]
STAGES = {
    "accelerator": ["teacher-1.npz", "teacher-2.npz", "teacher-3.npz"],
    "two-cores": ["teacher-1.npz", "teacher-2.npz", "answers.npz"],
}

pytestmark = pytest.mark.training  # it trains several networks


def small(preset: Preset) -> Preset:
    """Return a preset whose networks train in a moment."""
    teacher, student = (
        replace(each, network=small_network.NAME, batch=32) for each in (preset.teacher, preset.student)
    )
    return replace(preset, teacher=teacher, student=student)


@pytest.fixture(scope="module", params=PRESETS)
def finished(
    request: pytest.FixtureRequest, packed_faces: PackedFaces, tmp_path_factory: pytest.TempPathFactory
) -> tuple[str, Path, str]:
    """The name of a preset, the folder of all its stages, and what was printed."""
    name = str(request.param)
    folder = tmp_path_factory.mktemp("stages")
    packed.write(folder / "faces.npz", packed_faces)
    with pytest.MonkeyPatch.context() as patch:
        patch.setitem(PRESETS, name, small(PRESETS[name]))
        command = f"distill {folder}/faces.npz --preset {name} --out {folder}/out --seconds 300"
        command += " --precision float32"  # on each processor the same
        lines: list[str] = []
        patch.setattr("builtins.print", lambda *words, **_: lines.append(" ".join(map(str, words))))
        assert cli.main([*command.split(), "--share-of-steps", ".01"]) == 0
    return name, folder / "out", "\n".join(lines)


def test_each_stage_leaves_a_small_file_and_the_last_one_a_run(finished: tuple[str, Path, str]) -> None:
    name, out, _ = finished
    files = {path.name for path in out.iterdir()}
    assert files == {*STAGES[name], *RUN}
    assert len(files) <= 8
    student = small(PRESETS[name]).in_precision("float32").student
    teachers = tuple(file for file in STAGES[name] if file.startswith("teacher"))
    assert read_recipe(out) == replace(student, teachers=teachers)
    assert read_history(out)[0].keys() >= {"epoch", "loss", "accuracy", "val_loss", "val_votes_accuracy"}
    assert restore(out / "best.keras", votes_share=1).output_shape == (None, 7)


def test_the_scores_of_each_stage_are_printed(finished: tuple[str, Path, str]) -> None:
    name, _, printed = finished
    teachers = [f"teacher {number + 1}" for number in range(PRESETS[name].teachers)]
    for stage in (*teachers, "teachers together", "student"):
        assert f"{stage}: PublicTest, strict majority of eight classes " in printed


def test_the_answers_are_the_teachers_mean_for_each_face_and_its_mirror_image(
    finished: tuple[str, Path, str], packed_faces: PackedFaces
) -> None:
    name, out, _ = finished
    if PRESETS[name].asks_often:
        assert not (out / "answers.npz").exists()
        return
    with np.load(out / "answers.npz") as answers:
        for output in ("moods", "votes"):
            assert answers[output].shape == (len(packed_faces.training), 2, 7)
            assert answers[output].dtype == np.float16
            assert np.allclose(answers[output].sum(axis=2), 1, atol=0.01)


def test_what_is_there_already_is_not_done_again(
    finished: tuple[str, Path, str],
    packed_faces: PackedFaces,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    name, folder, _ = finished
    out = Path(shutil.copytree(folder, tmp_path / "out"))
    before = {path.name: path.read_bytes() for path in out.iterdir()}
    distill(small(PRESETS[name]), packed_faces, out, None)
    assert {path.name: path.read_bytes() for path in out.iterdir()} == before
    assert capsys.readouterr().out == "student: trained before\n"

    (out / "run.json").unlink()  # as if it had been stopped before the student
    distill(small(PRESETS[name]), packed_faces, out, None, until_answers=True)
    assert capsys.readouterr().out.count("trained before") == PRESETS[name].teachers


def stage_of(preset: Preset, path: Path, **changes: Any) -> training.StageSpec:
    """Return the first teacher's stage, with a checkpoint after each epoch."""
    return training.StageSpec("teacher", replace(preset.teacher, **changes), path, preset.keeps_optimizer, 1)


class StopInSecondEpoch(training._Schedule):
    """Ends a training as Ctrl-C does."""

    def on_epoch_begin(self, epoch: int, logs: Mapping[str, Any] | None = None) -> None:
        super().on_epoch_begin(epoch, logs)
        if epoch == 1:
            raise KeyboardInterrupt


@pytest.mark.parametrize("name", PRESETS)
def test_a_training_that_was_stopped_goes_on(
    name: str,
    packed_faces: PackedFaces,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """Almost as if it had not been stopped, where the optimizer's state is kept. Each epoch is printed."""
    preset = small(PRESETS[name])
    stage = stage_of(preset, tmp_path / "stopped.npz", epochs=2)
    with monkeypatch.context() as patch:
        patch.setattr(training, "_Schedule", StopInSecondEpoch)
        with pytest.raises(KeyboardInterrupt):
            training.train(stage, packed_faces, Clock(None).share(1, 1), workers=1)
    halfway = checkpoint.read(stage.path)
    assert halfway is not None
    assert (halfway.progress, halfway.epoch, bool(halfway.optimizer)) == (0.5, 1, preset.keeps_optimizer)
    kept = sum(array.size for array in (*halfway.weights, *halfway.optimizer))

    resumed = training.train(stage, packed_faces, Clock(None).share(1, 1), workers=1)
    assert kept <= (3 if preset.keeps_optimizer else 1) * resumed.count_params() + 2
    assert training.is_finished(stage.path)
    if preset.keeps_optimizer:
        capsys.readouterr()
        stage = dataclasses.replace(stage_of(preset, tmp_path / "whole.npz", epochs=2), saves_every=2)
        whole = training.train(stage, packed_faces, Clock(None).share(1, 1), workers=1)
        printed = capsys.readouterr().out.splitlines()
        assert [line.split(", loss")[0] for line in printed] == [
            "teacher: epoch 1, 50 % done",
            "teacher: epoch 2, 100 % done",
        ]
        for first, second in zip(whole.get_weights(), resumed.get_weights(), strict=True):
            assert first == pytest.approx(second, abs=5e-3)


def test_each_size_of_the_images_has_its_part_of_the_epochs(
    packed_faces: PackedFaces, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen: list[int] = []

    class Seeing(BatchMaker):
        def make(self, epoch: int, index: int) -> tuple[Any, ...]:
            batch = super().make(epoch, index)
            seen.append(batch[0].shape[1])
            return batch

    monkeypatch.setattr(training, "BatchMaker", Seeing)
    stage = stage_of(small(PRESETS["two-cores"]), tmp_path / "teacher.npz", epochs=3, precision="float32")
    training.train(stage, packed_faces, Clock(None).share(1, 1), workers=1)
    assert list(dict.fromkeys(seen)) == [32, 40, 48]


def test_an_epoch_with_larger_images_begins_with_the_weights_of_the_one_before(
    packed_faces: PackedFaces, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """And not with their average, by which Keras replaces them at the end of each `fit`."""
    ends: list[Any] = []
    begins: list[Any] = []

    class Watching(training._Schedule):
        def on_epoch_begin(self, epoch: int, logs: Mapping[str, Any] | None = None) -> None:
            super().on_epoch_begin(epoch, logs)
            begins.append(self.model.get_weights())

        def on_epoch_end(self, epoch: int, logs: Mapping[str, Any] | None = None) -> None:
            super().on_epoch_end(epoch, logs)
            ends.append(self.model.get_weights())

    monkeypatch.setattr(training, "_Schedule", Watching)
    stage = stage_of(small(PRESETS["two-cores"]), tmp_path / "teacher.npz", epochs=3, precision="float32")
    training.train(stage, packed_faces, Clock(None).share(1, 1), workers=1)
    for end, begin in zip(ends[:-1], begins[1:], strict=True):
        assert all(np.array_equal(before, after) for before, after in zip(end, begin, strict=True))


def test_a_training_ends_in_its_time_at_a_low_learning_rate(
    packed_faces: PackedFaces, tmp_path: Path
) -> None:
    stage = stage_of(small(PRESETS["accelerator"]), tmp_path / "teacher.npz", epochs=50)
    training.train(stage, packed_faces, Clock(0.001).share(1, 1), workers=1)
    state = checkpoint.read(stage.path)
    assert state is not None
    assert (state.finished, state.epoch) == (True, 1)


def test_answers_that_are_no_numbers_are_refused(packed_faces: PackedFaces) -> None:
    recipe = small(PRESETS["accelerator"]).in_precision("float32").teacher
    network = float_network(recipe)
    network.set_weights([np.full(weight.shape, np.nan) for weight in network.get_weights()])
    with pytest.raises(RunError, match="answers are not numbers; try --precision float32"):
        predictions(network, packed_faces.public_test, recipe)


def test_a_file_of_another_network_or_a_damaged_one_is_refused(
    packed_faces: PackedFaces, tmp_path: Path
) -> None:
    stage = stage_of(small(PRESETS["accelerator"]), tmp_path / "teacher.npz", epochs=1)
    checkpoint.write(stage.path, checkpoint.Checkpoint(0.5, 1, [np.zeros(3, np.float32)], []))
    with pytest.raises(RunError, match=r"teacher\.npz: is of another network; name another --out"):
        training.train(stage, packed_faces, Clock(None).share(1, 1), workers=1)
    stage.path.write_bytes(b"no archive")
    with pytest.raises(
        RunError, match=r"teacher\.npz: cannot be read; remove it, and this stage begins again"
    ):
        training.train(stage, packed_faces, Clock(None).share(1, 1), workers=1)


def test_the_weights_of_each_network_fit_into_16_mb() -> None:
    from converter.networks.architectures import NETWORKS

    for preset in PRESETS.values():
        kept = 3 if preset.keeps_optimizer else 1
        for recipe in (preset.teacher, preset.student):
            assert 2 * kept * NETWORKS[recipe.network](7).count_params() < 16.3e6


def test_a_command_that_is_ended_leaves_no_temporary_files(packed_faces: PackedFaces, tmp_path: Path) -> None:
    """Nor do its workers go on: the signal goes to all of them, as from `timeout`."""
    packed.write(tmp_path / "faces.npz", packed_faces)
    temporary = tmp_path / "temporary"
    temporary.mkdir()
    program = (
        "import sys; from converter.cli import main; from converter.stages.presets import PRESETS\n"
        "from tests.converter.stages.test_distill import small\n"
        "PRESETS['accelerator'] = small(PRESETS['accelerator'])\n"
        "sys.exit(main.main(sys.argv[1:]))\n"
    )
    options = f"distill {tmp_path}/faces.npz --preset accelerator --out {tmp_path}/out --workers 2"
    with subprocess.Popen(
        [sys.executable, "-c", program, *options.split(), "--precision", "float32"],
        env=os.environ | {"TMPDIR": str(temporary)},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    ) as command:
        assert command.stdout
        assert command.stdout.readline().startswith("teacher 1: epoch 1")
        assert list(temporary.iterdir())
        os.killpg(command.pid, signal.SIGTERM)
        _, errors = command.communicate()  # until the workers have closed their output, too
    assert command.returncode == 128 + signal.SIGTERM
    assert "leaked semaphore" not in errors
    assert not list(temporary.iterdir())


def test_another_file_than_a_packed_one_is_refused_in_one_line(
    fer2013: Path, tmp_path: Path, refusal: Refusal
) -> None:
    line = refusal("distill", fer2013, "--preset", "accelerator", "--out", tmp_path / "out", code=2)
    assert line.endswith("fer2013.csv: cannot be read; expected a file that `pack` wrote")
