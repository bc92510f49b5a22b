"""What is left beside a model when the process that makes it ends."""

from __future__ import annotations

import signal
import subprocess
from contextlib import AbstractContextManager
from pathlib import Path

import pytest

from converter.quantize.publish import draft, draft_folder
from tests.converter.unfinished import unfinished

# In the middle of `quantize`.
MAKING = """
    from pathlib import Path
    from converter.quantize.publish import draft
    with draft(Path(sys.argv[1])) as path:
        path.write_text("half")
        print("begun", flush=True)
        time.sleep(1000)
"""


def making(out: Path) -> AbstractContextManager[subprocess.Popen[str]]:
    """A process that has begun to make the model `out`."""
    return unfinished(MAKING, str(out))


def ended_by(out: Path, number: signal.Signals) -> None:
    with making(out) as process:
        process.send_signal(number)
        process.wait()


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP, signal.SIGINT])
def test_a_signal_leaves_nothing(number: signal.Signals, tmp_path: Path) -> None:
    ended_by(tmp_path / "tiny.tflite", number)
    assert not list(tmp_path.iterdir())


def test_what_a_killed_process_left_is_deleted_by_the_next_for_the_same_model(tmp_path: Path) -> None:
    out, other, own = (tmp_path / name for name in ("tiny.tflite", "tiny-2.tflite", ".tiny-original"))
    own.mkdir()
    ended_by(other, signal.SIGKILL)
    (left_of_other,) = set(tmp_path.iterdir()) - {own}
    ended_by(out, signal.SIGKILL)
    assert len(list(tmp_path.iterdir())) == 3
    with draft(out) as path:
        path.write_text("whole")
    assert set(tmp_path.iterdir()) == {out, own, left_of_other}


def test_what_another_process_still_writes_stays(tmp_path: Path) -> None:
    out = tmp_path / "tiny.tflite"
    with making(out):
        (theirs,) = tmp_path.iterdir()
        with draft(out) as path:
            path.write_text("whole")
        assert set(tmp_path.iterdir()) == {out, theirs}


def test_a_draft_can_be_made_in_the_folder_of_another_one(tmp_path: Path) -> None:
    """As `compare` does."""
    out = tmp_path / "tiny.tflite"
    with draft_folder(out) as folder:
        with draft(folder / out.name) as path:
            path.write_text("whole")
        assert list(folder.iterdir()) == [folder / out.name]
    assert not list(tmp_path.iterdir())
