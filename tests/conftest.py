"""Hypothesis' profiles, which tests run in the same worker, and which need not run on a second Python."""

from __future__ import annotations

import re
import signal
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings
from xdist.remote import Producer
from xdist.scheduler import LoadScopeScheduling
from xdist.workermanage import WorkerController

# Where a script runs the tests in the background, Ctrl-C is ignored, also by the programs that they start,
# and bash cannot undo that.
if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)

# No test asserts a time, so hypothesis must not either. The check of a change tries the same examples each
# time, so that chance does not refuse it.
settings.register_profile(
    "moodbox", deadline=None, database=None, derandomize=True, suppress_health_check=[HealthCheck.too_slow]
)
# For `make fuzz`, which runs the tests that are marked `fuzz`, each time with other examples.
settings.register_profile("fuzz", settings.get_profile("moodbox"), derandomize=False, max_examples=100_000)
settings.load_profile("moodbox")


@pytest.fixture(autouse=True)
def own_signals() -> Iterator[None]:
    """A command in the tests' process changes its signals for its test alone: later programs inherit them."""
    before = {number: signal.getsignal(number) for number in (signal.SIGHUP, signal.SIGINT, signal.SIGTERM)}
    yield
    for number, handler in before.items():
        signal.signal(number, handler)


TENSORFLOW = ("tests/converter/", "tests/models/")
"""The folders of all tests that need TensorFlow: `device` never imports `converter`."""

WITH_MPD_ONCE = ("tests/device/box/", "tests/device/playback/", "tests/device/mpd/", "tests/device/library/")
"""Folders whose tests with a running MPD are about what the box and MPD do together, in pure Python.

That is most of the suite's time, and the same on every Python. What may differ still runs on a second
Python: all tests without MPD (numpy, TFLite, sqlite3, tomllib, msgspec, asyncio), and the whole box at a
real MPD, in tests/device/cli, in the files of tests/device itself, and in tests/window and tests/home.
"""


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add the option that `make test-python313` gives."""
    parser.addoption(
        "--second-python",
        action="store_true",
        help="leave out what is the same on every Python: WITH_MPD_ONCE in tests/conftest.py",
    )


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Leave out what a second Python need not repeat, and have pytest count it as deselected."""
    if not config.getoption("--second-python"):
        return
    if gone := [folder for folder in WITH_MPD_ONCE if not (config.rootpath / folder).is_dir()]:
        raise pytest.UsageError(f"tests/conftest.py: WITH_MPD_ONCE names {gone[0]}, which is no folder")
    repeated = [
        item
        for item in items
        if item.nodeid.startswith(WITH_MPD_ONCE) and "mpd" in getattr(item, "fixturenames", ())
    ]
    config.hook.pytest_deselected(items=repeated)
    items[:] = [item for item in items if item not in repeated]


@cache
def _is_shared(file: str) -> bool:
    """Tell whether the tests of a file share what each worker would have to make for itself."""
    text = Path(__file__).parents[1].joinpath(file).read_text(encoding="utf-8")
    return re.search(r'scope="module"|^@functools\.cache', text, re.MULTILINE) is not None


class Distribution(LoadScopeScheduling):  # type: ignore[misc]  # it has no types
    """Sends the tests that need TensorFlow to one worker, and every other test to the next that is free.

    The tests of a file that share a module's fixture stay together, too. The largest group is sent first, so
    that it does not run alone at the end. pytest-xdist has a mark for groups, `xdist_group`, but ignores it
    with pytest 9.2 (pytest-xdist #1386): then each worker trains the networks that the tests of the converter
    share.
    """

    def _split_scope(self, nodeid: str) -> str:
        if nodeid.startswith(TENSORFLOW):
            return "tensorflow"
        file = nodeid.partition("::")[0]
        return file if _is_shared(file) else nodeid


@pytest.hookimpl(optionalhook=True)
def pytest_testnodedown(node: WorkerController, error: object | None) -> None:
    """Have the run fail where a worker has ended by itself.

    pytest-xdist reports only the test that it ran. If it has ended before, as for want of memory, the others
    stop without a test, and the run counts as passed.
    """
    if error:
        node.config.pluginmanager.getplugin("session").testsfailed += 1


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Producer) -> Distribution | None:
    """Let tests that share something expensive run in one worker, unless `--dist` asks for another way."""
    return Distribution(config, log) if config.getvalue("dist") == "load" else None
