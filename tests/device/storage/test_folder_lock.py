"""A box and a command that replaces its files are kept apart."""

from __future__ import annotations

import threading
from pathlib import Path

from device.storage.folder_lock import held_by_box, held_by_command


def test_a_command_is_told_of_any_box_and_the_last_one_to_end_lets_it_in(tmp_path: Path) -> None:
    with held_by_box(tmp_path):
        with held_by_box(tmp_path), held_by_command(tmp_path) as is_alone:
            assert not is_alone
        with held_by_command(tmp_path) as is_alone:
            assert not is_alone
    with held_by_command(tmp_path) as is_alone, held_by_command(tmp_path) as is_second_alone:
        assert (is_alone, is_second_alone) == (True, False)


def test_a_box_that_starts_waits_for_the_end_of_a_command(tmp_path: Path) -> None:
    events: list[str] = []

    def start() -> None:
        with held_by_box(tmp_path, max_wait_s=60):
            events.append("box")

    box = threading.Thread(target=start)
    with held_by_command(tmp_path):
        box.start()
        box.join(0.1)
        events.append("command")
    box.join()
    assert events == ["command", "box"]


def test_a_box_does_not_wait_for_a_command_that_hangs_and_needs_no_folder(tmp_path: Path) -> None:
    with held_by_command(tmp_path), held_by_box(tmp_path, max_wait_s=0):
        pass
    with held_by_box(tmp_path / "missing"):
        pass
    with held_by_command(tmp_path / "missing") as is_alone:
        assert is_alone
    assert not (tmp_path / "missing").exists()
