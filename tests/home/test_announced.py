"""Which broker has heard of the box, whatever is in the place of the file."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from device.config.home import Home
from home.announced import FILE, Announced

HOME = Home(broker="mqtt://broker.local")


def make_pipe(file: Path) -> None:
    os.mkfifo(file)


def make_folder(file: Path) -> None:
    file.mkdir()


def write_nested(file: Path) -> None:
    file.write_text('{"more": ' + "[" * 50_000)


@pytest.mark.parametrize("make", [make_pipe, make_folder, write_nested])
def test_what_is_no_such_file_counts_as_none_and_is_replaced(tmp_path: Path, make: object) -> None:
    assert callable(make)
    make(tmp_path / FILE)
    announced = Announced(tmp_path)
    assert announced.read() is None
    announced.write(HOME)
    assert Announced(tmp_path).read() == HOME
