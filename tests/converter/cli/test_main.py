"""The command line refuses mistakes in one line, and prints what it promises."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from converter.cli import main as cli
from tests.converter.conftest import Refusal
from tests.converter.unfinished import unfinished


def converter(*arguments: object) -> subprocess.CompletedProcess[str]:
    """Run the command line in a process of its own."""
    command = [sys.executable, "-m", "converter", *map(str, arguments)]
    return subprocess.run(command, capture_output=True, text=True, check=False)


def test_help_is_printed_without_loading_tensorflow() -> None:
    program = (
        "import sys; from converter.cli.main import main\n"
        "try: main(['--help'])\n"
        "except SystemExit: sys.exit({'tensorflow', 'keras', 'matplotlib'} & set(sys.modules))"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=False)
    assert all(
        command in done.stdout
        for command in ("train", "quantize", "evaluate", "conditions", "corrections", "limits")
    )
    assert "set()" in done.stderr


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ("", "the following arguments are required: COMMAND"),
        ("evaluate x.tflite --data d.csv", "the following arguments are required: --split"),
        ("evaluate x.tflite --data d.csv --split Test", "argument --split: invalid choice: 'Test'"),
        ("train --data d.csv --out o --moods happy,angy", "'angy': expected a mood, one of angry, disgust"),
        ("train --data d.csv --out o --moods happy", "'happy': expected two or more different moods"),
        ("train --data d.csv --out o --moods sad,sad", "'sad,sad': expected two or more different moods"),
        ("train --data d.csv --out o --epochs 0", "'0': expected a whole number from 1 on"),
        ("train --data d.csv --out o --recipe bxo", "'bxo' is not known; did you mean 'box'?"),
        ("train --data d.csv --out o --network papr", "'papr' is not known; did you mean 'paper'?"),
        ("quantize --run r --data d.csv --out o --right 85", "'85': expected a share above 0, at most 1"),
    ],
)
def test_a_wrong_option_is_refused_with_what_was_expected(
    arguments: str, message: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as ended:
        cli.main(arguments.split())
    assert ended.value.code == 2
    (line,) = capsys.readouterr().err.splitlines()
    assert message in line


def test_a_missing_model_is_refused_in_one_line(fer2013: Path, tmp_path: Path) -> None:
    done = converter("evaluate", tmp_path / "none.tflite", "--data", fer2013, "--split", "PublicTest")
    assert done.returncode == 2
    assert done.stdout == ""
    assert done.stderr == (
        f"moodbox-converter: {tmp_path / 'none.tflite'}: no such file; "
        "expected a .tflite file with its card, or a .keras file in its run's folder\n"
    )


def test_missing_data_are_refused_in_one_line(model: Path, tmp_path: Path, refusal: Refusal) -> None:
    line = refusal("evaluate", model, "--data", tmp_path / "no.csv", "--split", "PublicTest", code=2)
    assert "no.csv: no such file or folder; expected Kaggle's fer2013.csv" in line


MISSING = [
    (
        "evaluate no.keras --data no.csv --votes no --split PublicTest",
        ["no.keras", "--data no.csv", "--votes no"],
    ),
    ("corrections no.tflite --run no --data . --votes no.csv", ["no.tflite", "--votes no.csv", "--run no"]),
    ("conditions no.tflite --photos no --scenes no", ["no.tflite", "--photos no", "--scenes no"]),
    ("detectors no.tflite --photos no", ["no.tflite", "--photos no"]),
    ("quantize --run no --run . --data no.csv --out x", ["--data no.csv", "--run no", "--out x", "."]),
    ("pack --data no.csv --votes no --out x.npz", ["--data no.csv", "--votes no", "pictures without people"]),
    ("distill no.npz --preset accelerator --out x", ["no.npz"]),
    (
        "hear-fit --people no --sounds x --sound-font no.sf2 --out x.json",
        ["--people no", "--sound-font no.sf2"],
    ),
    (
        "train --data no.csv --votes no --leave-out no --start no.k --teacher no.k --out x --recipe faces",
        [
            *("--data no.csv", "--votes no", "--leave-out no", "--start no.k", "--teacher no.k"),
            "--recipe faces needs pictures without people",
        ],
    ),
]


@pytest.mark.parametrize(("arguments", "begins"), MISSING, ids=[each.split()[0] for each, _ in MISSING])
def test_all_that_is_missing_is_said_at_once_without_loading_keras(
    arguments: str, begins: list[str], tmp_path: Path
) -> None:
    program = (
        "import sys; from converter.cli.main import main\n"
        "code = main(sys.argv[1:]); assert not {'tensorflow', 'keras'} & set(sys.modules); sys.exit(code)"
    )
    command = [sys.executable, "-c", program, *arguments.split()]
    done = subprocess.run(command, capture_output=True, text=True, check=False, cwd=tmp_path)
    assert done.returncode == 2, done.stderr
    assert done.stdout == ""
    lines = done.stderr.splitlines()
    assert len(lines) == len(begins)
    for line, begin in zip(lines, begins, strict=True):
        assert line.startswith(f"moodbox-converter: {begin}")
    assert not list(tmp_path.iterdir())


def test_a_keras_file_without_its_run_is_refused_by_name(
    fer2013: Path, tmp_path: Path, refusal: Refusal
) -> None:
    (tmp_path / "lone.keras").touch()
    command = ("evaluate", tmp_path / "lone.keras", "--data", fer2013, "--split", "PublicTest")
    line = refusal(*command, code=2)
    assert f"{tmp_path}: contains no run.json; expected the folder of a training run" in line


def test_the_conditions_and_photos_are_said_while_they_are_measured(
    model: Path, photo_folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    capsys.readouterr()
    command = f"conditions {model} --photos {photo_folder} --condition clean --condition dark"
    assert cli.main(command.split()) == 0
    printed = capsys.readouterr()
    assert printed.err.splitlines() == [
        "clean: 2 photos (condition 1 of 2)",
        "dark: 2 photos (condition 2 of 2)",
    ]
    assert printed.out.splitlines()[0] == "tiny on 2 photos of 2 people for reporting"


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write anywhere")
def test_a_folder_that_cannot_be_written_is_refused_in_one_line(
    run: Path, fer2013: Path, tmp_path: Path, refusal: Refusal
) -> None:
    tmp_path.chmod(0o500)
    line = refusal("train", "--data", fer2013, "--out", tmp_path / "run", code=1)
    assert "Permission denied" in line


def test_options_are_refused_before_the_data_are_read(run: Path, tmp_path: Path, refusal: Refusal) -> None:
    """Reading takes a minute. Here there are no data, so that a command that reads them says so."""
    (tmp_path / "file").touch()
    train = ("train", "--data", tmp_path / "file")
    votes = refusal(*train, "--recipe", "box", "--out", tmp_path / "run", code=2)
    assert "--recipe box needs FER+'s votes" in votes
    assert "contains a run already" in refusal(*train, "--out", run, code=2)
    quantize = ("quantize", "--run", run, "--data", tmp_path / "file", "--out")
    assert "a name that ends in .tflite" in refusal(*quantize, tmp_path / "model", code=2)
    assert "Not a directory" in refusal(*quantize, tmp_path / "file" / "a.tflite", code=1)
    empty = ("train", "--data", tmp_path / "file", "--votes", tmp_path / "file")
    bad_votes = refusal(*empty, "--recipe", "box", "--out", tmp_path / "run", code=2)
    assert "file: expected FER+'s columns" in bad_votes
    assert not (tmp_path / "run").exists()


def test_a_file_where_a_folder_is_needed_is_refused_in_one_line(
    fer2013: Path, tmp_path: Path, refusal: Refusal
) -> None:
    (tmp_path / "file").touch()
    line = refusal("train", "--data", fer2013, "--out", tmp_path / "file" / "run", code=1)
    assert "file/run: Not a directory" in line


def test_json_is_one_object_and_nothing_else_on_standard_output(model: Path, fer2013: Path) -> None:
    done = converter("evaluate", model, "--data", fer2013, "--split", "PrivateTest", "--json")
    assert done.returncode == 0
    printed = json.loads(done.stdout)
    assert printed.keys() == {
        "model",
        "split",
        "count",
        "labels",
        "accuracy",
        "balanced_accuracy",
        "classes",
        "confusion_matrix",
        "errors",
    }
    assert (printed["model"], printed["split"], printed["count"]) == (str(model), "PrivateTest", 36)


def test_a_keras_file_is_scored_with_the_labels_of_its_run(
    run: Path, fer2013: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    capsys.readouterr()
    assert cli.main(f"evaluate {run / 'best.keras'} --data {fer2013} --split PublicTest --json".split()) == 0
    printed = json.loads(capsys.readouterr().out)
    assert printed["labels"] == ["happy", "neutral", "sad"]
    history = json.loads((run / "history.json").read_text())
    # The run itself computed its scores in bfloat16.
    assert printed["accuracy"] == pytest.approx(max(entry["val_accuracy"] for entry in history), abs=0.06)


def test_a_share_of_votes_that_a_run_has_not_learned_is_refused(
    run: Path, fer2013: Path, refusal: Refusal
) -> None:
    command = ("evaluate", run / "best.keras", "--data", fer2013, "--split", "PublicTest")
    assert "was trained without votes; leave out --votes-share" in refusal(
        *command, "--votes-share", 1, code=2
    )


def test_without_json_a_table_is_printed_and_the_confusion_matrix_is_plotted(
    model: Path, fer2013: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    picture = tmp_path / "new" / "confusion.png"
    capsys.readouterr()
    assert cli.main(f"evaluate {model} --data {fer2013} --split PublicTest --picture {picture}".split()) == 0
    assert "accuracy" in capsys.readouterr().out.splitlines()[-1]
    assert picture.read_bytes().startswith(b"\x89PNG")


WAIT_WITH_AN_OBJECT = """
    class Object:
        __del__ = lambda _: print("freed")
    held = Object()
    print("begun", flush=True)
    time.sleep(1000)
"""


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP, signal.SIGINT])
def test_a_signal_ends_the_process_before_anything_is_freed(number: signal.Signals) -> None:
    """Threads of TensorFlow that still run would crash in that, now and then."""
    begin = "import atexit; atexit.register(print, 'the interpreter ends')"
    with unfinished(WAIT_WITH_AN_OBJECT, begin=begin) as process:
        process.send_signal(number)
        assert process.stdout
        assert process.stdout.read() == ""
        assert process.wait() == 128 + number


WAIT_WITHOUT_OUTPUT = """
    print("begun", flush=True)
    sys.stdout = None  # as Python has it if the process was started without it
    time.sleep(1000)
"""


def test_a_signal_ends_a_process_without_standard_output(capfd: pytest.CaptureFixture[str]) -> None:
    with unfinished(WAIT_WITHOUT_OUTPUT) as process:
        process.send_signal(signal.SIGTERM)
        assert process.wait() == 128 + signal.SIGTERM
    assert capfd.readouterr().err == ""


WAIT_WHILE_STOPPING = """
    def after_stop(_):
        print("stopping", flush=True)
        time.sleep(1000)
    _.after_stop = after_stop
    print("begun", flush=True)
    time.sleep(1000)
"""


def test_ctrl_c_once_more_ends_the_process_without_a_traceback(capfd: pytest.CaptureFixture[str]) -> None:
    with unfinished(WAIT_WHILE_STOPPING) as process:
        process.send_signal(signal.SIGINT)
        assert process.stdout
        assert process.stdout.readline() == "stopping\n"
        process.send_signal(signal.SIGINT)
        assert process.wait() == 128 + signal.SIGINT
    assert capfd.readouterr().err == ""


WAIT_IN_A_DAMAGED_RUN = """
    from device.errors import MoodboxError
    def after_stop(_):
        raise MoodboxError("run.json: damaged")
    _.after_stop = after_stop
    print("begun", flush=True)
    time.sleep(1000)
"""


def test_ctrl_c_says_in_a_line_that_it_has_stopped_where_nobody_can_say_how_to_go_on(
    capfd: pytest.CaptureFixture[str],
) -> None:
    with unfinished(WAIT_IN_A_DAMAGED_RUN) as process:
        process.send_signal(signal.SIGINT)
        assert process.wait() == 128 + signal.SIGINT
    assert capfd.readouterr().err == "moodbox-converter: stopped\n"


WAIT_IN_A_CALLBACK_OF_THE_GARBAGE_COLLECTOR = """
    import gc
    def wait(phase, _):
        if phase == "start":
            print("begun", flush=True)
            time.sleep(1000)
    gc.callbacks.append(wait)
    gc.collect()
    gc.callbacks.clear()
    time.sleep(1000)
"""


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_is_not_lost_where_python_drops_its_exception(number: signal.Signals) -> None:
    """JAX has such a callback, and the garbage collector runs often while it is loaded."""
    with unfinished(WAIT_IN_A_CALLBACK_OF_THE_GARBAGE_COLLECTOR) as process:
        process.send_signal(number)
        assert process.wait(60) == 128 + number
