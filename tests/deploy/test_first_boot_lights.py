"""The lights while a release is installed from a card, before its packages are there."""

from __future__ import annotations

import importlib
from pathlib import Path

import pytest

from tests.waiting import eventually


def panel_of(release: Path) -> Path:
    """Make an empty package in place of a release's own panel."""
    panel = release / "device/panel"
    panel.mkdir(parents=True)
    for folder in (panel, panel.parent):
        (folder / "__init__.py").touch()
    return panel


def test_the_installation_shows_itself_on_the_lights_before_its_packages_are_there(
    box: None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A module in place of the release's own writes down what it is asked to show."""
    lights = importlib.import_module("boot.lights")
    monkeypatch.setattr(lights, "OWN", tmp_path / "trigger")
    panel = panel_of(tmp_path)
    (panel / "progress.py").write_text(
        "import sys\nfrom pathlib import Path\n"
        "def main(settings):\n    for line in sys.stdin:\n"
        f"        with Path({str(tmp_path / 'seen')!r}).open('a') as seen: seen.write(line)\n"
    )
    (tmp_path / "trigger").write_text("none timer [actpwr] heartbeat\n")
    shown = lights.Lights(tmp_path, tmp_path / "settings.toml")
    shown.show("starting", "sad")
    assert (tmp_path / "trigger").read_text() == "heartbeat"
    shown.show("trouble")
    assert (tmp_path / "trigger").read_text() == "timer"
    eventually(
        lambda: (tmp_path / "seen").exists() and (tmp_path / "seen").read_text() == "starting sad\ntrouble \n"
    )
    shown.close()
    assert (tmp_path / "trigger").read_text() == "actpwr"


def test_lights_whose_pins_cannot_be_used_are_tried_again_at_the_next_step(
    box: None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """lgpio comes with the Debian packages, which are installed first."""
    lights = importlib.import_module("boot.lights")
    monkeypatch.setattr(lights, "OWN", tmp_path / "nowhere/trigger")
    panel = panel_of(tmp_path)
    (panel / "progress.py").write_text("def main(settings): raise RuntimeError\n")
    shown = lights.Lights(tmp_path, tmp_path / "settings.toml")
    shown.show("starting", "sad")
    shown._process.wait(60)
    (panel / "progress.py").write_text(
        f"import sys\ndef main(settings): open({str(tmp_path / 'seen')!r}, 'w').write(sys.stdin.readline())\n"
    )
    shown.show("starting", "neutral")
    eventually(
        lambda: (tmp_path / "seen").exists() and (tmp_path / "seen").read_text() == "starting neutral\n"
    )
    shown.close()


def test_lights_that_hang_do_not_end_the_installation(
    box: None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    lights = importlib.import_module("boot.lights")
    monkeypatch.setattr(lights, "OWN", tmp_path / "nowhere/trigger")
    monkeypatch.setattr(lights, "END_S", 0.1)
    panel = panel_of(tmp_path)
    (panel / "progress.py").write_text("import time\ndef main(settings): time.sleep(600)\n")
    shown = lights.Lights(tmp_path, tmp_path / "settings.toml")
    shown.show("starting", "sad")
    process = shown._process
    shown.close()
    assert process.wait(30) == -9
