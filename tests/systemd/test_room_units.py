"""systemd's own tools read the units of the rooms; nothing is started here."""

from __future__ import annotations

import re
import shutil
import stat
import subprocess
from pathlib import Path

import pytest

from room.carrier import PORT
from tests.systemd.test_unit import NOT_INSTALLED, SYSTEMD, analyze, exposure_of

SOCKET = SYSTEMD / "moodbox-room.socket"
SNAPCAST = re.compile(
    r".*: Command /usr/bin/snap(server|client) is not executable: No such file or directory"
)


@pytest.fixture(params=["serves", "plays-along"])
def unit(request: pytest.FixtureRequest, tmp_path: Path) -> Path:
    """The service as one of the two ends."""
    unit = Path(shutil.copy(SYSTEMD / "moodbox-room.service", tmp_path))
    shutil.copy(SOCKET, tmp_path)
    drop_in = tmp_path / "moodbox-room.service.d" / "role.conf"
    drop_in.parent.mkdir()
    text = (SYSTEMD / f"moodbox-room-{request.param}.conf").read_text()
    drop_in.write_text(text.replace("@SERVER@", "kitchen.local"))
    return unit


def test_systemd_rates_the_exposure_of_each_end_as_low(unit: Path) -> None:
    assert exposure_of(unit) <= 1.0


def test_systemd_accepts_every_line_of_the_units(unit: Path) -> None:
    errors = analyze("verify", "--man=no", unit, unit.with_name(SOCKET.name)).stderr.splitlines()
    assert [line for line in errors if not NOT_INSTALLED.fullmatch(line)] == []


@pytest.mark.parametrize("program", ["snapserver", "snapclient"])
def test_systemd_accepts_what_is_changed_of_snapcasts_units(tmp_path: Path, program: str) -> None:
    unit = tmp_path / f"{program}.service"
    unit.write_text("[Service]\nExecStart=/bin/true\n")
    drop_in = tmp_path / f"{program}.service.d" / "moodbox.conf"
    drop_in.parent.mkdir()
    text = (SYSTEMD / f"{program}-rooms.conf").read_text()
    drop_in.write_text(text.replace("@SERVER@", "kitchen.local"))
    errors = analyze("verify", "--man=no", unit).stderr.splitlines()
    assert [line for line in errors if not SNAPCAST.fullmatch(line)] == []


@pytest.mark.parametrize("name", ["moodbox-room.service", "snapclient-rooms.conf", "snapserver-rooms.conf"])
def test_what_carries_presses_and_sound_is_tried_again_for_ever_with_a_pause(name: str) -> None:
    lines = (SYSTEMD / name).read_text().splitlines()
    assert {"Restart=always", "StartLimitIntervalSec=0"} <= set(lines)
    [pause] = [int(line.removeprefix("RestartSec=")) for line in lines if line.startswith("RestartSec=")]
    assert pause >= 2


def test_only_the_end_that_plays_along_has_a_network() -> None:
    serves, along = (
        (SYSTEMD / f"moodbox-room-{end}.conf").read_text().splitlines() for end in ("serves", "plays-along")
    )
    assert {"PrivateNetwork=yes", "IPAddressDeny=any"} <= set(serves)
    assert {"SocketBindDeny=any", "IPAddressDeny=any"} <= set(along)
    lines = SOCKET.read_text().splitlines()
    assert {"IPAddressDeny=any", f"ListenStream={PORT}"} <= set(lines)


def test_systemd_makes_the_pipe_that_mpd_writes_and_snapserver_reads(tmp_path: Path) -> None:
    (tmp_path / "etc").mkdir()
    (tmp_path / "etc" / "passwd").write_text("root:x:0:0::/:/bin/sh\nmpd:x:0:0::/:/bin/sh\n")
    (tmp_path / "etc" / "group").write_text("root:x:0:\n_snapserver:x:0:\n")
    file = SYSTEMD / "moodbox-rooms.tmpfiles.conf"
    subprocess.run(["systemd-tmpfiles", f"--root={tmp_path}", "--create", str(file)], check=True, timeout=60)
    mode = (tmp_path / "run" / "moodbox-rooms" / "music").stat().st_mode
    assert stat.S_ISFIFO(mode)
    assert stat.S_IMODE(mode) == 0o640
    assert stat.S_IMODE((tmp_path / "run" / "moodbox-rooms").stat().st_mode) == 0o755
