from __future__ import annotations

import re
from pathlib import Path
from time import CLOCK_BOOTTIME, clock_gettime, sleep

import pytest

from device.demo.server import PrivateMpd
from device.system.startup_times import StartupTimes
from tests.device.cli.commands import moodbox, running, status

HEAVY = ["cv2", "numpy", "sqlite3", "mpd", "device.system.power"]
FIRST_PIN = "gpiozero.pins.spi"  # every pin factory loads it for its first pin


def test_the_parts_add_up_to_the_time_since_the_process_began() -> None:
    startup = StartupTimes()
    startup.done("one")
    sleep(0.05)
    startup.done("another")
    began = clock_gettime(CLOCK_BOOTTIME) - sum(startup.parts.values())
    assert list(startup.parts) == ["one", "another"]
    assert startup.parts["another"] >= 0.05
    assert startup.boot_s <= began + 0.01
    assert re.match(r"\d+\.\d\d s \(one \d+\.\d\d, another \d+\.\d\d\), begun ", str(startup))


def test_log_and_status_have_the_time_of_each_part_of_the_start(
    settings_file: Path, library: PrivateMpd
) -> None:
    with running(settings_file) as box:
        parts = status(settings_file)["start"]
        table = moodbox("status", "--settings", settings_file).stdout
        box.terminate()
        log = box.communicate(timeout=60)[1]
    assert list(parts) == ["light", "player", "memory", "libraries", "librarian", "model", "rest"]
    assert "start: ready after " in log
    assert "librarian" not in table, "these names mean nothing to people"


@pytest.mark.parametrize("module", HEAVY)
def test_a_slow_module_is_loaded_after_the_first_light(order: dict[str, int], module: str) -> None:
    assert order[FIRST_PIN] < order[module]


@pytest.fixture(scope="module")
def order(tmp_path_factory: pytest.TempPathFactory) -> dict[str, int]:
    """The position of each module in the order of imports, from a whole run without MPD."""
    folder = tmp_path_factory.mktemp("start")
    file = folder / "moodbox.toml"
    file.write_text(
        f'[camera]\nsource = "images:{folder}"\n[music]\naddress = "{folder}/mpd.sock"\n'
        f'[service]\nsocket = "{folder}/control.sock"\nstate = "{folder}/state"\n'
    )
    imports = folder / "imports"
    to_file = ("sh", "-c", 'exec "$@" 2>"$0"', str(imports))  # a pipe cannot hold so much
    with running(file, *to_file, PYTHONPROFILEIMPORTTIME="1") as box:
        box.terminate()
        box.wait(timeout=60)
    names = re.findall(r"^import time: +\d+ \| +\d+ \| +(\S+)$", imports.read_text(), re.MULTILINE)
    return {name: place for place, name in reversed(list(enumerate(names)))}
