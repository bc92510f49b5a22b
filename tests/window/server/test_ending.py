"""The server sleeps until something happens, and ends at once when it is told to."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.window.serving import Client, serving
from window.server import ending


def test_it_is_woken_for_its_end_however_long_it_would_sleep(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(ending, "TICK_S", 3600.0)
    with serving(tmp_path / "no.sock", tmp_path) as served:
        assert Client(served.port).get("/pair").status == 200
