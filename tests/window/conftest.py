"""A window without a box, and one with the real box and a real MPD."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from device.config.settings import Settings
from device.demo.harness import Harness, harness_for
from device.demo.server import PrivateMpd
from tests.device.conftest import folder_with_songs, library, mpd, settings, settings_file, silence, sounding  # noqa: F401
from tests.window.serving import Client, Serving, serving


def pytest_ignore_collect(collection_path: Path, config: pytest.Config) -> bool | None:
    """Leave the tests with a browser out where none is wanted: to load Playwright takes half a second."""
    return (collection_path.name == "browser" and "not browser" in config.option.markexpr) or None


@pytest.fixture
def alone(tmp_path: Path) -> Iterator[Serving]:
    """A window whose box does not run."""
    with serving(tmp_path / "no-box.sock", tmp_path / "window") as window:
        yield window


@pytest.fixture
def box(settings: Settings, library: PrivateMpd) -> Iterator[Harness]:  # noqa: F811
    """A real box that has seen a happy face, and plays."""
    with harness_for(settings) as harness:
        assert harness.wait_for_decision(60)
        yield harness


@pytest.fixture
def window(box: Harness, settings: Settings, tmp_path: Path) -> Iterator[Serving]:  # noqa: F811
    """The window of this box."""
    with serving(settings.service.socket_path(), tmp_path / "window") as found:
        yield found


@pytest.fixture
def browser(window: Serving) -> Client:
    """A browser that is paired with this window."""
    return window.paired()
