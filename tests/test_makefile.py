"""What the targets of the Makefile hand on."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]


@pytest.mark.parametrize("source", ['images:/a b/it\'s $HOME "here"', "webcam:1"])
def test_make_demo_hands_on_any_name_of_a_camera(source: str, tmp_path: Path) -> None:
    (tmp_path / "moodbox").write_text('#!/bin/sh\nprintf "%s\\n" "$@"\n')
    (tmp_path / "moodbox").chmod(0o755)
    words = ["make", "--silent", "--old-file=.venv/.demo", "demo", f"BIN={tmp_path}", f"CAMERA={source}"]
    made = subprocess.run(words, cwd=ROOT, capture_output=True, text=True, check=True)
    assert made.stdout.splitlines() == ["demo", "--camera", source]
