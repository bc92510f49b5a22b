"""No picture leaves the box or is stored: strace records what it opens, creates and connects to."""

from __future__ import annotations

import re
from pathlib import Path

from device.config.settings import Settings
from device.demo.server import PrivateMpd
from tests.device.cli.commands import moodbox, running, status
from tests.waiting import eventually

CALLS = (
    "open,openat,openat2,creat,mkdir,mkdirat,rename,renameat,renameat2,link,linkat,memfd_create,connect,bind"
)
WRITES = re.compile(r'(?:open|openat|openat2|creat)\((?:AT_FDCWD, |\d+, )?"([^"]+)".*O_(?:WRONLY|RDWR|CREAT)')


def test_the_box_writes_only_its_memory_and_connects_only_to_mpd(
    settings_file: Path, settings: Settings, library: PrivateMpd, tmp_path: Path
) -> None:
    trace = tmp_path / "trace"
    with running(settings_file, "strace", "-D", "-f", "-qq", "-e", f"trace={CALLS}", "-o", str(trace)) as box:
        eventually(lambda: status(settings_file)["playing"] == "play", 60)
        moodbox("press", "--settings", settings_file)
        eventually(lambda: status(settings_file)["state"] == "mood", 60)
        box.terminate()
        box.wait(timeout=60)

    calls = [line for line in trace.read_text().splitlines() if " = -1 " not in line]
    picture_reads = [line for line in calls if str(settings.camera.source.removeprefix("images:")) in line]
    assert len(picture_reads) >= 2, "the trace must show both observations; otherwise it proves nothing"

    written = {found[1] for line in calls if (found := WRITES.search(line))}
    state = settings.service.state_path()
    allowed = {
        str(state / f"{name}.db{end}")
        for name in ("moodbox", "songs")
        for end in ("", "-wal", "-shm", "-journal")
    } | {"/dev/null"}
    assert written <= allowed, written - allowed
    assert str(state / "moodbox.db") in written

    other = [line for line in calls if re.search(r" (rename|link|memfd_create|mkdir)\w*\(", line)]
    assert all(str(state) in line for line in other), other
    sockets = {
        found[1] for line in calls if (found := re.search(r"(?:connect|bind)\(\d+, (.*?), \d+\)", line))
    }
    assert sockets == {
        f'{{sa_family=AF_UNIX, sun_path="{path}"}}' for path in (library.address, settings.service.socket)
    }
