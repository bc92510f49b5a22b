"""What the targets of the Makefile hand on."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]


@pytest.mark.parametrize(("variable", "option"), [("CAMERA", "--camera"), ("MODEL", "--model")])
@pytest.mark.parametrize("value", ['images:/a b/it\'s $HOME "here"', "webcam:1"])
def test_make_demo_hands_on_any_name(variable: str, option: str, value: str, tmp_path: Path) -> None:
    (tmp_path / "moodbox").write_text('#!/bin/sh\nprintf "%s\\n" "$@"\n')
    (tmp_path / "moodbox").chmod(0o755)
    words = ["make", "--silent", "--old-file=.venv/.demo", "demo", f"BIN={tmp_path}", f"{variable}={value}"]
    made = subprocess.run(words, cwd=ROOT, capture_output=True, text=True, check=True)
    assert made.stdout.splitlines() == ["demo", option, value]
